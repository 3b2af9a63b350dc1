//! Trying a unit of work again that met concurrent changes.

use crate::Error;

/// How often a unit of work is tried in all.
const ATTEMPTS: usize = 3;

/// Runs `attempt`, a whole unit of work from begin to commit, again while
/// concurrent changes are in the way. What met them has changed nothing.
pub(crate) async fn on_contention<T, F>(mut attempt: impl FnMut() -> F + Send) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    for number in 1..ATTEMPTS {
        match attempt().await {
            Err(Error::Contention(source)) => {
                tracing::debug!(number, error = %source, "trying again");
            }
            result => return result,
        }
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contention() -> Error {
        Error::Contention("deadlock".into())
    }

    #[tokio::test]
    async fn contention_is_tried_again_and_then_told() {
        let mut tries = 0;
        let result: Result<(), _> = on_contention(|| {
            tries += 1;
            async { Err(contention()) }
        })
        .await;
        assert!(matches!(result, Err(Error::Contention(_))));
        assert_eq!(tries, ATTEMPTS);
    }

    #[tokio::test]
    async fn a_later_attempt_can_succeed() {
        let mut tries = 0;
        let result = on_contention(|| {
            tries += 1;
            let done = tries == 2;
            async move { if done { Ok(7) } else { Err(contention()) } }
        })
        .await;
        assert_eq!(result.expect("the second attempt succeeds"), 7);
    }

    #[tokio::test]
    async fn any_other_error_is_told_at_once() {
        let mut tries = 0;
        let result: Result<(), _> = on_contention(|| {
            tries += 1;
            async { Err(Error::ResponseTooLarge) }
        })
        .await;
        assert!(matches!(result, Err(Error::ResponseTooLarge)));
        assert_eq!(tries, 1);
    }
}
