//! What no event holds.

use byline_grpc::pb;
use byline_grpc::pb::credential_service_client::CredentialServiceClient;
use byline_persistence::testing::{count, rows};
use tonic::Code;

use super::renamed;
use crate::access::tokens::Key;
use crate::access::{key, with_token};
use crate::changes::every;
use crate::imports;
use crate::leaks::hash;
use crate::leaks::marks::{Bound, KEY, PASSWORD, found};
use crate::support::{Server, World};

/// Nothing that a caller says of users and posts may be found in the log.
#[tokio::test]
async fn no_event_holds_what_users_and_posts_are_called_or_say() {
    let mut world = World::new().await;
    let ada = pb::User {
        name: Some("Canary".into()),
        role: "canary".into(),
        ..pb::User::default()
    };
    let ada = world.user_like("canary@canary.example", ada).await;
    let says = Some("canary".to_owned());
    let post = world.post_saying(&ada, "The canary", says).await;
    for change in every(&world, "canary").await {
        let channel = world.server.channel().await;
        change.send(&channel, "").await.unwrap();
    }
    let update = pb::UpdatePostRequest {
        post: Some(pb::Post {
            id: post.id.clone(),
            title: "Another canary".into(),
            content: Some("says canary".into()),
            ..pb::Post::default()
        }),
        ..pb::UpdatePostRequest::default()
    };
    world.posts.update_post(update).await.unwrap();
    let refused = world.users.update_user(renamed(&post.id, "canary")).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    imports::users(
        &world,
        imports::settings(),
        &[pb::User {
            email: "canary-2@canary.example".into(),
            ..pb::User::default()
        }],
    )
    .await;
    let mut beside = world.database.connection().await;
    let all =
        "select count(*) from (select from audit_events union all select from audit_batches) kept";
    assert!(count(&mut beside, all).await > 20);
    let found = "select count(*) from (
            select audit_events::text as row from audit_events
            union all select audit_batches::text from audit_batches
        ) kept where row ilike '%canary%' or row like '%@%'";
    assert_eq!(count(&mut beside, found).await, 0);
    // Else it would be found nowhere.
    let told = "select count(*) from users where users::text ilike '%canary%'";
    assert!(count(&mut beside, told).await > 10);
}

/// The calls leave events, and tokens, passwords and hashes come with them.
#[tokio::test]
async fn no_event_holds_a_password_a_hash_or_a_token() {
    let world = World::new().await;
    let (ada, alan) = (
        world.user("ada@example.com").await,
        world.user("alan@example.com").await,
    );
    let random = [b"00000001", KEY.as_bytes()].concat();
    let scopes = "credentials.write,credentials.verify";
    let by_key = key(&world.database, "web", random.try_into().unwrap(), scopes).await;
    let (folder, issuer) = (tempfile::tempdir().unwrap(), Key::new("first"));
    let jwks = folder.path().join("jwks.json");
    std::fs::write(&jwks, issuer.set()).unwrap();
    let by_token = issuer.token("credentials.write", 60);
    let options = [
        &["--auth", "keys,jwt", "--jwks", jwks.to_str().unwrap()][..],
        &["--jwt-issuer", "https://issuer.example"],
        &["--jwt-audience", "byline"],
    ];
    let url = world.database.service_url();
    let server = Server::serve(&url, &options.concat()).await;
    let mut credentials = CredentialServiceClient::new(server.channel().await);

    let changed = format!("{PASSWORD} changed");
    for (current, new) in [(None, PASSWORD), (Some(PASSWORD), &*changed)] {
        let set = pb::SetPasswordRequest {
            user_id: ada.id.clone(),
            current_password: current.map(str::to_owned),
            new_password: new.to_owned(),
            ..pb::SetPasswordRequest::default()
        };
        let set = with_token(set, &by_key);
        credentials.set_password(set).await.unwrap();
    }
    let verify = pb::VerifyPasswordRequest {
        key: Some(pb::verify_password_request::Key::Id(ada.id.clone())),
        password: changed,
    };
    let verify = with_token(verify, &by_key);
    credentials.verify_password(verify).await.unwrap();
    let import = pb::ImportPasswordHashRequest {
        user_id: alan.id.clone(),
        hash: hash(),
        ..pb::ImportPasswordHashRequest::default()
    };
    let import = with_token(import, &by_token);
    credentials.import_password_hash(import).await.unwrap();

    let events = world.events("method : CredentialService").await;
    let callers: Vec<_> = events.iter().map(|event| &*event.caller).collect();
    assert_eq!(callers, ["jwt:web", "key:web", "key:web"]);
    let mut beside = world.database.connection().await;
    let all = "select audit_events::text from audit_events";
    let all = rows(&mut beside, all).await.join("\n");
    assert_eq!(found(all.as_bytes(), Bound::Secret), None);
    for part in by_token.split('.') {
        assert!(!all.contains(part), "{part} of the token");
    }
    let hashes = rows(&mut beside, "select hash from credentials").await;
    // Else it would be found nowhere.
    let hashes = hashes.join("\n");
    assert!(found(hashes.as_bytes(), Bound::Secret).is_some());
    for part in hashes.split(['$', '\n']).filter(|part| part.len() > 3) {
        assert!(!all.contains(part), "{part} of a hash");
    }
}
