//! The audit log.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::Ports;
use crate::audit::{Action, AuditEvent, Deed, Origin};
use crate::error::RepositoryError;
use crate::filter::parse_events;
use crate::lifecycle::{Lifecycle, Version};
use crate::page::{PageRequest, PageSize};
use crate::sweep::Expired;
use crate::testing::fixtures::{post, post_id, time, user, user_id};
use crate::unit_of_work::UnitOfWork;

pub(super) fn origin(caller: &str) -> Origin {
    Origin {
        caller: caller.to_owned(),
        peer: Some("192.0.2.7".to_owned()),
        request_id: Some(format!("call-of-{caller}")),
        method: "UserService/UpdateUser",
    }
}

fn to_user(number: u64) -> Deed {
    Deed::to_user(Action::UserUpdated, user_id(number))
}

pub(super) async fn keep(ports: &Ports, caller: &str, now: DateTime<Utc>, deeds: Vec<Deed>) {
    let mut unit = ports.begin().await;
    for deed in deeds {
        unit.audit().note(deed);
    }
    let kept = unit.audit().keep(&origin(caller), now).await;
    kept.expect("what was noted is kept");
    unit.commit().await.expect("a sound unit is committed");
}

/// Those that the filter means, the newest first.
pub(super) async fn listed(ports: &Ports, filter: &str) -> Vec<AuditEvent> {
    let meets = parse_events(filter, time(0)).expect("a valid filter");
    let page = PageRequest::first(PageSize::MAX);
    let page = ports.audit.list(meets.as_ref(), &page).await;
    page.expect("events are read").items
}

/// The numbers of the users that they are about.
pub(super) fn numbers(events: &[AuditEvent]) -> Vec<u64> {
    let ids = events.iter().map(|event| event.resource_id);
    ids.map(|id| id.as_u64_pair().1 & u64::from(u32::MAX))
        .collect()
}

pub async fn what_was_kept_is_listed_as_it_was_noted(ports: Ports) {
    let deed = to_user(1).changing(vec!["email", "name"]);
    keep(&ports, "key:web", time(5), vec![deed]).await;
    let many = Deed::to_posts_of(Action::PostsGiven, user_id(2), 7);
    keep(&ports, "key:web", time(6), vec![many]).await;
    let events = listed(&ports, "").await;
    let [many, one] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(
        *one,
        AuditEvent {
            id: one.id,
            occurred_at: time(5),
            caller: "key:web".to_owned(),
            peer: Some("192.0.2.7".to_owned()),
            request_id: Some("call-of-key:web".to_owned()),
            method: "UserService/UpdateUser".to_owned(),
            action: "user.updated".to_owned(),
            resource_kind: "user".to_owned(),
            resource_id: user_id(1).as_uuid(),
            fields: vec!["email".to_owned(), "name".to_owned()],
            count: None,
        }
    );
    assert_eq!(one.id.get_version_num(), 7);
    let told = (many.action.as_str(), many.resource_kind.as_str());
    assert_eq!(told, ("posts.given", "user"));
    let told = (many.resource_id, many.count);
    assert_eq!(told, (user_id(2).as_uuid(), Some(7)));
    assert!(many.fields.is_empty());
}

pub async fn of_one_unit_what_was_noted_last_comes_first(ports: Ports) {
    keep(&ports, "a", time(5), (1..=20).map(to_user).collect()).await;
    let newest_first: Vec<_> = (1..=20).rev().collect();
    assert_eq!(numbers(&listed(&ports, "").await), newest_first);
}

pub async fn each_is_kept_as_done_by_its_own_origin(ports: Ports) {
    let mut unit = ports.begin().await;
    for number in [3, 1, 2, 3] {
        unit.audit().note(to_user(number));
    }
    let nameless = Origin {
        peer: None,
        request_id: None,
        ..origin("c")
    };
    let origins = [(1, origin("a")), (2, origin("b")), (3, nameless)]
        .map(|(number, origin)| (user_id(number).as_uuid(), origin));
    let kept = unit.audit().keep_each(&origins, time(5)).await;
    kept.expect("what was noted is kept");
    unit.commit().await.expect("a sound unit is committed");
    let events = listed(&ports, "").await;
    assert_eq!(numbers(&events), [3, 2, 1, 3]);
    let callers: Vec<_> = events.iter().map(|event| event.caller.as_str()).collect();
    assert_eq!(callers, ["c", "b", "a", "c"]);
    let calls: Vec<_> = events
        .iter()
        .map(|event| event.request_id.clone())
        .collect();
    let of = |caller| Some(format!("call-of-{caller}"));
    assert_eq!(calls, [None, of("b"), of("a"), None]);
    assert!(events.iter().all(|event| event.occurred_at == time(5)));
}

