//! What callers write into the headers of a call, besides who they are.

use std::time::Duration;

/// How many characters an id of a call has at most.
const REQUEST_ID_MAX: usize = 64;

/// Reads the value of `grpc-timeout`: 1 to 8 digits and a unit (gRPC over HTTP/2).
pub(super) fn timeout(text: &str) -> Option<Duration> {
    let (last, unit) = text.char_indices().next_back()?;
    let digits = &text[..last];
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_hours(number),
        'M' => Duration::from_mins(number),
        'S' => Duration::from_secs(number),
        'm' => Duration::from_millis(number),
        'u' => Duration::from_micros(number),
        'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// The caller's id for a call, `x-request-id`, unless it could break a log line.
pub(super) fn request_id(header: &[u8]) -> Option<&str> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fits = (1..=REQUEST_ID_MAX).contains(&header.len()) && header.iter().all(plain);
    fits.then(|| str::from_utf8(header).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_read_as_grpc_says() {
        assert_eq!(timeout("5S"), Some(Duration::from_secs(5)));
        assert_eq!(timeout("99999999n"), Some(Duration::from_nanos(99_999_999)));
        for text in ["", "S", "5", "-1S", "5s", "999999999S", "5 S", "½S", "5µ"] {
            assert_eq!(timeout(text), None, "{text}");
        }
    }

    #[test]
    fn only_a_plain_id_is_taken() {
        let longest = "a".repeat(REQUEST_ID_MAX);
        for id in ["a-1", "A_b.c", &longest] {
            assert_eq!(request_id(id.as_bytes()), Some(id));
        }
        let too_long = format!("{longest}a");
        for id in ["", "ada@example.com", "a b", "a\n", "é", &too_long] {
            assert_eq!(request_id(id.as_bytes()), None, "{id}");
        }
    }
}
