mod failures;
mod stage;

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use byline_lanes::LATE;

use self::stage::*;
use super::*;
use crate::meter::Statements;

#[tokio::test(start_paused = true)]
async fn while_a_lane_is_free_a_read_is_made_at_once() {
    let stage = Stage::of(Store::default(), 2);
    let reads = stage.reads([1, 2]).await;
    assert_eq!(stage.began(), [[1], [2]]);
    stage.go_on(2).await;
    for read in reads {
        assert_eq!(told(read).await, 1);
    }
    let read = stage.read("a", 3).await;
    assert_eq!(stage.began(), [[1], [2], [3]]);
    drop(read);
}

#[tokio::test(start_paused = true)]
async fn what_arrives_meanwhile_is_the_next_statement() {
    let stage = Stage::of(Store::default(), 1);
    let reads = stage.reads([1, 2, 3, 4]).await;
    assert_eq!(stage.began(), [[1]]);
    stage.go_on(1).await;
    assert_eq!(stage.began(), [vec![1], vec![2, 3, 4]]);
    stage.go_on(1).await;
    for read in reads {
        told(read).await;
    }
    assert_eq!(stage.began().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_sees_what_was_written_before_it_though_the_same_is_being_read() {
    let stage = Stage::of(Store::default(), 1);
    let before = stage.read("a", 7).await;
    stage.store.moment.store(2, Ordering::Relaxed);
    let after = stage.read("a", 7).await;
    stage.go_on(2).await;
    assert_eq!(told(before).await, 1);
    assert_eq!(told(after).await, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_twice_is_read_once() {
    let stage = Stage::of(Store::default(), 1);
    let reads = stage.reads([1, 7, 7, 8, 7]).await;
    stage.go_on(2).await;
    assert_eq!(stage.began(), [vec![1], vec![7, 8]]);
    for read in reads {
        told(read).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_read_for_all_who_may_share_it_though_it_is_of_one_key() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = stage.reads([1, 7, 7]).await;
    stage.go_on(2).await;
    reads.extend(stage.reads([8]).await);
    stage.go_on(1).await;
    for read in reads {
        told(read).await;
    }
    assert_eq!(stage.began(), [[1], [7], [8]]);
    assert_eq!(stage.store.alone.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_read_in_another_way_is_another_statement() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = Vec::new();
    for (group, key) in [("a", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 2), ("b", 4)] {
        reads.push(stage.read(group, key).await);
    }
    assert_eq!(stage.began(), [[1], [3]]);
    stage.go_on(2).await;
    assert_eq!(stage.began()[2..], [[2, 4], [2, 4]]);
    stage.go_on(2).await;
    for read in reads {
        told(read).await;
    }
    assert!(stage.loader.0.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_gone_before_is_left_out() {
    let stage = Stage::of(Store::default(), 1);
    let reads = stage.reads([1, 2, 3]).await;
    reads[1].abort();
    settle().await;
    stage.go_on(2).await;
    assert_eq!(stage.began(), [[1], [3]]);
    assert_eq!(stage.store.given_up.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_meanwhile_takes_no_other_along_and_the_last_one_ends_the_statement() {
    let stage = Stage::of(Store::default(), 1);
    let reads = stage.reads([1, 2, 3, 4]).await;
    stage.go_on(1).await;
    reads[1].abort();
    settle().await;
    let given_up = || stage.store.given_up.load(Ordering::Relaxed);
    assert_eq!(given_up(), 0);
    reads[2].abort();
    reads[3].abort();
    settle().await;
    assert_eq!(given_up(), 1);

    // The lane is free again, for others.
    let mut reads = stage.reads([5, 6, 7]).await;
    stage.go_on(1).await;
    reads[1].abort();
    settle().await;
    stage.go_on(1).await;
    assert_eq!(given_up(), 1);
    assert_eq!(told(reads.remove(2)).await, 1);
    assert_eq!(told(reads.remove(0)).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_reads_by_itself_and_goes_gives_its_lane_to_those_who_wait() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = stage.reads([1, 2, 3]).await;
    reads[0].abort();
    settle().await;
    assert_eq!(stage.began(), [vec![1], vec![2, 3]]);
    stage.go_on(1).await;
    told(reads.remove(2)).await;
}

#[tokio::test(start_paused = true)]
async fn statements_and_their_keys_are_bounded() {
    let stage = Stage::of(Store::default(), 2);
    let keys = u64::try_from(3 * BOUNDS.most).unwrap();
    let reads = stage.reads(1_000..1_000 + keys).await;
    for _ in 0..5 {
        stage.go_on(1).await;
    }
    let sizes: Vec<_> = stage.began().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 1, BOUNDS.most, BOUNDS.most, BOUNDS.most - 2]);
    assert_eq!(stage.store.most_under_way.load(Ordering::Relaxed), 2);
    for read in reads {
        told(read).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_statement_counts_for_each_that_it_answers() {
    let store = Store {
        corrupt: HashSet::from([3]),
        ..Store::default()
    };
    let stage = Stage::of(store, 1);
    let mut reads = Vec::new();
    for key in [1, 2, 3, 4] {
        let loader = stage.loader.clone();
        reads.push(tokio::spawn(async move {
            let statements = Statements::default();
            let answer = statements.count_in(loader.load("a", key)).await;
            (answer.is_ok(), statements.get())
        }));
        settle().await;
    }
    stage.go_on(100).await;
    assert_eq!(
        stage.began(),
        [
            vec![1],
            vec![2, 3, 4],
            vec![2],
            vec![3, 4],
            vec![3],
            vec![4]
        ]
    );
    let mut counted = Vec::new();
    for read in reads {
        counted.push(read.await.unwrap());
    }
    assert_eq!(counted, [(true, 1), (true, 2), (false, 3), (true, 3)]);
}

#[tokio::test(start_paused = true)]
async fn without_the_direct_way_every_read_waits_its_turn() {
    let store = Arc::new(Store::default());
    let loader = Loader::new(Arc::clone(&store), BOUNDS.queued());
    store.go_on.add_permits(1);
    assert_eq!(loader.load("a", 1).await.unwrap(), 1);
    assert_eq!(store.began(), [[1]]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_statement_that_is_late_is_given_another_lane() {
    let stage = Stage::of(Store::default(), 1);
    let mut reads = stage.reads([1, 2, 3]).await;
    tokio::time::advance(LATE / 2).await;
    settle().await;
    assert_eq!(stage.began(), [[1]]);
    reads.extend(stage.reads([4]).await);
    tokio::time::advance(LATE / 2).await;
    settle().await;
    assert_eq!(stage.began(), [vec![1], vec![2, 3, 4]]);

    // What arrives now waits for the lane that was lent, which is late in its turn.
    reads.extend(stage.reads([5]).await);
    tokio::time::advance(LATE).await;
    settle().await;
    assert_eq!(stage.began().len(), 3);

    // As those end that were late, there is one lane again.
    reads.extend(stage.reads([6, 7]).await);
    stage.go_on(2).await;
    assert_eq!(stage.began().len(), 3);
    stage.go_on(1).await;
    assert_eq!(stage.began()[3..], [[6, 7]]);
    stage.go_on(1).await;
    for read in reads {
        told(read).await;
    }
    assert!(stage.loader.0.is_idle());
}
