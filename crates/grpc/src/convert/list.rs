//! What all lists take: an order, a page, a total.

use byline_domain::error::{Invalid, Reason, Violations};
use byline_domain::page::{CountMode, Cursor, Direction, Order, PageRequest, PageSize, SortValue};

use crate::page_token;
use crate::pb::TotalMode;

/// The fields of a list request that all lists have.
pub(super) struct Window<'a> {
    pub(super) page_size: i32,
    pub(super) page_token: &'a str,
    pub(super) skip: i32,
}

impl Window<'_> {
    /// The page of `list` that is asked for. Without a list, whose parameters were
    /// wrong themselves, there is no telling which token would be right.
    pub(super) fn parse(
        &self,
        list: Option<&str>,
        fits: impl Fn(&SortValue) -> bool,
        violations: &mut Violations,
    ) -> Option<PageRequest> {
        let size = violations.check("page_size", PageSize::from_request(self.page_size));
        let after = list.and_then(|list| {
            let token = page_token::decode(list, self.page_token, fits);
            violations.check("page_token", token)
        });
        let skip = violations.check(
            "skip",
            u32::try_from(self.skip)
                .map_err(|_| Invalid::new(Reason::OutOfRange, "must not be negative")),
        );
        Some(PageRequest {
            size: size?,
            after: after?,
            skip: skip?,
        })
    }
}

/// Reads `order_by`: one of the named keys, alone or with a direction (AIP-132).
pub(super) fn order<K: Copy>(
    text: &str,
    keys: &[(&str, K)],
    default: Order<K>,
) -> Result<Order<K>, Invalid> {
    if text.trim().is_empty() {
        return Ok(default);
    }
    let names = || {
        keys.iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    if text.contains(',') {
        return Err(Invalid::new(
            Reason::Malformed,
            format!("must name one field only, one of {}", names()),
        ));
    }
    let mut words = text.split_ascii_whitespace();
    let field = words.next().unwrap_or_default();
    let Some((_, key)) = keys.iter().find(|(name, _)| *name == field) else {
        return Err(Invalid::new(
            Reason::Unknown,
            format!("must name one of {}", names()),
        ));
    };
    let direction = match (words.next(), words.next()) {
        (None | Some("asc"), None) => Direction::Ascending,
        (Some("desc"), None) => Direction::Descending,
        _ => {
            return Err(Invalid::new(
                Reason::Malformed,
                "must have nothing but asc or desc after the field",
            ));
        }
    };
    Ok(Order {
        key: *key,
        direction,
    })
}

/// Reads `total`.
pub(super) fn total(mode: i32) -> Result<Option<CountMode>, Invalid> {
    match TotalMode::try_from(mode) {
        Ok(TotalMode::Unspecified) => Ok(None),
        Ok(TotalMode::Exact) => Ok(Some(CountMode::Exact)),
        Ok(TotalMode::Estimate) => Ok(Some(CountMode::Estimate)),
        Err(_) => Err(Invalid::new(Reason::Unknown, "is not a known mode")),
    }
}

/// A page's answer: the token of the next one.
pub(super) fn next_page_token(list: &str, next: Option<Cursor>) -> String {
    page_token::encode(list, next)
}

pub(super) fn total_size(total: Option<u64>) -> Option<i64> {
    total.map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[(&str, u8)] = &[("a", 1), ("b", 2)];
    const DEFAULT: Order<u8> = Order {
        key: 1,
        direction: Direction::Descending,
    };

    #[test]
    fn an_order_is_a_field_and_perhaps_a_direction() {
        let read = |text| order(text, KEYS, DEFAULT).map(|order| (order.key, order.direction));
        assert_eq!(read(" "), Ok((1, Direction::Descending)));
        assert_eq!(read("b"), Ok((2, Direction::Ascending)));
        assert_eq!(read("  b   desc "), Ok((2, Direction::Descending)));
        assert_eq!(read("a asc"), Ok((1, Direction::Ascending)));
        assert_eq!(read("c").unwrap_err().reason, Reason::Unknown);
        for text in ["a b", "a desc x", "a,b", "a DESC"] {
            assert_eq!(read(text).unwrap_err().reason, Reason::Malformed, "{text}");
        }
    }
}
