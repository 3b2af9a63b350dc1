//! Places of which there are so many, and of which none has more than half: so that none can keep
//! out all others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use byline_domain::access::Caller;

/// The places, by whose they are.
#[derive(Debug)]
pub(crate) struct Shares<K: Eq + Hash>(Arc<Shared<K>>);

/// Places of callers, by their ids.
pub(crate) type CallerShares = Shares<Arc<str>>;

#[derive(Debug)]
struct Shared<K> {
    all: usize,
    of_one: usize,
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K> {
    all: usize,
    of_each: HashMap<K, usize>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// All are taken.
    All,
    /// Whoever asks has its share.
    Share,
}

impl<K: Eq + Hash> Shares<K> {
    /// That many, of which one has half, rounded up.
    pub(crate) fn new(all: usize) -> Self {
        let taken = Taken {
            all: 0,
            of_each: HashMap::new(),
        };
        Self(Arc::new(Shared {
            all,
            of_one: all.div_ceil(2),
            taken: Mutex::new(taken),
        }))
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.0.taken().all
    }

    /// How many there are.
    pub(crate) fn all(&self) -> usize {
        self.0.all
    }
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// A place, if there is one. Nobody in particular has no share, but all of them.
    pub(crate) fn take(&self, whose: Option<K>) -> Result<Share<K>, Full> {
        let mut taken = self.0.taken();
        if taken.all >= self.0.all {
            return Err(Full::All);
        }
        if let Some(whose) = &whose {
            let of_one = taken.of_each.get(whose).copied().unwrap_or(0);
            if of_one >= self.0.of_one {
                return Err(Full::Share);
            }
            taken.of_each.insert(whose.clone(), of_one + 1);
        }
        taken.all += 1;
        Ok(Share {
            shared: Arc::clone(&self.0),
            whose,
        })
    }
}

impl CallerShares {
    /// A place for a call of that caller. Where callers are not told apart all have all.
    pub(crate) fn take_for(&self, caller: &Caller) -> Result<Share<Arc<str>>, Full> {
        self.take((!caller.is_anybody()).then(|| caller.id().into()))
    }
}

impl<K: Eq + Hash> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Shared<K> {
    fn taken(&self) -> MutexGuard<'_, Taken<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share<K: Eq + Hash> {
    shared: Arc<Shared<K>>,
    whose: Option<K>,
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shared.taken();
        taken.all -= 1;
        let Some(whose) = self.whose.take() else {
            return;
        };
        let left = taken.of_each.remove(&whose).unwrap_or(0).saturating_sub(1);
        if left > 0 {
            taken.of_each.insert(whose, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use byline_domain::access::{CallerName, Scopes, Way};

    use super::*;

    fn caller(name: &str) -> Caller {
        Caller::new(Way::Key, &CallerName::parse(name).unwrap(), Scopes::NONE)
    }

    #[test]
    fn no_caller_has_more_than_half_and_all_others_have_the_rest() {
        for (all, half) in [(1, 1), (2, 1), (3, 2), (4, 2), (256, 128)] {
            let places = CallerShares::new(all);
            let [web, job, other] = ["web", "job", "other"].map(caller);
            let take = |caller| places.take_for(caller);
            let mut of_web: Vec<_> = (0..half).map(|_| take(&web).unwrap()).collect();
            let full = if half == all { Full::All } else { Full::Share };
            assert_eq!(take(&web).unwrap_err(), full, "of {all}");
            let of_job: Vec<_> = (half..all).map(|_| take(&job).unwrap()).collect();
            assert_eq!(take(&other).unwrap_err(), Full::All);
            assert_eq!(places.taken(), places.all());
            of_web.pop();
            of_web.push(take(&web).expect("its own is free again"));
            drop((of_web, of_job));
            let taken = places.0.taken();
            assert!(taken.all == 0 && taken.of_each.is_empty(), "{taken:?}");
        }
    }

    #[test]
    fn callers_that_are_not_told_apart_have_all_of_them() {
        let places = CallerShares::new(4);
        let anybody = Caller::anybody();
        let taken: Vec<_> = (0..4).map(|_| places.take_for(&anybody)).collect();
        assert!(taken.iter().all(Result::is_ok));
        assert_eq!(places.take_for(&anybody).unwrap_err(), Full::All);
    }
}
