//! Tokens that nobody thought of.

use std::sync::LazyLock;

use futures_util::FutureExt;
use proptest::prelude::*;
use proptest::sample::Index;
use tokio::runtime::Runtime;

use super::*;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::es256("a"));
static VERIFIER: LazyLock<JwtVerifier> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(verifier(&[&KEY]))
});

fn verify(token: &str) -> Result<Caller, Refusal> {
    let answer = VERIFIER.verify(token).now_or_never();
    answer.expect("a file is not waited for")
}

/// One place of a token changed.
#[derive(Clone, Debug)]
enum Change {
    Put(Index, char),
    Insert(Index, char),
    Remove(Index),
    Cut(Index),
    Swap(Index, Index),
}

impl Change {
    fn apply(&self, token: &mut Vec<char>) {
        if token.is_empty() {
            return;
        }
        let many = token.len();
        match self {
            Self::Put(at, c) => token[at.index(many)] = *c,
            Self::Insert(at, c) => token.insert(at.index(many), *c),
            Self::Remove(at) => {
                token.remove(at.index(many));
            }
            Self::Cut(at) => token.truncate(at.index(many)),
            Self::Swap(one, other) => token.swap(one.index(many), other.index(many)),
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let letter = || prop_oneof![proptest::char::range(' ', '~'), Just('.'), any::<char>()];
    prop_oneof![
        (at(), letter()).prop_map(|(at, c)| Change::Put(at, c)),
        (at(), letter()).prop_map(|(at, c)| Change::Insert(at, c)),
        at().prop_map(Change::Remove),
        at().prop_map(Change::Cut),
        (at(), at()).prop_map(|(one, other)| Change::Swap(one, other)),
    ]
}

/// JSON of any shape, with the names that matter in it.
fn json_text() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        proptest::sample::select(vec![
            "iss", "aud", "sub", "exp", "nbf", "iat", "scope", "cnf", "alg", "kid", "typ", "crit"
        ])
        .prop_map(str::to_owned),
        ".*",
    ];
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        ".*".prop_map(|value| json!(value)),
        proptest::sample::select(vec![ISSUER, AUDIENCE, "ES256", "a", "JWT", "users.read"])
            .prop_map(|value| json!(value)),
    ];
    let value = leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| json!(values)),
            prop::collection::hash_map(name.clone(), inner, 0..8).prop_map(|map| json!(map)),
        ]
    });
    prop_oneof![value.prop_map(|value| value.to_string()), ".*"]
}

proptest! {
    #[test]
    fn a_token_that_was_changed_anywhere_is_refused(
        changes in prop::collection::vec(change(), 1..4)
    ) {
        let good = KEY.token(&claims());
        let mut changed: Vec<_> = good.chars().collect();
        for change in &changes {
            change.apply(&mut changed);
        }
        let changed: String = changed.into_iter().collect();
        prop_assert_eq!(verify(&changed).is_ok(), changed == good, "{}", changed);
    }

    #[test]
    fn no_text_is_a_token(text in ".*", more in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,5}") {
        prop_assert!(verify(&text).is_err());
        prop_assert!(verify(&more).is_err());
    }

    #[test]
    fn whatever_was_signed_is_answered(header in json_text(), claims in json_text()) {
        let good = (KEY.header().to_string(), super::claims().to_string());
        prop_assert!(verify(&KEY.sign_text(&good.0, &good.1)).is_ok());
        if verify(&KEY.sign_text(&header, &good.1)).is_ok() {
            let header: Value = serde_json::from_str(&header).unwrap();
            prop_assert_eq!(&header["alg"], "ES256");
        }
        prop_assert!(verify(&KEY.sign_text(&good.0, &claims)).is_err());
    }

    #[test]
    fn no_document_is_a_key_set_that_makes_trouble(document in json_text()) {
        let allowed = Algorithms::parse(Algorithms::DEFAULT).unwrap();
        let wrapped = format!(r#"{{"keys":[{document}]}}"#);
        for document in [document, wrapped] {
            prop_assert!(super::super::key_set::KeySet::parse(document.as_bytes(), &allowed).is_err());
        }
    }
}
