//! Where it is kept what each has used up: governor's own stores have no bound.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

/// States by the hash of whose they are, up to a number of them.
pub(super) struct Recent {
    most: usize,
    states: Mutex<States>,
}

#[derive(Default)]
struct States {
    of_each: HashMap<u64, Nanos>,
    /// That of all for whom there is no room.
    of_others: Option<Nanos>,
}

impl Recent {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            states: Mutex::default(),
        }
    }

    fn states(&self) -> MutexGuard<'_, States> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateStore for Recent {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut states = self.states();
        let known = states.of_each.get(key).copied();
        let has_room = known.is_some() || states.of_each.len() < self.most;
        let before = if has_room { known } else { states.of_others };
        let (answer, after) = measure(before)?;
        if has_room {
            states.of_each.insert(*key, after);
        } else {
            states.of_others = Some(after);
        }
        Ok(answer)
    }
}

impl ShrinkableKeyedStateStore<u64> for Recent {
    fn retain_recent(&self, drop_below: Nanos) {
        self.states().of_each.retain(|_, state| *state > drop_below);
    }

    fn shrink_to_fit(&self) {
        self.states().of_each.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.states().of_each.len()
    }

    fn is_empty(&self) -> bool {
        self.states().of_each.is_empty()
    }
}
