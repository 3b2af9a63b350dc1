//! Importing hashes of other programs.

use byline_grpc::pb;
use byline_persistence::testing::count;
use tonic::Code;

use super::{PASSWORD, to_set};
use crate::errors::shown;
use crate::support::{World, cost, reason, violations};

/// Of "U*U", and of "U*U*".
const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const OTHER: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK";

const MADE_ANEW: &str = "select count(*) from credentials
    where hash like '$argon2id$v=19$m=19456,t=2,p=1$%' and not is_imported";

#[tokio::test]
async fn what_another_program_hashed_is_verified_and_hashed_anew_at_the_first_success() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    world.import(&ada, OTHER).await.unwrap();
    // The last that is imported counts.
    world.import(&ada, BCRYPT).await.unwrap();
    assert!(world.verify(&ada.id, "U*U*").await.is_err());
    let mut connection = world.database.connection().await;
    assert_eq!(count(&mut connection, MADE_ANEW).await, 0);
    let first = world.verify(&ada.id, "U*U").await.unwrap();
    assert_eq!(cost(&first), 6, "and begin, replace and commit");
    assert_eq!(first.into_inner().user, Some(ada.clone()));
    assert_eq!(count(&mut connection, MADE_ANEW).await, 1);
    let second = world.verify(&ada.id, "U*U").await.unwrap();
    assert_eq!(cost(&second), 3);
}

#[tokio::test]
async fn an_import_that_is_run_again_brings_no_old_password_back() {
    let world = World::new().await;
    let (ada, alan) = (
        world.user("ada@example.com").await,
        world.user("alan@example.com").await,
    );
    world.import(&ada, BCRYPT).await.unwrap();
    world.set(to_set(&ada, PASSWORD)).await.unwrap();
    world.import(&alan, BCRYPT).await.unwrap();
    world.verify(&alan.id, "U*U").await.unwrap();
    for (user, password) in [(&ada, PASSWORD), (&alan, "U*U")] {
        let status = world.import(user, BCRYPT).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status), "PASSWORD_ALREADY_SET");
        assert!(world.verify(&user.id, password).await.is_ok());
    }
    let deleted = world.delete_user(&ada.id).await;
    let status = world.import(&deleted, BCRYPT).await.unwrap_err();
    assert_eq!(reason(&status), "USER_IN_TRASH");
}

#[tokio::test]
async fn what_is_no_hash_is_refused_without_repeating_it() {
    let world = World::new().await;
    let ada = world.user("ada@example.com").await;
    for (hash, expected) in [
        ("hunter2hunter2", "MALFORMED"),
        ("$1$saltsalt$hunter2hunter2hunter2x", "UNKNOWN"),
        (&BCRYPT.replace("$05$", "$31$"), "OUT_OF_RANGE"),
        ("", "REQUIRED"),
    ] {
        let status = world.import(&ada, hash).await.unwrap_err();
        assert_eq!(
            violations(&status),
            [("hash".to_owned(), expected.to_owned())]
        );
        assert!(!status.message().contains("hunter2"), "{status:?}");
    }
    let request = pb::ImportPasswordHashRequest {
        user_id: "x".to_owned(),
        hash: "$argon2id$v=19$m=9999999,t=0,p=99$c2FsdA$ZGlnZXN0".to_owned(),
        ..pb::ImportPasswordHashRequest::default()
    };
    let status = world
        .credentials
        .clone()
        .import_password_hash(request)
        .await;
    insta::assert_snapshot!("bad_password_hash", shown(&status.unwrap_err()));
}
