use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::*;

/// Notes what it did together, each time a test lets it. Work 0 panics, and work from 100 on is
/// handed back where there is other work.
#[derive(Default)]
struct Notes {
    done: Mutex<Vec<Vec<u32>>>,
    go_on: Option<Semaphore>,
}

impl Together for Arc<Notes> {
    type Kind = &'static str;
    type Work = u32;
    type Answer = u32;

    async fn work(
        &self,
        _kind: &Arc<&'static str>,
        mut waiting: Vec<Waiting<u32, u32>>,
    ) -> Vec<Waiting<u32, u32>> {
        if let Some(go_on) = &self.go_on {
            go_on.acquire().await.unwrap().forget();
        }
        let mut left = Vec::new();
        if waiting.iter().any(|it| it.work < 100) {
            left = waiting.extract_if(.., |it| it.work >= 100).collect();
        }
        let work: Vec<_> = waiting.iter().map(|it| it.work).collect();
        assert!(!work.contains(&0), "as the test says");
        self.done.lock().unwrap().push(work);
        for Waiting { work, answer } in waiting {
            let _ = answer.send(work);
        }
        left
    }
}

const ONE: Bounds = Bounds {
    at_once: 1,
    most: 10,
    is_direct: true,
};

async fn turn(lanes: &Lanes<Arc<Notes>>, work: u32) -> Turn<Arc<Notes>> {
    lanes.turn(Arc::new("a"), || work).await
}

