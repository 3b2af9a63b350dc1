//! Certificates that are replaced while the server runs.

use byline_persistence::testing::TestDatabase;
use rcgen::SanType;

use super::certificates::{Ca, Client, Folder};
use super::check_health;
use crate::support::{Server, eventually};

#[tokio::test]
async fn new_certificates_are_taken_without_a_restart() {
    let database = TestDatabase::new().await;
    let (old, old_clients) = (Ca::new(), Ca::new());
    let folder = Folder::new(&old.server());
    folder.replace("ca.pem", &old_clients.pem());
    let options = folder.options();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let server = Server::serve(&database.service_url(), &options).await;
    let name = || SanType::DnsName("web.example.org".try_into().unwrap());
    let old_client = Client::of(&old).showing(&old_clients.client(name()));
    let channel = old_client.channel(server.address).await.unwrap();
    check_health(channel.clone()).await.unwrap();

    let (new, new_clients) = (Ca::new(), Ca::new());
    let issued = new.server();
    folder.replace("cert.pem", &issued.certificate.pem());
    folder.replace("key.pem", &issued.key.serialize_pem());
    folder.replace("ca.pem", &new_clients.pem());
    let new_client = Client::of(&new).showing(&new_clients.client(name()));
    eventually("the new ones are taken", || {
        new_client.is_served(server.address)
    })
    .await;
    assert!(!old_client.is_served(server.address).await);
    let another = Client::of(&new).showing(&old_clients.client(name()));
    assert!(!another.is_served(server.address).await);
    // It is still the connection of then.
    check_health(channel.clone()).await.unwrap();

    folder.replace("key.pem", "no key");
    let told = "\"level\":\"ERROR\"";
    eventually("it is told", async || server.log().contains(told)).await;
    assert!(new_client.is_served(server.address).await);

    // The files are replaced by a link to others, as Kubernetes does; and are right again.
    let newest = Ca::new();
    let beside = Folder::new(&newest.server());
    for file in ["cert.pem", "key.pem"] {
        std::fs::remove_file(folder.path(file)).unwrap();
        std::os::unix::fs::symlink(beside.path(file), folder.path(file)).unwrap();
    }
    let newest_client = Client::of(&newest).showing(&new_clients.client(name()));
    eventually("it is mended", || newest_client.is_served(server.address)).await;
    check_health(channel).await.unwrap();

    let log = server.log();
    assert_eq!(
        log.matches(told).count(),
        1,
        "what is wrong is told once: {log}"
    );
    assert!(
        log.contains("key.pem: there is no private key in it"),
        "{log}"
    );
    assert_eq!(
        log.matches("new certificates were taken").count(),
        2,
        "{log}"
    );
}
