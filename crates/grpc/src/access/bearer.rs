//! What a call proves its caller by: a bearer token in its headers (RFC 6750, section 2.1).

use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The longest token that is looked at, in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// What the headers say of the caller.
#[derive(PartialEq, Eq)]
pub(super) enum Bearer<'h> {
    /// Nothing.
    None,
    /// Something that is no bearer token, or more than one.
    Malformed,
    /// This.
    Token(&'h str),
}

/// Shows that there is a token, and nothing of it.
impl fmt::Debug for Bearer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Malformed => "Malformed",
            Self::Token(_) => "Token(…)",
        })
    }
}

/// Reads the header `authorization`.
pub(super) fn read(headers: &HeaderMap) -> Bearer<'_> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Bearer::None;
    };
    let token = value.to_str().ok().and_then(token);
    match token {
        Some(token) if values.next().is_none() => Bearer::Token(token),
        Some(_) | None => Bearer::Malformed,
    }
}

/// The token behind the scheme, whose letter case says nothing (RFC 9110, section 11.1).
fn token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let of_a_token = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    let is_token = (1..=MAX_BYTES).contains(&token.len()) && token.bytes().all(of_a_token);
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_token_is_found_whatever_the_case_of_its_scheme() {
        for value in ["Bearer a.b-c", "bearer a.b-c", "BEARER  a.b-c"] {
            assert_eq!(read(&headers(&[value])), Bearer::Token("a.b-c"), "{value}");
        }
        assert_eq!(read(&HeaderMap::new()), Bearer::None);
    }

    #[test]
    fn a_token_is_not_shown() {
        let headers = headers(&["Bearer secret"]);
        assert_eq!(format!("{:?}", read(&headers)), "Token(…)");
    }

    #[test]
    fn whatever_else_is_there_is_no_token() {
        let long = format!("Bearer {}", "a".repeat(MAX_BYTES + 1));
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Basic YTpi",
            "a.b.c",
            "Bearer a b",
            "Bearer a,Bearer b",
            "Bearer\ta",
            "Bearer a\t",
            &long,
        ] {
            assert_eq!(read(&headers(&[value])), Bearer::Malformed, "{value}");
        }
        // Whoever sends two may hope that somebody else looks at the other one.
        assert_eq!(read(&headers(&["Bearer a", "Bearer a"])), Bearer::Malformed);
        let mut bytes = HeaderMap::new();
        let value = HeaderValue::from_bytes(b"Bearer \xff").unwrap();
        bytes.insert(AUTHORIZATION, value);
        assert_eq!(read(&bytes), Bearer::Malformed);
    }
}
