//! Whose an event is, and of when.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use byline_domain::access::ApiKey;
use byline_grpc::pb;
use byline_grpc::pb::credential_service_client::CredentialServiceClient;
use byline_grpc::pb::transfer_service_client::TransferServiceClient;
use byline_grpc::pb::user_service_client::UserServiceClient;
use prost::Message;
use prost_types::FileDescriptorSet;
use rcgen::SanType;
use tokio_stream::iter;
use tonic::transport::Channel;

use super::deeds;
use crate::access::tokens::Key;
use crate::access::{key, with_token};
use crate::changes::{contents, create_user, every, request_id};
use crate::imports;
use crate::support::{Server, World};
use crate::transport::certificates::{Ca, Client, Folder};

const ALL_CHANGES: &str =
    "users.write,posts.write,credentials.verify,credentials.write,trash.purge,transfer";

/// What another program made of `U*U`.
const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

/// The methods of the contract that change something: what does not says so by its name.
fn changing() -> BTreeSet<String> {
    let reads = [
        "Get", "BatchGet", "List", "Search", "Count", "Export", "Verify",
    ];
    let contract = FileDescriptorSet::decode(pb::FILE_DESCRIPTOR_SET).unwrap();
    let services = contract.file.iter().flat_map(|file| &file.service);
    let methods = services.flat_map(|service| {
        let methods = service.method.iter();
        let methods = methods.filter(|method| {
            let name = method.name();
            !reads.iter().any(|read| name.starts_with(read))
        });
        methods
            .map(|method| format!("{}/{}", service.name(), method.name()))
            .collect::<Vec<_>>()
    });
    methods.collect()
}

/// A caller: the name in the log, and the token.
struct Known {
    name: &'static str,
    token: String,
}

/// A server that knows two callers, over the database of another that knows none.
struct Guarded {
    world: World,
    server: Server,
    channel: Channel,
    callers: [Known; 2],
}

impl Guarded {
    async fn over(world: World) -> Self {
        let web = Known {
            name: "key:web",
            token: key(
                &world.database,
                "web",
                [1; ApiKey::RANDOM_BYTES],
                ALL_CHANGES,
            )
            .await,
        };
        let job = Known {
            name: "key:nightly job",
            token: key(
                &world.database,
                "nightly job",
                [2; ApiKey::RANDOM_BYTES],
                ALL_CHANGES,
            )
            .await,
        };
        let url = world.database.service_url();
        let server = Server::serve(&url, &["--auth", "keys"]).await;
        Self {
            channel: server.channel().await,
            callers: [web, job],
            world,
            server,
        }
    }

    /// The events that were not there before, which are left by one call of that caller to that
    /// method, since then.
    async fn left(
        &self,
        before: &[pb::AuditEvent],
        (method, caller): (&str, &Known),
        began: SystemTime,
    ) -> Vec<pb::AuditEvent> {
        let ended = SystemTime::now();
        let mut events = self.world.events("").await;
        assert_eq!(events[events.len() - before.len()..], *before);
        events.truncate(events.len() - before.len());
        assert!(!events.is_empty(), "{method} leaves no event");
        for event in &events {
            let origin = (event.method.as_str(), event.caller.as_str());
            assert_eq!(origin, (method, caller.name));
            assert_eq!(event.peer, "127.0.0.1");
            assert_eq!(event.request_id, events[0].request_id);
            assert!(!event.resource_id.is_empty(), "{event:?}");
            let one_line = self.server.log();
            let is_logged = one_line.contains(&event.request_id);
            assert!(is_logged && !event.request_id.is_empty(), "{event:?}");
            let at: SystemTime = event.occurred_at.unwrap().try_into().unwrap();
            // It is kept to the microsecond.
            let is_of_then = at + Duration::from_micros(1) > began && at <= ended;
            assert!(is_of_then, "not {began:?} to {ended:?}: {event:?}");
        }
        events
    }
}

#[tokio::test]
async fn every_method_that_changes_something_leaves_its_events_and_once() {
    let world = World::new().await;
    let every = every(&world, "a").await;
    let author = world.user("b-author@example.com").await;
    let guarded = Guarded::over(world).await;
    let (world, channel) = (&guarded.world, &guarded.channel);
    for event in world.events("").await {
        assert_eq!(event.caller, "anybody", "{event:?}");
    }
    let mut seen = BTreeSet::new();
    for (number, change) in every.iter().enumerate() {
        let method = change.path.strip_prefix("/byline.v1.").unwrap();
        let caller = &guarded.callers[number % 2];
        let change = change.with_token(&caller.token);
        let before = world.events("").await;
        change.try_out(channel, "").await.unwrap();
        assert_eq!(world.events("").await, before, "{method} that is tried");

        let id = request_id(number);
        let began = SystemTime::now();
        change.send(channel, &id).await.unwrap();
        guarded.left(&before, (method, caller), began).await;
        let after = world.events("").await;
        change.send(channel, &id).await.unwrap();
        assert_eq!(world.events("").await, after, "{method} that is sent again");
        seen.insert(method.to_owned());
    }
    seen.extend(import(&guarded, &author).await);
    assert_eq!(seen, changing(), "a method is missing here");
}

