//! Versions as they are written on the command line.

use std::str::FromStr;

use byline_persistence::migrate::{MigrateError, Migrations};

/// A migration's number, or the words for both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Before all of them.
    Base,
    Number(i64),
    /// The newest.
    Head,
}

impl Version {
    /// The number; 0 is before all of them.
    pub(super) fn number(self, migrations: &Migrations) -> Result<i64, MigrateError> {
        match self {
            Self::Base => Ok(0),
            Self::Head => Ok(migrations.head()),
            Self::Number(number) if migrations.find(number).is_some() => Ok(number),
            Self::Number(number) => Err(MigrateError::NoSuchVersion(number)),
        }
    }
}

impl FromStr for Version {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "base" => Ok(Self::Base),
            "head" => Ok(Self::Head),
            number => match number.parse() {
                Ok(number) if number >= 1 => Ok(Self::Number(number)),
                _ => Err("expected a migration's number, base or head"),
            },
        }
    }
}

/// From one version to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Version,
    pub(super) to: Version,
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (from, to) = text
            .split_once(':')
            .ok_or("expected FROM:TO, such as 0003:0005, base:head or 5:4")?;
        let end = |text: &str, default| match text {
            "" => Ok(default),
            given => given.parse(),
        };
        Ok(Self {
            from: end(from, Version::Base)?,
            to: end(to, Version::Head)?,
        })
    }
}

/// How far down: so many, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Some(usize),
    All,
}

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "base" => Ok(Self::All),
            number => number
                .parse()
                .map(Self::Some)
                .map_err(|_| "expected how many migrations, or base for all of them"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_or_ends() {
        assert_eq!("base".parse(), Ok(Version::Base));
        assert_eq!("head".parse(), Ok(Version::Head));
        assert_eq!("0005".parse(), Ok(Version::Number(5)));
        for wrong in ["", "0", "-1", "five", "99999999999999999999"] {
            assert!(wrong.parse::<Version>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_span_has_two_ends_that_may_be_left_out() {
        let span = |from, to| Ok(Span { from, to });
        assert_eq!(
            "3:0005".parse(),
            span(Version::Number(3), Version::Number(5))
        );
        assert_eq!(":".parse(), span(Version::Base, Version::Head));
        assert_eq!("5:base".parse(), span(Version::Number(5), Version::Base));
        for wrong in ["", "5", "a:b", "1:2:3"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
