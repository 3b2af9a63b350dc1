//! How the failures of accounts and callers are counted.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Ports;
use super::support::precise;
use crate::credential::{AccountKey, FREE_FAILURES, Taken};
use crate::sweep::Expired;
use crate::testing::fixtures::{email, time, user_id};

/// More than any case takes.
const MANY: u32 = 1_000;

fn account(number: u64) -> AccountKey {
    AccountKey::User(user_id(number))
}

fn nobody(address: &str) -> AccountKey {
    AccountKey::Nobody(email(address))
}

impl Ports {
    async fn takes(&self, caller: &str, account: &AccountKey, most: u32, seconds: i64) -> Taken {
        let taken = self.throttle.take(caller, account, most, time(seconds));
        taken.await.expect("an attempt is counted")
    }

    async fn gives_back(&self, caller: &str, account: &AccountKey) {
        let done = self.throttle.give_back(caller, account).await;
        done.expect("an attempt is given back");
    }

    async fn forgotten(&self, seconds: i64) -> u64 {
        let due = self.sweeper.count_due(Expired::Throttles, time(seconds));
        due.await.expect("a count")
    }
}

pub async fn after_five_failures_each_doubles_the_wait(ports: Ports) {
    let mut now = 0;
    for _ in 0..FREE_FAILURES {
        assert_eq!(
            ports.takes("a", &account(1), MANY, now).await,
            Taken::Counted
        );
    }
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        assert_eq!(
            ports.takes("a", &account(1), MANY, now).await,
            Taken::Counted
        );
        let last = ports.takes("a", &account(1), MANY, now + wait - 1).await;
        assert_eq!(last, Taken::AccountWaits, "{wait} s");
        now += wait;
    }
    assert_eq!(
        ports.takes("a", &account(1), MANY, now).await,
        Taken::Counted
    );
}

pub async fn a_wait_ends_to_the_microsecond_however_often_it_is_tried(ports: Ports) {
    for _ in 0..=FREE_FAILURES {
        ports.takes("a", &account(1), MANY, 0).await;
    }
    for _ in 0..20 {
        assert_eq!(
            ports.takes("a", &account(1), MANY, 0).await,
            Taken::AccountWaits
        );
    }
    for (at, expected) in [
        (precise(0, 999_999), Taken::AccountWaits),
        (precise(1, 0), Taken::Counted),
        (precise(2, 999_999), Taken::AccountWaits),
        (precise(3, 0), Taken::Counted),
    ] {
        let taken = ports.throttle.take("a", &account(1), MANY, at).await;
        assert_eq!(taken.expect("an attempt is counted"), expected);
    }
}

pub async fn failures_are_forgotten_an_hour_after_the_wait(ports: Ports) {
    for number in [1, 2] {
        for _ in 0..=FREE_FAILURES {
            ports.takes("a", &account(number), MANY, 0).await;
        }
    }
    // The sixth waits until second 1.
    assert_eq!(
        ports.takes("a", &account(1), MANY, 3_600).await,
        Taken::Counted
    );
    assert_eq!(
        ports.takes("a", &account(1), MANY, 3_601).await,
        Taken::AccountWaits
    );
    for _ in 0..=FREE_FAILURES {
        assert_eq!(
            ports.takes("a", &account(2), MANY, 3_601).await,
            Taken::Counted
        );
    }
    let taken = ports.takes("a", &account(2), MANY, 3_601).await;
    assert_eq!(taken, Taken::AccountWaits);
}

pub async fn accounts_are_told_apart_and_addresses_in_no_letter_case(ports: Ports) {
    let accounts = [account(1), account(2), nobody("a@b.c"), nobody("b@b.c")];
    for (number, account) in (0..).zip(&accounts) {
        for _ in 0..=FREE_FAILURES {
            let taken = ports.takes("a", account, MANY, 0).await;
            assert_eq!(taken, Taken::Counted, "account {number}");
        }
        assert_eq!(
            ports.takes("b", account, MANY, 0).await,
            Taken::AccountWaits
        );
    }
    let taken = ports.takes("a", &nobody("A@B.c"), MANY, 0).await;
    assert_eq!(taken, Taken::AccountWaits);
}

