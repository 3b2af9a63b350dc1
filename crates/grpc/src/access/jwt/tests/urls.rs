//! Key sets at URLs: how they change, and what happens when they cannot be read.

use std::process::Stdio;

use futures_util::FutureExt;
use futures_util::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::process::Command;

use super::server::{Answer, Server};
use super::*;

/// One that reads often, in the time that tests have.
fn fast() -> Pace {
    Pace {
        every: Duration::from_millis(5),
        after_failure: Duration::from_millis(5),
        on_demand: Some(Duration::ZERO),
        wait: Duration::from_secs(20),
        time_out: Duration::from_secs(20),
    }
}

/// One that reads only when a token asks for it.
fn on_demand() -> Pace {
    Pace {
        every: Duration::from_hours(1),
        after_failure: Duration::from_hours(1),
        ..fast()
    }
}

/// One that reads at the start alone.
fn once() -> Pace {
    Pace {
        on_demand: None,
        ..fast()
    }
}

async fn start(url: JwksSource, pace: Pace) -> Arc<JwtVerifier> {
    let verifier = JwtVerifier::start_at(settings(url), at(NOON), pace).await;
    Arc::new(verifier.unwrap())
}

async fn following(server: &Server, pace: Pace) -> Arc<JwtVerifier> {
    let verifier = start(server.url(), pace).await;
    let follower = verifier.clone();
    tokio::spawn(async move { follower.follow().await });
    verifier
}