async fn later(lanes: &Lanes<Arc<Notes>>, work: u32) -> Place<Arc<Notes>> {
    match turn(lanes, work).await {
        Turn::Now(_) => panic!("no lane is to be free"),
        Turn::Later(place) => place,
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_back_is_done_next_and_before_all_others() {
    let notes = Arc::new(Notes::default());
    let lanes = Lanes::new(Arc::clone(&notes), ONE);
    let lane = turn(&lanes, 1).await;
    let work = [2, 100, 3, 101, 4, 102];
    let mut places = Vec::new();
    for work in work {
        places.push(later(&lanes, work).await);
    }
    drop(lane);
    for (place, work) in places.into_iter().zip(work) {
        assert_eq!(place.told().await.unwrap(), work);
    }
    let done = notes.done.lock().unwrap();
    assert_eq!(*done, [vec![2, 3, 4], vec![100, 101, 102]]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_while_work_begins_goes_along() {
    let notes = Arc::new(Notes::default());
    let lanes = Lanes::new(Arc::clone(&notes), ONE);
    let lane = turn(&lanes, 1).await;
    let first = later(&lanes, 2).await;
    drop(lane);
    let second = later(&lanes, 3).await;
    assert_eq!(first.told().await.unwrap(), 2);
    assert_eq!(second.told().await.unwrap(), 3);
    assert_eq!(*notes.done.lock().unwrap(), [[2, 3]]);
    tokio::task::yield_now().await;
    assert!(lanes.is_idle());
}

#[tokio::test(start_paused = true)]
async fn who_comes_along_with_whoever_finds_a_lane_free_is_done_with_them() {
    let notes = Arc::new(Notes::default());
    let lanes = Lanes::new(Arc::clone(&notes), ONE);
    let (first, second) = tokio::join!(turn(&lanes, 1), turn(&lanes, 2));
    // Others have gone on once: they are not waited for again.
    tokio::task::yield_now().await;
    assert_eq!(*notes.done.lock().unwrap(), [[1, 2]]);
    for (turn, work) in [(first, 1), (second, 2)] {
        let Turn::Later(place) = turn else {
            panic!("{work} is done by itself");
        };
        assert_eq!(place.told().await.unwrap(), work);
    }
    assert!(lanes.is_idle());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_before_others_are_heard_has_them_begin() {
    let notes = Arc::new(Notes::default());
    let lanes = Lanes::new(Arc::clone(&notes), ONE);
    let mut first = Box::pin(turn(&lanes, 1));
    let is_pending = poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_pending()));
    assert!(is_pending.await, "others are let go on first");
    let second = later(&lanes, 2).await;
    drop(first);
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(*notes.done.lock().unwrap(), [[2]]);
    assert_eq!(second.told().await.unwrap(), 2);
    assert!(lanes.is_idle());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_once_others_were_heard_has_them_begin() {
    let notes = Arc::new(Notes::default());
    let lanes = Lanes::new(Arc::clone(&notes), ONE);
    let (first, second) = tokio::join!(turn(&lanes, 1), turn(&lanes, 2));
    drop(first);
    let Turn::Later(second) = second else {
        panic!("it is done by itself");
    };
    assert_eq!(second.told().await.unwrap(), 2);
    assert_eq!(*notes.done.lock().unwrap(), [[2]]);
    assert!(lanes.is_idle());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_before_others_are_heard_gives_the_lane_back() {
    let notes = Arc::new(Notes::default());
    let lanes = Lanes::new(Arc::clone(&notes), ONE);
    tokio::select! {
        biased;
        _ = turn(&lanes, 1) => panic!("others are let go on first"),
        () = std::future::ready(()) => {}
    }
    assert!(lanes.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_lane_is_given_back_if_who_waited_leaves_before_it_begins() {
    let notes = Arc::new(Notes::default());
    let lanes = Lanes::new(Arc::clone(&notes), ONE);
    let lane = turn(&lanes, 1).await;
    let place = later(&lanes, 2).await;
    drop(lane);
    drop(place);
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    assert!(lanes.is_idle());
    assert!(notes.done.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_is_late_holds_nobody_up_who_comes_after() {
    let lanes = Lanes::new(Arc::new(Notes::default()), ONE);
    let late = turn(&lanes, 1).await;
    let place = later(&lanes, 2).await;
    tokio::time::advance(LATE).await;
    // Whoever has waited goes along.
    let along = later(&lanes, 3).await;
    assert_eq!(place.told().await.unwrap(), 2);
    assert_eq!(along.told().await.unwrap(), 3);
    let mut hanging = vec![late];
    for work in 4..7 {
        let next = turn(&lanes, work).await;
        assert!(matches!(next, Turn::Now(_)), "{work}");
        hanging.push(next);
        tokio::time::advance(LATE).await;
    }
    drop(hanging);
    assert!(lanes.is_idle());
}

#[tokio::test(start_paused = true)]
async fn work_that_panics_gives_its_lane_back() {
    let lanes = Lanes::new(Arc::new(Notes::default()), ONE);
    let lane = turn(&lanes, 1).await;
    let place = later(&lanes, 0).await;
    drop(lane);
    assert!(place.told().await.is_err());
    drop(turn(&lanes, 2).await);
    assert!(lanes.is_idle());
}

#[tokio::test]
async fn a_lane_that_ends_outside_of_a_runtime_is_given_back_and_who_waits_goes_on() {
    let lanes = Lanes::new(Arc::new(Notes::default()), ONE);
    let lane = turn(&lanes, 1).await;
    let place = later(&lanes, 2).await;
    std::thread::spawn(move || drop(lane)).join().unwrap();
    let told = tokio::time::timeout(Duration::from_secs(10), place.told());
    assert_eq!(told.await.unwrap().unwrap(), 2);
    tokio::task::yield_now().await;
    assert!(lanes.is_idle());
}

#[tokio::test(start_paused = true)]
async fn who_waits_behind_work_that_hangs_is_given_another_lane_though_nobody_else_comes() {
    let notes = Arc::new(Notes {
        go_on: Some(Semaphore::new(0)),
        ..Notes::default()
    });
    let bounds = Bounds { most: 1, ..ONE };
    let lanes = Lanes::new(Arc::clone(&notes), bounds);
    let lane = turn(&lanes, 1).await;
    let mut places = Vec::new();
    for work in [2, 3, 4] {
        places.push(tokio::spawn(later(&lanes, work).await.told()));
    }
    drop(lane);
    // Each hangs in a lane of its own, of which one is taken whenever the last is late.
    tokio::time::sleep(LATE * 5).await;
    notes.go_on.as_ref().unwrap().add_permits(3);
    for place in places {
        place.await.unwrap().unwrap();
    }
    assert_eq!(notes.done.lock().unwrap().len(), 3);
}