pub async fn what_is_given_back_was_no_failure(ports: Ports) {
    for _ in 0..20 {
        assert_eq!(ports.takes("a", &account(1), 2, 0).await, Taken::Counted);
        ports.gives_back("a", &account(1)).await;
    }
    for _ in 0..FREE_FAILURES {
        ports.takes("a", &account(1), MANY, 0).await;
        ports.takes("a", &account(2), MANY, 0).await;
    }
    ports.gives_back("a", &account(1)).await;
    for _ in 0..=FREE_FAILURES {
        assert_eq!(ports.takes("a", &account(1), MANY, 0).await, Taken::Counted);
    }
    // Of the other one nothing was given back.
    assert_eq!(ports.takes("a", &account(2), MANY, 0).await, Taken::Counted);
    assert_eq!(
        ports.takes("a", &account(2), MANY, 0).await,
        Taken::AccountWaits
    );
    // Nor is there anything to be given back of one who never tried.
    ports.gives_back("b", &account(3)).await;
    assert_eq!(ports.takes("b", &account(3), 1, 0).await, Taken::Counted);
}

pub async fn a_caller_waits_for_the_end_of_the_minute_and_keeps_nobody_else_waiting(ports: Ports) {
    for number in 0..3 {
        assert_eq!(
            ports.takes("a", &account(number), 3, 7).await,
            Taken::Counted
        );
    }
    let waits = Taken::CallerWaits { until: time(67) };
    for second in [7, 30, 66] {
        assert_eq!(ports.takes("a", &account(9), 3, second).await, waits);
    }
    assert_eq!(ports.takes("b", &account(9), 3, 66).await, Taken::Counted);
    assert_eq!(ports.takes("a", &account(9), 3, 67).await, Taken::Counted);
    for _ in 0..FREE_FAILURES {
        ports.takes("b", &account(9), MANY, 67).await;
    }
    // One that is not compared is a failure of the caller too.
    assert_eq!(
        ports.takes("a", &account(9), 3, 67).await,
        Taken::AccountWaits
    );
    assert_eq!(ports.takes("a", &account(8), 3, 67).await, Taken::Counted);
    let waits = Taken::CallerWaits { until: time(127) };
    assert_eq!(ports.takes("a", &account(8), 3, 67).await, waits);
}

pub async fn a_caller_who_waits_makes_nothing_to_be_kept(ports: Ports) {
    for number in 0..20 {
        let address = format!("{number}@example.com");
        ports.takes("a", &nobody(&address), 4, 0).await;
    }
    // Four accounts, and the caller.
    assert_eq!(ports.forgotten(24 * 3_600).await, 5);
    for _ in 0..20 {
        ports.takes("a", &account(1), 4, 1).await;
    }
    assert_eq!(ports.takes("b", &account(1), 4, 1).await, Taken::Counted);
}

pub async fn what_is_forgotten_is_swept_and_nothing_else(ports: Ports) {
    ports.takes("a", &account(1), MANY, 0).await;
    ports.takes("a", &account(2), MANY, 100).await;
    assert_eq!(ports.forgotten(59).await, 0);
    // The caller is counted anew from second 100 on.
    assert_eq!(ports.forgotten(159).await, 0);
    assert_eq!(ports.forgotten(160).await, 1);
    assert_eq!(ports.forgotten(3_600).await, 2);
    assert_eq!(ports.forgotten(3_700).await, 3);
    let sweep = async |seconds, limit| {
        let swept = ports
            .sweeper
            .sweep(Expired::Throttles, time(seconds), limit);
        swept.await.expect("a sweep").expect("nobody else sweeps")
    };
    assert_eq!(sweep(159, 10).await, 0);
    assert_eq!(sweep(3_700, 1).await, 1);
    assert_eq!(ports.forgotten(3_700).await, 2);
    // What has been forgotten for longest went first.
    assert_eq!(ports.forgotten(3_600).await, 1);
    assert_eq!(sweep(3_700, 10).await, 2);
    assert_eq!(ports.forgotten(3_700).await, 0);
}

pub async fn of_50_at_once_no_more_are_counted_than_one_after_the_other(ports: Ports) {
    let start = Arc::new(Barrier::new(50));
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (ports, start) = (ports.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            ports.takes("a", &account(1), MANY, 0).await
        });
    }
    let taken = tasks.join_all().await;
    let counted = taken.iter().filter(|taken| **taken == Taken::Counted);
    assert_eq!(counted.count(), 6);
    assert_eq!(ports.takes("a", &account(2), 51, 1).await, Taken::Counted);
    let taken = ports.takes("a", &account(2), 51, 1).await;
    assert_eq!(taken, Taken::CallerWaits { until: time(60) });
}

pub async fn those_that_are_taken_and_given_back_at_once_are_in_nobodys_way(ports: Ports) {
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let ports = ports.clone();
        tasks.spawn(async move {
            for _ in 0..10 {
                ports.takes("a", &account(number % 4), MANY, 0).await;
                ports.gives_back("a", &account(number % 4)).await;
            }
        });
    }
    tasks.join_all().await;
    // All was given back.
    assert_eq!(ports.takes("a", &account(1), 1, 0).await, Taken::Counted);
}
