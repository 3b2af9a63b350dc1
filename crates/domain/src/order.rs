//! By what lists are ordered, and how callers say so (AIP-132).

use crate::error::{Invalid, Reason};
use crate::field::{Field, Kind};
use crate::page::{Cursor, SortValue};
use crate::text::quote;

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the least to the greatest.
    Ascending,
    /// From the greatest to the least.
    Descending,
}

/// One field that a list is ordered by, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderKey<F> {
    /// By what.
    pub field: F,
    /// Which way.
    pub direction: Direction,
}

/// By what, and which way, a list is ordered: by one field or more, each once. The
/// id breaks ties, in the direction of the last field. What is absent comes before
/// everything else, and last where the order descends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order<F> {
    first: OrderKey<F>,
    rest: Vec<OrderKey<F>>,
}

impl<F: Field> Order<F> {
    /// By one field.
    pub const fn by(field: F, direction: Direction) -> Self {
        Self {
            first: OrderKey { field, direction },
            rest: Vec::new(),
        }
    }

    /// Then by another field; one that is named already changes nothing.
    #[must_use]
    pub fn then(mut self, field: F, direction: Direction) -> Self {
        if self.keys().all(|key| key.field != field) {
            self.rest.push(OrderKey { field, direction });
        }
        self
    }

    /// Reads fields separated by commas, each alone or followed by `asc` or `desc`,
    /// as in `role, created_at desc`; `default` where there are none.
    pub fn parse(text: &str, default: Self) -> Result<Self, Invalid> {
        Ok(Self::parse_any(text)?.unwrap_or(default))
    }

    /// Reads the same; `None` where there are no fields.
    pub fn parse_any(text: &str) -> Result<Option<Self>, Invalid> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let mut keys = Vec::new();
        // More names than there are fields cannot all be right: the rest need not
        // be looked at, however long a hostile text is.
        for part in text.split(',').take(F::ALL.len() + 1) {
            let key = parse_key(part)?;
            if keys
                .iter()
                .any(|other: &OrderKey<F>| other.field == key.field)
            {
                let name = key.field.name();
                return Err(Invalid::new(
                    Reason::Malformed,
                    format!("must name each field once: it names {name} twice"),
                ));
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        Ok(keys.next().map(|first| Self {
            first,
            rest: keys.collect(),
        }))
    }

    /// The fields, the most important first; at least one.
    pub fn keys(&self) -> impl Iterator<Item = &OrderKey<F>> + Clone {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The direction in which the id breaks ties: that of the last field.
    pub fn tie_direction(&self) -> Direction {
        self.rest.last().unwrap_or(&self.first).direction
    }

    /// Whether a cursor can be a place in a list of this order.
    pub fn fits(&self, cursor: &Cursor) -> bool {
        let mut values = cursor.values.iter();
        self.keys()
            .all(|key| values.next().is_some_and(|value| fits(key.field, value)))
            && values.next().is_none()
    }
}

fn fits<F: Field>(field: F, value: &SortValue) -> bool {
    match value {
        SortValue::Absent => field.is_nullable(),
        SortValue::Bool(_) => field.kind() == Kind::Bool,
        SortValue::Time(_) => field.kind() == Kind::Time,
        SortValue::Id(_) => field.kind() == Kind::Id,
        SortValue::Text(_) => field.kind() == Kind::Text,
        SortValue::Rank(_) => false,
    }
}

fn parse_key<F: Field>(text: &str) -> Result<OrderKey<F>, Invalid> {
    let mut words = text.split_ascii_whitespace();
    let Some(name) = words.next() else {
        return Err(Invalid::new(
            Reason::Unknown,
            "must name a field before and after each comma",
        ));
    };
    let Some(field) = F::by_name(name) else {
        let names: Vec<_> = F::ALL.iter().map(|field| field.name()).collect();
        let names = names.join(", ");
        return Err(Invalid::new(
            Reason::Unknown,
            format!("must name one or more of {names}, not {}", quote(name)),
        ));
    };
    let direction = match (words.next(), words.next()) {
        (None | Some("asc"), None) => Direction::Ascending,
        (Some("desc"), None) => Direction::Descending,
        _ => {
            return Err(Invalid::new(
                Reason::Malformed,
                format!("must have nothing but asc or desc, in lower case, after {name}"),
            ));
        }
    };
    Ok(OrderKey { field, direction })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures::user_id;
    use crate::user::UserField;

    const NEWEST_FIRST: Order<UserField> = Order::by(UserField::CreatedAt, Direction::Descending);

    fn parse(text: &str) -> Result<Order<UserField>, Invalid> {
        Order::parse(text, NEWEST_FIRST)
    }

    #[test]
    fn an_order_is_fields_and_perhaps_directions() {
        use Direction::{Ascending, Descending};
        assert_eq!(parse(" "), Ok(NEWEST_FIRST));
        assert_eq!(parse("email"), Ok(Order::by(UserField::Email, Ascending)));
        assert_eq!(
            parse(" role  desc ,name asc,id"),
            Ok(Order::by(UserField::Role, Descending)
                .then(UserField::Name, Ascending)
                .then(UserField::Id, Ascending))
        );
    }

    #[test]
    fn what_is_no_order_is_refused() {
        for text in ["shoe_size", "email,", ",", "email,,name", "posts", "Email"] {
            assert_eq!(parse(text).unwrap_err().reason, Reason::Unknown, "{text}");
        }
        for text in [
            "email b",
            "email desc x",
            "email DESC",
            "name, email, name desc",
        ] {
            assert_eq!(parse(text).unwrap_err().reason, Reason::Malformed, "{text}");
        }
        let hostile = "email,".repeat(1 << 20);
        assert_eq!(parse(&hostile).unwrap_err().reason, Reason::Malformed);
    }

    #[test]
    fn a_cursor_has_a_value_of_the_right_kind_for_each_field() {
        let order = parse("name, is_active desc").unwrap();
        let fits = |values: &[SortValue]| {
            order.fits(&Cursor {
                values: values.to_vec(),
                id: user_id(1).as_uuid(),
            })
        };
        let name = SortValue::Text("Ada".to_owned());
        assert!(fits(&[name.clone(), SortValue::Bool(true)]));
        assert!(fits(&[SortValue::Absent, SortValue::Bool(true)]));
        assert!(!fits(&[name.clone(), SortValue::Absent]));
        assert!(!fits(&[SortValue::Bool(true), name.clone()]));
        assert!(!fits(std::slice::from_ref(&name)));
        assert!(!fits(&[name.clone(), SortValue::Bool(true), name]));
    }
}