pub async fn what_was_noted_of_no_origin_is_not_kept(ports: Ports) {
    let mut unit = ports.begin().await;
    unit.audit().note(to_user(1));
    unit.audit().note(to_user(2));
    let origins = [(user_id(1).as_uuid(), origin("a"))];
    let refused = unit.audit().keep_each(&origins, time(5)).await;
    assert!(matches!(refused, Err(RepositoryError::Internal(_))));
    drop(unit);
    assert!(listed(&ports, "").await.is_empty());
}

pub async fn a_unit_that_is_rolled_back_leaves_no_event(ports: Ports) {
    let mut unit = ports.begin().await;
    unit.audit().note(to_user(1));
    let kept = unit.audit().keep(&origin("a"), time(5)).await;
    kept.expect("what was noted is kept");
    unit.rollback().await.expect("a unit is rolled back");
    let mut unit = ports.begin().await;
    unit.audit().note(to_user(2));
    drop(unit);
    keep(&ports, "a", time(6), vec![to_user(3)]).await;
    assert_eq!(numbers(&listed(&ports, "").await), [3]);
}

async fn inner(unit: &mut dyn UnitOfWork) -> Box<dyn UnitOfWork + '_> {
    unit.savepoint().await.expect("a savepoint is set")
}

pub async fn a_savepoint_that_is_undone_leaves_no_event(ports: Ports) {
    let mut unit = ports.begin().await;
    unit.audit().note(to_user(1));
    let mut point = inner(&mut *unit).await;
    point.audit().note(to_user(2));
    let mut deeper = inner(&mut *point).await;
    deeper.audit().note(to_user(3));
    deeper.commit().await.expect("a savepoint is committed");
    point.rollback().await.expect("a savepoint is rolled back");
    let mut point = inner(&mut *unit).await;
    point.audit().note(to_user(4));
    drop(point);
    let mut point = inner(&mut *unit).await;
    point.audit().note(to_user(5));
    point.commit().await.expect("a savepoint is committed");
    unit.audit().note(to_user(6));
    let kept = unit.audit().keep(&origin("a"), time(5)).await;
    kept.expect("what was noted is kept");
    unit.commit().await.expect("a sound unit is committed");
    assert_eq!(numbers(&listed(&ports, "").await), [6, 5, 1]);
}

pub async fn what_was_noted_and_not_kept_is_not_committed(ports: Ports) {
    let mut unit = ports.begin().await;
    let done = unit.users().insert(&user(1)).await;
    done.expect("a user is inserted");
    let mut point = inner(&mut *unit).await;
    point.audit().note(to_user(1));
    point.commit().await.expect("a savepoint is committed");
    let failed = unit.commit().await;
    assert!(
        matches!(failed, Err(RepositoryError::Internal(_))),
        "{failed:?}"
    );
    assert_eq!(ports.stored_user(&user(1)).await, None);
}

pub async fn pages_meet_each_event_once(ports: Ports) {
    // Many at once among them, which the time alone does not tell apart.
    for second in 0..4_u64 {
        let deeds = (1..=3).map(|number| to_user(10 * second + number));
        let now = time(second.try_into().expect("a few"));
        keep(&ports, "a", now, deeds.collect()).await;
    }
    let mut request = PageRequest::first(PageSize::from_request(5).expect("a size"));
    let (mut met, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let page = ports.audit.list(None, &request).await;
        let page = page.expect("events are read");
        sizes.push(page.items.len());
        met.extend(numbers(&page.items));
        // What comes while somebody walks is in front of where they are.
        keep(&ports, "a", time(50), vec![to_user(99)]).await;
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [5, 5, 2]);
    assert_eq!(met, [33, 32, 31, 23, 22, 21, 13, 12, 11, 3, 2, 1]);
}

