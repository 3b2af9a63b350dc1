//! Nothing of a secret is said.

use byline_grpc::pb;
use byline_persistence::testing::count;

use super::verify;
use super::{PASSWORD, to_set};
use crate::support::{Server, World, eventually, reason};
use byline_grpc::pb::credential_service_client::CredentialServiceClient;

const FIRST: &str = "1:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const BOTH: &str = "2:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210,\
    1:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const SECOND: &str = "2:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

#[tokio::test]
async fn no_password_and_no_hash_is_logged_or_told() {
    let pepper = ["--password-pepper", FIRST, "--log", "debug"];
    let world = World::with(&pepper).await;
    let ada = world.user("ada@example.com").await;
    let mut told = Vec::new();
    let mut note = |status: tonic::Status| told.push(format!("{status:?}"));
    let canary = "canary canary canary";
    world.set(to_set(&ada, canary)).await.unwrap();
    world.verify(&ada.id, canary).await.unwrap();
    note(
        world
            .verify(&ada.id, "canary of another kind")
            .await
            .unwrap_err(),
    );
    note(world.verify("canary", canary).await.unwrap_err());
    note(world.set(to_set(&ada, "canary\u{7}")).await.unwrap_err());
    note(
        world
            .set(to_set(&ada, &"canary".repeat(200)))
            .await
            .unwrap_err(),
    );
    let wrong = pb::SetPasswordRequest {
        current_password: Some("canary".to_owned()),
        request_id: "x".to_owned(),
        ..to_set(&ada, canary)
    };
    note(world.set(wrong.clone()).await.unwrap_err());
    note(world.import(&ada, "$2b$12$canary").await.unwrap_err());
    note(
        world
            .import(
                &ada,
                "$argon2id$v=19$m=99999999,t=1,p=1$Y2FuYXJ5Y2FuYXJ5$Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5",
            )
            .await
            .unwrap_err(),
    );
    for shown in [
        format!("{wrong:?}"),
        format!(
            "{:?}",
            pb::VerifyPasswordRequest {
                password: canary.to_owned(),
                ..pb::VerifyPasswordRequest::default()
            }
        ),
    ] {
        told.push(shown);
    }
    eventually("all are logged", || async {
        world.server.log().matches("SetPassword").count() >= 4
    })
    .await;
    told.push(world.server.log());
    for text in &told {
        let text = text.to_lowercase();
        for secret in ["canary", "y2fuyxj5", "0123456789abcdef"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let log = world.server.log();
    assert!(!log.contains("$argon2id"), "{log}");
    assert!(!log.contains("no --password-pepper"));
    let without = World::new().await;
    let warned = without.server.log().matches("no --password-pepper").count();
    assert_eq!(warned, 1);
}

#[tokio::test]
async fn a_pepper_is_replaced_without_anybody_noticing() {
    let world = World::with(&["--password-pepper", FIRST]).await;
    let ada = world.user_with_password("ada@example.com").await;
    let mut connection = world.database.connection().await;
    let by = async |pepper: &str| {
        let server = Server::serve(
            &world.database.service_url(),
            &["--password-pepper", pepper],
        )
        .await;
        let credentials = CredentialServiceClient::new(server.channel().await);
        verify(&credentials, &ada.id, PASSWORD).await
    };
    let unknown = by(SECOND).await.unwrap_err();
    assert_eq!(reason(&unknown), "PASSWORD_NOT_VERIFIED");
    by(BOTH).await.unwrap();
    by(SECOND).await.unwrap();
    let second = "select count(*) from credentials where pepper_version = 2";
    assert_eq!(count(&mut connection, second).await, 1);
}
