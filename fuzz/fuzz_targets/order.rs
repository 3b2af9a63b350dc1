//! Holds the parser of orders to what it promises of any text.
#![no_main]

use byline_domain::error::Reason;
use byline_domain::field::Field;
use byline_domain::order::{Direction, Order};
use byline_domain::post::PostField;
use byline_domain::user::UserField;
use byline_fuzz::hold;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Corpus::Reject;
    };
    let is_taken = [
        check(text, Order::by(UserField::CreatedAt, Direction::Descending)),
        check(text, Order::by(PostField::Id, Direction::Ascending)),
    ];
    hold(bytes, &[("", is_taken.contains(&true))]);
    Corpus::Keep
});

/// An order names each field once at most and is parsed again from its own text; a
/// refusal is one of two and fit to be shown.
fn check<F: Field>(text: &str, default: Order<F>) -> bool {
    match Order::parse(text, default.clone()) {
        Ok(order) => {
            if text.trim().is_empty() {
                assert_eq!(order, default);
            }
            let keys: Vec<_> = order.keys().collect();
            for (at, key) in keys.iter().enumerate() {
                let twice = keys[..at].iter().any(|other| other.field == key.field);
                assert!(!twice, "twice in an order: {:?}", key.field);
            }
            let names = keys.iter().map(|key| match key.direction {
                Direction::Ascending => key.field.name().to_owned(),
                Direction::Descending => format!("{} desc", key.field.name()),
            });
            let written = names.collect::<Vec<_>>().join(",");
            assert_eq!(Order::parse(&written, default), Ok(order), "{written}");
            true
        }
        Err(refusal) => {
            let (reason, message) = (refusal.reason, refusal.message);
            assert!(
                matches!(reason, Reason::Malformed | Reason::Unknown),
                "{reason:?} is no reason to refuse an order"
            );
            assert!(!message.contains(char::is_control), "{message:?}");
            false
        }
    }
}