pub async fn a_filter_tells_events_apart(ports: Ports) {
    keep(&ports, "key:web", time(1), vec![to_user(1)]).await;
    let purged = Deed::to_user(Action::UserPurged, user_id(2));
    keep(&ports, "jwt:web", time(2), vec![purged]).await;
    let many = Deed::to_posts_of(Action::PostsDeleted, user_id(3), 4);
    keep(&ports, "key:Web", time(3), vec![many]).await;
    let id = user_id(2).as_uuid();
    let moment = time(2).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    for (filter, expected) in [
        (r#"caller = "key:web""#.to_owned(), &[1][..]),
        (r#"caller = "key:*""#.to_owned(), &[3, 1]),
        ("caller : WEB".to_owned(), &[3, 2, 1]),
        (format!("resource_id = {id}"), &[2]),
        (format!("resource_id != {id}"), &[3, 1]),
        (
            "action = user.purged OR action = \"posts.*\"".to_owned(),
            &[3, 2],
        ),
        (format!("occurred_at >= {moment}"), &[3, 2]),
        (format!("occurred_at < {moment}"), &[1]),
        (
            "resource_kind = user AND method : updateuser".to_owned(),
            &[3, 2, 1],
        ),
        (r#"request_id = "call-of-jwt:web""#.to_owned(), &[2]),
        ("NOT request_id:*".to_owned(), &[]),
        ("peer = 192.0.2.7".to_owned(), &[3, 2, 1]),
        (
            r#"peer = "192.0.2.*" AND peer != 192.0.2.70"#.to_owned(),
            &[3, 2, 1],
        ),
        (r#"peer = "2001:db8::1""#.to_owned(), &[]),
        ("purged".to_owned(), &[2]),
        ("-purged".to_owned(), &[3, 1]),
        ("'jwt:' posts".to_owned(), &[]),
    ] {
        assert_eq!(
            numbers(&listed(&ports, &filter).await),
            expected,
            "{filter}"
        );
    }
}

pub async fn what_is_swept_is_noted_and_noted_as_done_by_byline(ports: Ports) {
    let due = Lifecycle::from_stored(
        time(1),
        Some(time(2)),
        Some(time(2)),
        Some(time(3)),
        Version::FIRST,
    );
    let mut author = user(1);
    author.lifecycle = due;
    let mut theirs = post(2, author.id);
    theirs.lifecycle = due;
    ports.insert_users(&[&author]).await;
    ports.insert_posts(&[&theirs]).await;
    for what in [Expired::Posts, Expired::Users, Expired::Requests] {
        let swept = ports.sweeper.sweep(what, time(50), 10).await;
        swept.expect("a sweep").expect("nobody else sweeps");
    }
    let events = listed(&ports, "NOT peer:*").await;
    let told = events.iter().map(|event| {
        assert_eq!(
            (event.peer.as_ref(), event.request_id.as_ref()),
            (None, None)
        );
        let who = (event.caller.as_str(), event.method.as_str());
        assert_eq!(who, ("byline", "sweep"));
        assert_eq!(event.occurred_at, time(50));
        (event.action.as_str(), event.resource_id)
    });
    // Two sweeps at one moment, neither of which is the first.
    let told: BTreeSet<_> = told.collect();
    let expected = [
        ("post.purged", post_id(2).as_uuid()),
        ("user.purged", user_id(1).as_uuid()),
    ];
    assert_eq!(told, expected.into());
}

pub async fn events_go_when_their_time_has_come_and_not_before(ports: Ports) {
    // Older than what is kept in any case, whenever this is run.
    let long_ago = |second: u64| time(second.try_into().expect("a few")) - TimeDelta::days(4_000);
    for second in 1..=5 {
        keep(&ports, "a", long_ago(second), vec![to_user(second)]).await;
    }
    let sweep = async |limit| {
        let swept = ports
            .sweeper
            .sweep(Expired::AuditEvents, long_ago(4), limit)
            .await;
        swept.expect("a sweep").expect("nobody else sweeps")
    };
    let due = ports.sweeper.count_due(Expired::AuditEvents, long_ago(4));
    assert_eq!(due.await.expect("a count"), 3);
    assert_eq!(sweep(2).await, 2);
    assert_eq!(numbers(&listed(&ports, "").await), [5, 4, 3]);
    assert_eq!(sweep(2).await, 1);
    assert_eq!(sweep(2).await, 0);
    assert_eq!(numbers(&listed(&ports, "").await), [5, 4]);
}
