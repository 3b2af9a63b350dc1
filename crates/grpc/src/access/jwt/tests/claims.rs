//! What a good signature does not make good.

use super::*;

/// What becomes of those claims at that time.
async fn claimed(claims: &Value, seconds: i64) -> Result<Caller, Refusal> {
    let key = SigningKey::ed25519("a");
    let mut verifier = verifier(&[&key]).await;
    verifier.clock = at(seconds);
    verifier.verify(&key.token(claims)).await
}

async fn refusal(claims: &Value) -> &'static str {
    match claimed(claims, NOON).await {
        Err(Refusal::Invalid(why)) => why,
        other => panic!("{claims}: {other:?}"),
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let why = "it is of another issuer (`iss`)";
    assert_eq!(refusal(&without("iss")).await, why);
    for iss in ["https://issuer.example", "https://evil.example/", ""] {
        assert_eq!(refusal(&with(json!({ "iss": iss }))).await, why);
    }
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let why = "it is for another audience (`aud`)";
    assert_eq!(refusal(&without("aud")).await, why);
    for aud in [
        json!("other"),
        json!([]),
        json!(["bylin", "Byline"]),
        json!(""),
    ] {
        assert_eq!(refusal(&with(json!({ "aud": aud }))).await, why);
    }
    let both = with(json!({ "aud": ["other", AUDIENCE] }));
    assert!(claimed(&both, NOON).await.is_ok());
}

#[tokio::test]
async fn a_token_ends_a_minute_after_its_time() {
    let exp = NOON + 300;
    assert!(claimed(&claims(), exp + 59).await.is_ok());
    assert_eq!(claimed(&claims(), exp + 60).await, Err(Refusal::Expired));
    assert_eq!(claimed(&claims(), exp * 2).await, Err(Refusal::Expired));
    let fraction = with(json!({ "exp": 1_767_268_800.5 }));
    assert!(claimed(&fraction, NOON + 60).await.is_ok());
    assert_eq!(claimed(&fraction, NOON + 61).await, Err(Refusal::Expired));
    let past = with(json!({ "exp": -1e300 }));
    assert_eq!(claimed(&past, NOON).await, Err(Refusal::Expired));
}

#[tokio::test]
async fn a_token_without_an_end_is_refused() {
    let why = "it does not expire (`exp`)";
    assert_eq!(refusal(&without("exp")).await, why);
}

#[tokio::test]
async fn a_token_of_the_future_is_refused() {
    for (name, why) in [
        ("nbf", "it is not valid yet (`nbf`)"),
        ("iat", "it was issued in the future (`iat`)"),
    ] {
        let claims = |time: i64| {
            let mut claims = claims();
            claims[name] = json!(time);
            claims
        };
        assert!(claimed(&claims(NOON + 60), NOON).await.is_ok());
        assert_eq!(refusal(&claims(NOON + 61)).await, why);
    }
}

#[tokio::test]
async fn a_token_of_nobody_or_of_no_name_is_refused() {
    assert_eq!(refusal(&without("sub")).await, "it is of nobody (`sub`)");
    for sub in [
        "",
        "two\nlines",
        "nul\0",
        &"a".repeat(257),
        // It would be shown as another one.
        "bew\u{202e}",
        "web\u{2028}",
        "web\u{200b}",
        " web",
        "web\u{a0}",
        // It would become the name of somebody who is written with one letter.
        "caf\u{65}\u{301}",
    ] {
        let why = refusal(&with(json!({ "sub": sub }))).await;
        assert_eq!(why, "its `sub` is no name of a caller", "{sub:?}");
    }
    let name = "système:serviceaccount:web/ada";
    let caller = claimed(&with(json!({ "sub": name })), NOON).await.unwrap();
    assert_eq!(caller.id(), format!("jwt:{name}"));
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_key_is_refused() {
    let bound = with(json!({ "cnf": { "jkt": "0ZcOCORZNYy" } }));
    assert_eq!(
        refusal(&bound).await,
        "it is bound to a key of its bearer (`cnf`)"
    );
}

#[tokio::test]
async fn what_is_no_scope_to_the_letter_gives_nothing() {
    for scope in [
        "",
        "admin openid",
        "USERS.READ",
        "users.read,posts.read",
        "users.* users",
        "users.read\tposts.read",
        "urn:byline:users.read",
    ] {
        let caller = claimed(&with(json!({ "scope": scope })), NOON)
            .await
            .unwrap();
        assert!(caller.scopes().is_empty(), "{scope}: {:?}", caller.scopes());
    }
    let caller = claimed(&without("scope"), NOON).await.unwrap();
    assert!(caller.scopes().is_empty());
    // Others' claims for the same are not read.
    let mut others = without("scope");
    others["scp"] = json!(["users.read"]);
    others["scopes"] = json!("users.read");
    others["roles"] = json!(["admin"]);
    let caller = claimed(&others, NOON).await.unwrap();
    assert!(caller.scopes().is_empty());
}

#[tokio::test]
async fn claims_of_another_type_are_refused() {
    for claims in [
        with(json!({ "scope": ["users.read"] })),
        with(json!({ "exp": "1767269100" })),
        with(json!({ "exp": null })),
        with(json!({ "nbf": null })),
        with(json!({ "sub": 7 })),
        with(json!({ "aud": { AUDIENCE: true } })),
        with(json!({ "iss": [ISSUER] })),
        json!("claims"),
        json!([claims()]),
        // The same in the order of our fields.
        json!([ISSUER, "web", AUDIENCE, NOON + 300]),
        json!(null),
    ] {
        assert_eq!(refusal(&claims).await, "its claims cannot be read");
    }
    // A number that there is not.
    let key = SigningKey::ed25519("a");
    let verifier = verifier(&[&key]).await;
    for exp in ["1e999", "NaN", "Infinity"] {
        let claims = claims().to_string().replace("1767269100", exp);
        let token = key.sign_text(&key.header().to_string(), &claims);
        let answer = verifier.verify(&token).await;
        assert_eq!(answer, Err(Refusal::Invalid("its claims cannot be read")));
    }
}