/// Imports something by every method that does, and answers which these are.
async fn import(guarded: &Guarded, author: &pb::User) -> [String; 2] {
    let [web, job] = &guarded.callers;
    let mut transfers = TransferServiceClient::new(guarded.channel.clone());
    let users = pb::ImportUsersRequest {
        settings: Some(imports::settings()),
        users: vec![imports::user("imported@example.com")],
    };
    let posts = pb::ImportPostsRequest {
        settings: Some(imports::settings()),
        posts: vec![pb::Post {
            title: "Imported".into(),
            author_id: author.id.clone(),
            ..pb::Post::default()
        }],
    };
    let before = guarded.world.events("").await;
    let began = SystemTime::now();
    let users = with_token(iter([users]), &web.token);
    transfers.import_users(users).await.unwrap();
    let call = ("TransferService/ImportUsers", web);
    let of_users = guarded.left(&before, call, began).await;

    let before = guarded.world.events("").await;
    let began = SystemTime::now();
    let posts = with_token(iter([posts]), &job.token);
    transfers.import_posts(posts).await.unwrap();
    let call = ("TransferService/ImportPosts", job);
    let of_posts = guarded.left(&before, call, began).await;

    [(of_users, "user.created"), (of_posts, "post.created")].map(|(events, action)| {
        let [event] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(event.action, action);
        assert!(event.count.is_none());
        event.method.clone()
    })
}

/// To make the hash of another program anew is to change no password.
#[tokio::test]
async fn a_password_that_is_set_is_the_callers_and_one_that_is_verified_leaves_no_event() {
    let world = World::new().await;
    let (ada, alan) = (
        world.user("ada@example.com").await,
        world.user("alan@example.com").await,
    );
    let guarded = Guarded::over(world).await;
    let world = &guarded.world;
    let [web, job] = &guarded.callers;
    let mut credentials = CredentialServiceClient::new(guarded.channel.clone());
    let before = world.events("").await;
    let began = SystemTime::now();
    let set = pb::SetPasswordRequest {
        user_id: ada.id.clone(),
        new_password: "correct horse battery".into(),
        ..pb::SetPasswordRequest::default()
    };
    let set = with_token(set, &web.token);
    credentials.set_password(set).await.unwrap();
    let call = ("CredentialService/SetPassword", web);
    let left = guarded.left(&before, call, began).await;
    assert_eq!(deeds(&left), [("user.password_set", &*ada.id)]);

    let before = world.events("").await;
    let began = SystemTime::now();
    let import = pb::ImportPasswordHashRequest {
        user_id: alan.id.clone(),
        hash: BCRYPT.into(),
        ..pb::ImportPasswordHashRequest::default()
    };
    let import = with_token(import, &web.token);
    credentials.import_password_hash(import).await.unwrap();
    let call = ("CredentialService/ImportPasswordHash", web);
    let left = guarded.left(&before, call, began).await;
    assert_eq!(deeds(&left), [("user.password_imported", &*alan.id)]);

    let before = world.events("").await;
    let kept = contents(&world.database).await;
    for (whose, password, is_right) in [
        (&ada, "correct horse battery", true),
        (&ada, "wrong horse battery", false),
        (&alan, "U*U", true),
    ] {
        let verify = pb::VerifyPasswordRequest {
            key: Some(pb::verify_password_request::Key::Id(whose.id.clone())),
            password: password.into(),
        };
        let verify = with_token(verify, &job.token);
        let verified = credentials.verify_password(verify).await;
        assert_eq!(verified.is_ok(), is_right, "{verified:?}");
    }
    assert_eq!(world.events("").await, before);
    assert_ne!(contents(&world.database).await, kept, "it is made anew");
}

#[tokio::test]
async fn callers_are_told_as_they_are_known_by_a_token_or_a_certificate() {
    let world = World::new().await;
    let (ca, issuer) = (Ca::new(), Key::new("first"));
    let folder = Folder::new(&ca.server());
    folder.replace("ca.pem", &ca.pem());
    folder.replace("jwks.json", &issuer.set());
    let (jwks, secured) = (folder.path("jwks.json"), folder.options());
    let mut options: Vec<_> = secured.iter().map(String::as_str).collect();
    options.extend(["--auth", "jwt,mtls", "--jwks", jwks.to_str().unwrap()]);
    options.extend([
        "--jwt-issuer",
        "https://issuer.example",
        "--jwt-audience",
        "byline",
    ]);
    options.extend(["--mtls-grant", "spiffe://example.org/job=users.write"]);
    let server = Server::serve(&world.database.service_url(), &options).await;
    let name = SanType::URI("spiffe://example.org/job".try_into().unwrap());
    let job = Client::of(&ca).showing(&ca.client(name));
    let channel = job.channel(server.address).await.unwrap();

    let by_certificate = create_user("certificate@example.com");
    by_certificate.send(&channel, "").await.unwrap();
    // Over a connection of somebody else's.
    let by_token = create_user("token@example.com").with_token(&issuer.token("users.write", 60));
    by_token.send(&channel, "").await.unwrap();
    let mut users = UserServiceClient::new(channel.clone());
    let refused = users
        .create_user(with_token(
            pb::CreateUserRequest::default(),
            &issuer.token("users.read", 60),
        ))
        .await;
    refused.unwrap_err();
    let events = world.events("").await;
    let callers: Vec<_> = events.iter().map(|event| &*event.caller).collect();
    assert_eq!(callers, ["jwt:web", "mtls:spiffe://example.org/job"]);
}
