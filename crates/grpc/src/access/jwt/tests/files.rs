//! Key sets in files, and how they change.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;

fn fast(source: &JwksSource) -> Pace {
    Pace {
        every: Duration::from_millis(2),
        after_failure: Duration::from_millis(2),
        ..Pace::of(source)
    }
}

/// One that looks at a file all the time.
async fn following(file: PathBuf) -> Arc<JwtVerifier> {
    let settings = settings(JwksSource::File(file));
    let pace = fast(&settings.jwks);
    let verifier = JwtVerifier::start_at(settings, at(NOON), pace).await;
    let verifier = Arc::new(verifier.unwrap());
    let follower = verifier.clone();
    tokio::spawn(async move { follower.follow().await });
    verifier
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named_with_what_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("garbage"), "garbage").unwrap();
    std::fs::write(path("large"), " ".repeat(1024 * 1024 + 1)).unwrap();
    for (name, why) in [
        ("none", "No such file or directory (os error 2)"),
        (".", "it is no file"),
        (
            "garbage",
            "it is no key set (JWKS): it is no JSON at line 1 column 1",
        ),
        ("large", "it is larger than 1 MiB"),
    ] {
        let settings = settings(JwksSource::File(path(name)));
        let error = JwtVerifier::start(settings, at(NOON)).await.err().unwrap();
        let expected = format!("the key set {}: {why}", path(name).display());
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn keys_of_a_file_are_replaced_without_a_restart() {
    let (old, new) = (SigningKey::es256("old"), SigningKey::es256("new"));
    let (old_token, new_token) = (old.token(&claims()), new.token(&claims()));
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    // As volumes of Kubernetes change: by a link that is put in place of another.
    write(&path("1"), &set(&[&old]));
    write(&path("2"), &set(&[&new]));
    symlink(path("1"), path("jwks.json")).unwrap();
    let verifier = following(path("jwks.json")).await;
    assert!(verifier.verify(&old_token).await.is_ok());
    assert!(verifier.verify(&new_token).await.is_err());

    symlink(path("2"), path("next")).unwrap();
    std::fs::rename(path("next"), path("jwks.json")).unwrap();
    let is_new = async || verifier.verify(&new_token).await.is_ok();
    eventually("the new key is known", is_new).await;
    // What was taken out of the set is refused.
    assert!(verifier.verify(&old_token).await.is_err());
}

#[tokio::test]
async fn a_file_that_becomes_unreadable_leaves_the_keys_that_were_there() {
    let (old, new) = (SigningKey::es256("old"), SigningKey::es256("new"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jwks.json");
    write(&file, &set(&[&old]));
    let verifier = following(file.clone()).await;
    for broken in ["", "{\"keys\":", "{\"keys\":{}}"] {
        std::fs::write(&file, broken).unwrap();
        // The key of another token might be in what cannot be read.
        let token = new.token(&claims());
        let is_told =
            async || matches!(verifier.verify(&token).await, Err(Refusal::Unavailable(_)));
        eventually("the file is found to be broken", is_told).await;
        assert!(verifier.verify(&old.token(&claims())).await.is_ok());
        write(&file, &set(&[&old]));
        let is_mended = async || matches!(verifier.verify(&token).await, Err(Refusal::Invalid(_)));
        eventually("the file is found to be mended", is_mended).await;
    }
}

#[tokio::test]
async fn a_key_that_is_taken_out_is_refused_even_if_none_is_left() {
    let key = SigningKey::es256("old");
    let token = key.token(&claims());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("jwks.json");
    let unusable = key.public_with(&json!({ "use": "enc" }));
    for nothing in [json!({ "keys": [] }), json!({ "keys": [unusable] })] {
        write(&file, &set(&[&key]));
        let verifier = following(file.clone()).await;
        assert!(verifier.verify(&token).await.is_ok());
        write(&file, &nothing);
        eventually("the key is withdrawn", async || {
            matches!(verifier.verify(&token).await, Err(Refusal::Unavailable(_)))
        })
        .await;
        write(&file, &set(&[&key]));
        let is_back = async || verifier.verify(&token).await.is_ok();
        eventually("the key is back", is_back).await;
    }
}