fn unavailable(answer: Result<Caller, Refusal>) -> String {
    match answer {
        Err(Refusal::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn keys_of_a_url_are_replaced_without_a_restart() {
    let (old, new) = (SigningKey::es256("old"), SigningKey::es256("new"));
    let server = Server::start(set(&[&old])).await;
    let verifier = following(&server, fast()).await;
    assert!(verifier.verify(&old.token(&claims())).await.is_ok());
    server.answers(set(&[&new]));
    let token = new.token(&claims());
    eventually("the new key is known", async || {
        verifier.verify(&token).await.is_ok()
    })
    .await;
    let answer = verifier.verify(&old.token(&claims())).await;
    assert!(matches!(answer, Err(Refusal::Invalid(_))), "{answer:?}");
}

#[tokio::test]
async fn a_token_of_a_key_that_is_not_known_yet_has_the_url_read() {
    let (old, new) = (SigningKey::es256("old"), SigningKey::es256("new"));
    let server = Server::start(set(&[&old])).await;
    let verifier = following(&server, on_demand()).await;
    server.answers(set(&[&old, &new]));
    assert!(verifier.verify(&old.token(&claims())).await.is_ok());
    assert_eq!(server.asked(), 1);
    assert!(verifier.verify(&new.token(&claims())).await.is_ok());
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn made_up_keys_have_the_url_read_once_in_a_while_however_many_there_are() {
    let key = SigningKey::es256("a");
    let server = Server::start(set(&[&key])).await;
    let rest = Duration::from_millis(50);
    let since = Instant::now();
    let pace = Pace {
        on_demand: Some(rest),
        ..on_demand()
    };
    let verifier = following(&server, pace).await;
    let token = |round: usize, call: usize| {
        let header = json!({ "alg": "ES256", "kid": format!("{round} {call}") });
        key.sign(&header, &claims())
    };
    for round in 0.. {
        let tokens: Vec<_> = (0..90).map(|call| token(round, call)).collect();
        let answers = join_all(tokens.iter().map(|token| verifier.verify(token))).await;
        for answer in answers {
            assert!(matches!(answer, Err(Refusal::Invalid(_))), "{answer:?}");
        }
        let asked = server.asked();
        let most = 1 + since.elapsed().as_millis() / rest.as_millis();
        assert!(asked as u128 <= most, "{asked} in {:?}", since.elapsed());
        if asked > 3 {
            break;
        }
    }
}

#[tokio::test]
async fn a_url_that_does_not_answer_holds_up_few_calls_and_those_not_for_long() {
    let key = SigningKey::es256("a");
    let server = Server::start(set(&[&key])).await;
    let pace = Pace {
        wait: Duration::from_millis(100),
        ..on_demand()
    };
    let verifier = following(&server, pace).await;
    server.answers(Answer::Silence);
    let made_up = key.sign(&json!({ "alg": "ES256", "kid": "b" }), &claims());
    let since = Instant::now();
    let answers = join_all((0..150).map(|_| verifier.verify(&made_up))).await;
    assert!(since.elapsed() < Duration::from_secs(10));
    let mut reasons: Vec<_> = answers.into_iter().map(unavailable).collect();
    reasons.sort();
    let late = "the keys could not be read in time";
    let many = "too many calls wait for the keys to be read";
    assert_eq!(reasons[..100], [late; 100]);
    assert_eq!(reasons[100..], [many; 50]);
    // All others go on meanwhile.
    assert!(verifier.verify(&key.token(&claims())).await.is_ok());
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_reading_to_those_that_wait() {
    let (old, new) = (SigningKey::es256("old"), SigningKey::es256("new"));
    let server = Server::start(set(&[&old])).await;
    let verifier = following(&server, on_demand()).await;
    server.answers(set(&[&new]));
    let token = new.token(&claims());
    let mut dropped = Box::pin(verifier.verify(&token));
    assert!((&mut dropped).now_or_never().is_none());
    drop(dropped);
    eventually("the URL is read", async || server.asked() == 2).await;
    assert!(verifier.verify(&token).await.is_ok());
}

#[tokio::test]
async fn a_url_that_is_away_leaves_the_keys_that_were_there() {
    let (old, new) = (SigningKey::es256("old"), SigningKey::es256("new"));
    let server = Server::start(set(&[&old])).await;
    let verifier = following(&server, fast()).await;
    for away in [
        Answer::Away,
        Answer::Other("500 Internal Server Error", set(&[&new]).to_string()),
        Answer::Document(String::new()),
        json!({ "keys": {} }).into(),
    ] {
        server.answers(away);
        let token = new.token(&claims());
        eventually("the URL is found to be away", async || {
            matches!(verifier.verify(&token).await, Err(Refusal::Unavailable(_)))
        })
        .await;
        assert!(verifier.verify(&old.token(&claims())).await.is_ok());
        server.answers(set(&[&old]));
        eventually("the URL is back", async || {
            matches!(verifier.verify(&token).await, Err(Refusal::Invalid(_)))
        })
        .await;
    }
}

#[tokio::test]
async fn a_url_that_is_away_at_the_start_is_tried_again() {
    let key = SigningKey::es256("a");
    let server = Server::start(Answer::Away).await;
    let verifier = start(server.url(), fast()).await;
    let token = key.token(&claims());
    server.answers(set(&[&key]));
    let follower = verifier.clone();
    tokio::spawn(async move { follower.follow().await });
    eventually("the keys are known", async || {
        verifier.verify(&token).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn what_is_no_good_answer_gives_no_keys() {
    let key = SigningKey::es256("a");
    let good = set(&[&key]).to_string();
    let elsewhere = Server::start(set(&[&key])).await;
    let redirect = |status: &str| {
        let to = format!("{status}\r\nlocation: http://{}/", elsewhere.address);
        Answer::Other(to.leak(), good.clone())
    };
    let huge = format!("{}{good}", " ".repeat(1024 * 1024));
    let patience = Duration::from_millis(100);
    for (answer, why) in [
        (redirect("302 Found"), "it answers 302 Found"),
        (
            redirect("308 Permanent Redirect"),
            "it answers 308 Permanent Redirect",
        ),
        (
            Answer::Other("404 Not Found", good.clone()),
            "it answers 404 Not Found",
        ),
        (
            Answer::Other("204 No Content", String::new()),
            "it answers 204 No Content",
        ),
        (Answer::Document(huge), "it is larger than 1 MiB"),
        (
            Answer::Document("<html>".to_owned()),
            "it is no key set (JWKS): it is no JSON",
        ),
        (json!({ "keys": [] }).into(), "it has no keys"),
        (Answer::Away, "client error (SendRequest): "),
        (Answer::Silence, "no whole answer within 100ms"),
        (Answer::Drip, "no whole answer within 100ms"),
    ] {
        let server = Server::start(answer.clone()).await;
        let pace = Pace {
            time_out: if matches!(answer, Answer::Silence | Answer::Drip) {
                patience
            } else {
                fast().time_out
            },
            ..once()
        };
        let verifier = start(server.url(), pace).await;
        let refusal = unavailable(verifier.verify(&key.token(&claims())).await);
        assert!(refusal.starts_with(why), "{refusal}, and not {why}");
        assert_eq!(server.asked(), 1);
    }
    assert_eq!(elsewhere.asked(), 0);
}

/// A server with a certificate of a private authority, and the authority in PEM.
async fn secure(keys: &Value) -> (String, Arc<Server>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let server = Server::start_secure(keys.clone(), certificate, &key).await;
    (authority.pem(), server)
}

/// The environment of a process is read, so it takes one of its own.
#[tokio::test]
async fn a_private_authority_is_trusted_by_ssl_cert_file() {
    let key = SigningKey::es256("a");
    let (authority, server) = secure(&set(&[&key])).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, authority).unwrap();
    let other = directory.path().join("other.pem");
    std::fs::write(&other, secure(&json!({})).await.0).unwrap();
    for (authorities, is_trusted) in [(&file, true), (&other, false)] {
        let asked = server.asked();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture"])
            .arg("access::jwt::tests::urls::a_url_of_the_environment_is_read")
            .env("SSL_CERT_FILE", authorities)
            .env_remove("SSL_CERT_DIR")
            .env(URL, format!("https://{}/jwks.json", server.address))
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("running 1 test"), "{said}");
        assert_eq!(output.status.success(), is_trusted, "{said}");
        assert_eq!(server.asked() > asked, is_trusted);
    }
}

const URL: &str = "BYLINE_TEST_JWKS";

#[tokio::test]
#[ignore = "a part of another test, which starts it with an environment of its own"]
async fn a_url_of_the_environment_is_read() {
    let url = std::env::var_os(URL).expect("a URL in the environment");
    let url = JwksSource::parse(url.to_str().unwrap()).unwrap();
    let verifier = start(url, once()).await;
    // There is a set, so a token without a signature is looked at.
    let token = SigningKey::es256("b").sign(&json!({ "alg": "ES256" }), &claims());
    let answer = verifier.verify(&token).await;
    assert!(matches!(answer, Err(Refusal::Invalid(_))), "{answer:?}");
}
