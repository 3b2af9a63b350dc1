//! Errors in a line of their own: what they say, and what is behind them.

use std::error::Error;

/// What an error says and what led to it, as far as that is not said already: hyper's and
/// tonic's say little by themselves, and some repeat what is behind them.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use byline_domain::error::RepositoryError;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no answer: {0}")]
    struct Repeating(#[source] RepositoryError);

    #[test]
    fn each_cause_is_told_and_none_twice() {
        let lost = RepositoryError::Unavailable("refused".into());
        let text = with_causes(&lost);
        assert_eq!(text, "the database is not available: refused");
        let repeating = Repeating(lost);
        assert_eq!(with_causes(&repeating), format!("no answer: {text}"));
    }
}
