//! Calls over many connections while something happens to the database.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use byline_persistence::testing::TestDatabase;

use crate::player::{Played, Player};
use crate::recording::Recording;

/// As many as keep two processors busy.
const PLAYERS: usize = 4;

/// What became of the calls.
pub(crate) struct Traffic {
    played: Vec<Played>,
    /// When what happened began, and when it was over.
    during: (Instant, Instant),
}

/// Has calls made before, while and after that happens.
pub(crate) async fn under_traffic(
    test: &TestDatabase,
    recording: &Recording,
    happens: impl Future<Output = ()>,
) -> Traffic {
    let server = test.connect_options();
    let over = AtomicBool::new(false);
    let rounds = AtomicUsize::new(0);
    let playing = futures_util::future::join_all((0..PLAYERS).map(|_| async {
        let mut player = Player::connect(&server, recording).await;
        let mut all = player.round().await;
        rounds.fetch_add(1, Ordering::Relaxed);
        while !over.load(Ordering::Relaxed) {
            all.extend(player.round().await);
        }
        // One more on what there is now.
        all.extend(player.round().await);
        all
    }));
    let happening = async {
        while rounds.load(Ordering::Relaxed) < PLAYERS {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let began = Instant::now();
        happens.await;
        let ended = Instant::now();
        over.store(true, Ordering::Relaxed);
        (began, ended)
    };
    let (played, during) = tokio::join!(playing, happening);
    Traffic {
        played: played.into_iter().flatten().collect(),
        during,
    }
}

impl Traffic {
    pub(crate) fn failures(&self) -> Vec<String> {
        let failed = self.played.iter().filter_map(|played| {
            let failure = played.failure.as_ref()?;
            Some(format!(
                "{} after {:?}: {failure}",
                played.name, played.took
            ))
        });
        failed.collect()
    }

    /// No call failed, and some were under way meanwhile.
    pub(crate) fn assert_fine(&self, what: &str) {
        let failures = self.failures();
        assert!(failures.is_empty(), "{what}: {failures:#?}");
        let (began, ended) = self.during;
        let meanwhile = self
            .played
            .iter()
            .filter(|played| played.began <= ended && played.began + played.took >= began);
        assert!(
            meanwhile.count() >= PLAYERS / 2,
            "{what}: nobody called meanwhile"
        );
    }
}
