//! The audit log of what made many resources at once.

use std::ops::RangeInclusive;

use chrono::TimeDelta;
use uuid::Uuid;

use super::Ports;
use super::audit::{keep, listed, numbers, origin};
use crate::audit::{Action, AuditEvent, Deed, Origin};
use crate::filter::parse_events;
use crate::page::{PageRequest, PageSize};
use crate::sweep::Expired;
use crate::testing::fixtures::{post_id, time, user_id};

fn made(numbers: RangeInclusive<u64>) -> impl Iterator<Item = Deed> {
    numbers.map(|number| Deed::to_user(Action::UserCreated, user_id(number)))
}

fn changed(number: u64) -> Deed {
    Deed::to_user(Action::UserUpdated, user_id(number)).changing(vec!["name"])
}

/// More than go together, with others before, between and behind them.
async fn keep_many(ports: &Ports) {
    let mut deeds = vec![changed(1)];
    deeds.extend(made(2..=250));
    deeds.push(changed(251));
    deeds.extend(made(252..=260));
    deeds.push(Deed::to_post(Action::PostCreated, post_id(261)));
    deeds.push(Deed::to_post(Action::PostCreated, post_id(262)));
    keep(ports, "a", time(5), deeds).await;
}

pub async fn each_of_many_has_an_event_in_the_order_in_which_they_were_made(ports: Ports) {
    keep_many(&ports).await;
    let events = listed(&ports, "").await;
    let newest_first: Vec<_> = (1..=262).rev().collect();
    assert_eq!(numbers(&events), newest_first);
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    assert!(ids.is_sorted_by(|one, next| one > next));
    assert!(ids.iter().all(|id| id.get_version_num() == 7));
    let of = |number: usize| &events[262 - number];
    assert_eq!(
        *of(100),
        AuditEvent {
            id: of(100).id,
            occurred_at: time(5),
            caller: "a".to_owned(),
            peer: Some("192.0.2.7".to_owned()),
            request_id: Some("call-of-a".to_owned()),
            method: "UserService/UpdateUser".to_owned(),
            action: "user.created".to_owned(),
            resource_kind: "user".to_owned(),
            resource_id: user_id(100).as_uuid(),
            fields: Vec::new(),
            count: None,
        }
    );
    for (number, action, kind) in [
        (1, "user.updated", "user"),
        (251, "user.updated", "user"),
        (260, "user.created", "user"),
        (262, "post.created", "post"),
    ] {
        let told = (&*of(number).action, &*of(number).resource_kind);
        assert_eq!(told, (action, kind));
    }
    assert_eq!(of(251).fields, ["name"]);
}

pub async fn what_was_made_by_others_or_otherwise_is_told_apart(ports: Ports) {
    let fields = ["email", "name", "name"];
    let deeds = made(11..=13).zip(fields);
    let mut deeds: Vec<_> = deeds
        .map(|(deed, field)| deed.changing(vec![field]))
        .collect();
    deeds.push(Deed::to_post(Action::PostCreated, post_id(14)).changing(vec!["name"]));
    keep(&ports, "c", time(4), deeds).await;
    let told = listed(&ports, "").await;
    let told = told.iter().map(|it| (&*it.action, it.fields.concat()));
    let expected = [
        ("post.created", "name"),
        ("user.created", "name"),
        ("user.created", "name"),
        ("user.created", "email"),
    ];
    let expected = expected.map(|(action, field)| (action, field.to_owned()));
    assert_eq!(told.collect::<Vec<_>>(), expected);

    let mut unit = ports.begin().await;
    let fields = ["email", "name", "name", "name"];
    for (deed, field) in made(1..=4).zip(fields) {
        unit.audit().note(deed.changing(vec![field]));
    }
    let origins = [(1, "a"), (2, "a"), (3, "b"), (4, "b")]
        .map(|(number, caller)| (user_id(number).as_uuid(), origin(caller)));
    let kept = unit.audit().keep_each(&origins, time(5)).await;
    kept.expect("what was noted is kept");
    unit.commit().await.expect("a sound unit is committed");
    let events = listed(&ports, "caller != c").await;
    assert_eq!(numbers(&events), [4, 3, 2, 1]);
    let told = events.iter().map(|it| (&*it.caller, it.fields.concat()));
    let told: Vec<_> = told.collect();
    let expected = [("b", "name"), ("b", "name"), ("a", "name"), ("a", "email")]
        .map(|(caller, field)| (caller, field.to_owned()));
    assert_eq!(told, expected);
}

