//! Has requests that share an id take turns, so that a retry waits for the try before it
//! without a connection to the database: however many come, one of them has one. Those in
//! other processes wait in the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use byline_domain::ids::RequestId;
use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// Whose turn it is, of each id that is under way.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<RequestId, Lock>>);

/// A place in the line of an id, and then its turn, until this is dropped.
pub(crate) struct Turn<'t> {
    turns: &'t Turns,
    id: RequestId,
    /// `None` while it waits.
    taken: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until nobody else has the turn of this id; whoever came first has it first.
    pub(crate) async fn take(&self, id: RequestId) -> Turn<'_> {
        let lock = Arc::clone(self.under_way().entry(id).or_default());
        let mut turn = Turn {
            turns: self,
            id,
            taken: None,
        };
        turn.taken = Some(lock.lock_owned().await);
        turn
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<RequestId, Lock>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.taken = None;
        let mut under_way = self.turns.under_way();
        let is_last = |lock: &Lock| Arc::strong_count(lock) == 1;
        if under_way.get(&self.id).is_some_and(is_last) {
            under_way.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use byline_domain::testing::fixtures::user_id;

    use super::*;

    fn id(number: u64) -> RequestId {
        RequestId::from_uuid(user_id(number).as_uuid())
    }

    fn poll<T>(waiting: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        waiting.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn requests_of_one_id_follow_each_other_in_order_and_others_do_not_wait() {
        let turns = Turns::default();
        let first = turns.take(id(1)).await;
        let (mut second, mut third) = (pin!(turns.take(id(1))), pin!(turns.take(id(1))));
        assert!(poll(second.as_mut()).is_pending());
        assert!(poll(third.as_mut()).is_pending());
        drop(turns.take(id(2)).await);
        drop(first);
        assert!(poll(third.as_mut()).is_pending());
        let Poll::Ready(second) = poll(second) else {
            panic!("it is the next");
        };
        assert!(poll(third.as_mut()).is_pending());
        drop(second);
        assert!(poll(third).is_ready());
    }

    #[tokio::test]
    async fn nothing_is_kept_of_those_that_have_had_their_turn_or_left_before() {
        let turns = Turns::default();
        let first = turns.take(id(1)).await;
        {
            let mut left = pin!(turns.take(id(1)));
            assert!(poll(left.as_mut()).is_pending());
        }
        assert_eq!(turns.under_way().len(), 1);
        drop(first);
        drop(turns.take(id(2)).await);
        assert!(turns.under_way().is_empty());
    }
}
