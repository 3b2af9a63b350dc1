//! Whoever cannot be verified is told the same.

use byline_grpc::pb;
use byline_persistence::testing::execute;
use tonic::{Code, Status};

use super::{PASSWORD, verify};
use crate::errors::shown;
use crate::support::{World, violations};

/// A name for each case, whose it is said to be, and what was typed.
pub(super) type Case = (&'static str, String, &'static str);

impl World {
    /// One of each kind who cannot be verified.
    pub(super) async fn who_cannot_be_verified(&self) -> Vec<Case> {
        let wrong = self.user_with_password("wrong@example.com").await;
        let without = self.user("without@example.com").await;
        let inactive = self.user_with_password("inactive@example.com").await;
        let off = pb::UpdateUserRequest {
            user: Some(pb::User {
                id: inactive.id.clone(),
                is_active: Some(false),
                ..pb::User::default()
            }),
            ..pb::UpdateUserRequest::default()
        };
        self.users.clone().update_user(off).await.unwrap();
        let deleted = self.user_with_password("deleted@example.com").await;
        self.delete_user(&deleted.id).await;
        let waiting = self.user_with_password("waiting@example.com").await;
        for _ in 0..6 {
            let _ = self.verify(&waiting.id, "not this one").await;
        }
        // For as long as the test takes.
        let mut connection = self.database.connection().await;
        execute(
            &mut connection,
            "update throttles set waits_until = now() + interval '1 hour',
                forgotten_at = now() + interval '2 hours' where failures = 6",
        )
        .await;
        let email = |name: &str| format!("{name}@example.com");
        vec![
            ("wrong", wrong.id, "not this one"),
            ("wrong by address", email("wrong"), "not this one"),
            ("without a password", without.id, PASSWORD),
            ("inactive", inactive.id, PASSWORD),
            ("inactive by address", email("inactive"), PASSWORD),
            ("in the trash", deleted.id, PASSWORD),
            ("in the trash by address", email("deleted"), PASSWORD),
            ("waiting", waiting.id, PASSWORD),
            ("waiting by address", email("waiting"), PASSWORD),
            (
                "nobody",
                "00000000-0000-4000-8000-000000000001".to_owned(),
                PASSWORD,
            ),
            ("nobody by address", email("nobody"), PASSWORD),
        ]
    }
}

/// All that a caller is told, but for what differs from call to call.
fn told(status: &Status) -> (Code, String, Vec<u8>, Vec<(String, String)>) {
    let mut metadata: Vec<_> = status
        .metadata()
        .clone()
        .into_headers()
        .iter()
        .filter(|(name, _)| *name != "x-request-id" && *name != "date")
        .map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect();
    metadata.sort();
    (
        status.code(),
        status.message().to_owned(),
        status.details().to_vec(),
        metadata,
    )
}

#[tokio::test]
async fn whoever_cannot_be_verified_is_told_the_same_to_the_last_trailer() {
    let world = World::new().await;
    let cases = world.who_cannot_be_verified().await;
    let mut first = None;
    for (case, whose, password) in &cases {
        let status = verify(&world.credentials, whose, password)
            .await
            .unwrap_err();
        let told = told(&status);
        let queries = ("byline-db-queries".to_owned(), "\"2\"".to_owned());
        assert!(told.3.contains(&queries), "{case}: {:?}", told.3);
        match &first {
            None => {
                insta::assert_snapshot!("password_not_verified", shown(&status));
                first = Some(told);
            }
            Some(first) => assert_eq!(told, *first, "{case}"),
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_password_or_a_key_is_told_as_ever() {
    let world = World::new().await;
    for (whose, password, expected) in [
        ("x", PASSWORD, ("id", "MALFORMED")),
        ("a@b@c", PASSWORD, ("email", "MALFORMED")),
        ("a@b.c", "", ("password", "REQUIRED")),
        ("a@b.c", &"x".repeat(1_025), ("password", "TOO_LONG")),
    ] {
        let status = world.verify(whose, password).await.unwrap_err();
        let expected = [(expected.0.to_owned(), expected.1.to_owned())];
        assert_eq!(violations(&status), expected);
    }
    let without = pb::VerifyPasswordRequest::default();
    let status = world.credentials.clone().verify_password(without).await;
    assert_eq!(violations(&status.unwrap_err()).len(), 2);
}