pub async fn a_filter_finds_one_of_many(ports: Ports) {
    keep_many(&ports).await;
    let nobody = Origin {
        peer: None,
        request_id: None,
        ..origin("b")
    };
    let mut unit = ports.begin().await;
    made(301..=303).for_each(|deed| unit.audit().note(deed));
    let kept = unit.audit().keep(&nobody, time(6)).await;
    kept.expect("what was noted is kept");
    unit.commit().await.expect("a sound unit is committed");
    // Made anew, after it had gone.
    keep(&ports, "a", time(7), made(7..=8).collect()).await;
    let id = |number| user_id(number).as_uuid();
    for (filter, expected) in [
        (format!("resource_id = {}", id(100)), &[100][..]),
        (format!("resource_id = {}", id(1)), &[1]),
        (format!("resource_id = {}", id(7)), &[7, 7]),
        (format!("resource_id = {}", id(999)), &[]),
        (
            format!(
                "resource_id = {} OR resource_id = {} OR resource_id = {}",
                id(302),
                id(251),
                id(2)
            ),
            &[302, 251, 2],
        ),
        (format!("caller = a AND resource_id = {}", id(302)), &[]),
        (
            format!(
                "caller = b AND NOT resource_id = {} AND resource_id != {}",
                id(302),
                id(1)
            ),
            &[303, 301],
        ),
        (
            "request_id:* AND occurred_at > 2000-01-01T00:00:00Z AND resource_kind = post"
                .to_owned(),
            &[262, 261],
        ),
        ("NOT request_id:*".to_owned(), &[303, 302, 301]),
        ("NOT peer:* AND action = user.updated".to_owned(), &[]),
        (
            format!("caller = b OR resource_id = {}", id(250)),
            &[303, 302, 301, 250],
        ),
    ] {
        let found = listed(&ports, &filter).await;
        assert_eq!(numbers(&found), expected, "{filter}");
    }
}

/// Walks by pages of so many, and returns the numbers that are met.
async fn walk(ports: &Ports, filter: &str, size: i32) -> Vec<u64> {
    let meets = parse_events(filter, time(0)).expect("a valid filter");
    let mut request = PageRequest::first(PageSize::from_request(size).expect("a size"));
    let mut met = Vec::new();
    loop {
        let page = ports.audit.list(meets.as_ref(), &request).await;
        let page = page.expect("events are read");
        met.extend(numbers(&page.items));
        request.after = page.next;
        if request.after.is_none() {
            return met;
        }
        assert_eq!(page.items.len(), request.size.get());
    }
}

pub async fn pages_meet_each_of_many_once(ports: Ports) {
    keep_many(&ports).await;
    // At the same moment, by another call.
    keep(&ports, "b", time(5), made(301..=330).collect()).await;
    keep(&ports, "b", time(6), made(331..=340).collect()).await;
    // Which of the calls of one moment comes first is up to their ids.
    let all = numbers(&listed(&ports, "").await);
    assert_eq!(all.len(), 302);
    let others = [1, 251, 261, 262];
    for size in [1, 7, 99, 100, 101, 300] {
        assert_eq!(walk(&ports, "", size).await, all, "{size}");
        let made: Vec<_> = all.iter().filter(|it| !others.contains(it)).collect();
        let met = walk(&ports, "action = user.created", size).await;
        assert_eq!(met.iter().collect::<Vec<_>>(), made, "{size}");
        let changed = walk(&ports, "action = user.updated", size).await;
        assert_eq!(changed, [251, 1], "{size}");
        let theirs: Vec<_> = (301..=340).rev().collect();
        assert_eq!(walk(&ports, "caller = b", size).await, theirs, "{size}");
        let few = [260, 100, 99, 1].map(|number| format!("resource_id = {}", user_id(number)));
        let few = walk(&ports, &few.join(" OR "), size).await;
        assert_eq!(few, [260, 100, 99, 1], "{size}");
        let either = format!("caller = b OR resource_id = {}", user_id(7));
        let met = walk(&ports, &either, size).await;
        assert_eq!((met.len(), met.contains(&7)), (41, true), "{size}");
    }
}

pub async fn a_page_can_skip_some_of_many(ports: Ports) {
    keep_many(&ports).await;
    let mut request = PageRequest::first(PageSize::from_request(5).expect("a size"));
    for (skip, first) in [(3, 259), (100, 162), (259, 3)] {
        request.skip = skip;
        for filter in ["", "caller : a", "request_id : call OR peer = x"] {
            let meets = parse_events(filter, time(0)).expect("a valid filter");
            let page = ports.audit.list(meets.as_ref(), &request).await;
            let page = page.expect("events are read");
            let expected: Vec<_> = (1..=first).rev().take(5).collect();
            assert_eq!(numbers(&page.items), expected, "{filter}");
            assert_eq!(page.next.is_some(), first > 5, "{filter}");
        }
    }
}

pub async fn many_go_when_their_time_has_come_and_not_before(ports: Ports) {
    // Older than what is kept in any case, whenever this is run.
    let long_ago = |second: i64| time(second) - TimeDelta::days(4_000);
    keep(&ports, "a", long_ago(1), made(1..=120).collect()).await;
    keep(&ports, "a", long_ago(2), vec![changed(121)]).await;
    keep(&ports, "a", long_ago(9), made(122..=124).collect()).await;
    let due = ports.sweeper.count_due(Expired::AuditEvents, long_ago(5));
    assert_eq!(due.await.expect("a count"), 121);
    let mut gone = 0;
    loop {
        let swept = ports
            .sweeper
            .sweep(Expired::AuditEvents, long_ago(5), 40)
            .await;
        let swept = swept.expect("a sweep").expect("nobody else sweeps");
        gone += swept;
        if swept < 40 {
            break;
        }
    }
    assert_eq!(gone, 121);
    assert_eq!(numbers(&listed(&ports, "").await), [124, 123, 122]);
    let none = ports.sweeper.count_due(Expired::AuditEvents, long_ago(5));
    assert_eq!(none.await.expect("a count"), 0);
}

pub async fn ids_of_events_are_never_those_of_others(ports: Ports) {
    for second in 0..3 {
        keep(&ports, "a", time(second), made(1..=150).collect()).await;
        keep(&ports, "a", time(second), vec![changed(1)]).await;
    }
    let events = listed(&ports, "").await;
    let mut ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 453);
}
