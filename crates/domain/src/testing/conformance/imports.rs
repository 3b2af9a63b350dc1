//! Imports as units of work: what is staged, and what others see of it.

use uuid::Uuid;

use super::Ports;
use super::concurrency::{Outcome, at_once};
use super::importing::{
    import, import_beside, importer, now, only_problems, post_row, stage, try_import, user_row,
};
use super::support::{content, role, title, user_at};
use super::user_imports::as_new;
use crate::error::RepositoryError;
use crate::import::OnConflict::{Fail, Skip, Update};
use crate::import::{Settled, UserRow};
use crate::lifecycle::Retention;
use crate::page::{PageRequest, PageSize};
use crate::post::Post;
use crate::testing::fixtures::{email, post, post_id, time, user, user_id};
use crate::user::{User, UserFilter};

pub async fn rows_come_in_any_number_of_parts(ports: Ports) {
    let rows: Vec<UserRow> = (1..=250)
        .map(|number| user_row(number, &user(number)))
        .collect();
    let mut unit = ports.begin().await;
    stage(unit.as_mut(), &rows[..1])
        .await
        .expect("rows are staged");
    for part in [&rows[1..1], &rows[1..101], &rows[101..]] {
        let done = unit.user_import().stage(part).await;
        done.expect("rows are staged");
    }
    let settled = unit.user_import().settle(Fail, false).await;
    let settled = settled.expect("rows are settled");
    assert_eq!(settled, only_problems(250, Vec::new()));
    let done = unit.user_import().apply(&settled, now()).await;
    done.expect("rows are applied");
    let kept = unit.audit().keep(&importer(), now()).await;
    kept.expect("events are kept");
    unit.commit().await.expect("it is committed");
    assert_eq!(
        ports.stored_user(&user(250)).await,
        Some(as_new(&user(250)))
    );
}

pub async fn without_rows_nothing_becomes_of_them(ports: Ports) {
    for on_conflict in [Fail, Skip, Update] {
        let settled = import::<UserRow>(&ports, on_conflict, &[]).await;
        assert_eq!(settled, Settled::default());
    }
    let mut unit = ports.begin().await;
    unit.post_import().open().await.expect("it is ready");
    let settled = unit.post_import().settle(Fail, false).await;
    assert_eq!(settled.expect("nothing is settled"), Settled::default());
}

pub async fn nothing_is_kept_of_a_unit_that_is_not_committed(ports: Ports) {
    let rows = [user_row(1, &user(1))];
    for rolls_back in [true, false] {
        let mut unit = ports.begin().await;
        stage(unit.as_mut(), &rows).await.expect("rows are staged");
        let settled = unit.user_import().settle(Fail, false).await;
        let settled = settled.expect("rows are settled");
        let done = unit.user_import().apply(&settled, now()).await;
        done.expect("rows are applied");
        assert_eq!(ports.stored_user(&user(1)).await, None);
        if rolls_back {
            unit.rollback().await.expect("it is rolled back");
        } else {
            drop(unit);
        }
        assert_eq!(ports.stored_user(&user(1)).await, None);
    }
    // Nor are the rows of those units.
    let settled = import::<UserRow>(&ports, Fail, &[]).await;
    assert_eq!(settled, Settled::default());
}

pub async fn what_is_not_applied_is_not_kept(ports: Ports) {
    let mut unit = ports.begin().await;
    let rows = [user_row(1, &user(1))];
    stage(unit.as_mut(), &rows).await.expect("rows are staged");
    let settled = unit.user_import().settle(Fail, false).await;
    assert_eq!(settled.expect("rows are settled").created, 1);
    unit.commit().await.expect("it is committed");
    assert_eq!(ports.stored_user(&user(1)).await, None);
}

pub async fn rows_are_settled_again_after_a_savepoint_was_undone(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let mut unit = ports.begin().await;
    let rows = [user_row(1, &user_at(1, "new@b.c")), user_row(2, &user(2))];
    stage(unit.as_mut(), &rows).await.expect("rows are staged");
    for undone in [Fail, Update, Skip] {
        let mut point = unit.savepoint().await.expect("a savepoint is set");
        let settled = point.user_import().settle(undone, false).await;
        let settled = settled.expect("rows are settled");
        assert_eq!(settled.created, 1);
        let done = point.user_import().apply(&settled, now()).await;
        done.expect("rows are applied");
        if undone == Skip {
            point.rollback().await.expect("it is undone");
        } else {
            drop(point);
        }
    }
    let mut point = unit.savepoint().await.expect("a savepoint is set");
    let settled = point.user_import().settle(Update, false).await;
    let settled = settled.expect("rows are settled");
    assert_eq!((settled.created, settled.updated), (1, 1));
    let done = point.user_import().apply(&settled, now()).await;
    done.expect("rows are applied");
    point.commit().await.expect("it is kept");
    let kept = unit.audit().keep(&importer(), now()).await;
    kept.expect("events are kept");
    unit.commit().await.expect("it is committed");
    // Of what was undone before there is none.
    assert_eq!(events(&ports).await.len(), 2);
    let changed = ports.stored_user(&user(1)).await.expect("it is kept");
    assert_eq!(changed.email.as_str(), "new@b.c");
    assert_eq!(changed.lifecycle.version().get(), 2);
    assert_eq!(ports.stored_user(&user(2)).await, Some(as_new(&user(2))));
}

/// Whoever is not the first may be told of contention, and then meets what the first made.
pub async fn of_8_imports_of_the_same_users_in_any_order_each_is_made_once(ports: Ports) {
    let outcomes = at_once(&ports, 1..=8, |ports, task| async move {
        let mut rows: Vec<UserRow> = (1..=50).map(|id| user_row(id, &user(id))).collect();
        // By their addresses too, under ids of their own.
        rows.extend((51..=100).map(|id| {
            let own = user_at(task * 1_000 + id, &format!("shared-{id}@b.c"));
            user_row(id, &own)
        }));
        if task % 2 == 0 {
            rows.reverse();
            (1..)
                .zip(&mut rows)
                .for_each(|(number, row)| row.number = number);
        }
        insist(&ports, &rows).await
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let count = ports
        .users
        .count(&UserFilter::default(), crate::count::CountMode::Exact)
        .await;
    assert_eq!(count.expect("users are counted"), 100);
}

/// Imports as a program does: alone, once somebody was in the way. Else those that bring the same
/// rows in other orders could meet for ever.
async fn insist(ports: &Ports, rows: &[UserRow]) -> Outcome {
    let done = match try_import(ports, Skip, rows).await {
        Err(RepositoryError::Contention(_)) => import_beside(ports, Skip, rows, true).await,
        done => done,
    };
    done.map(drop)
}

/// Nobody is changed twice by what was seen once.
pub async fn of_8_imports_that_change_one_user_none_is_lost(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let outcomes = at_once(&ports, 1..=8, |ports, task| async move {
        let rows = [user_row(1, &user_at(1, &format!("new-{task}@b.c")))];
        loop {
            match try_import(&ports, Update, &rows).await {
                Err(RepositoryError::Contention(_)) => {}
                done => return done.map(drop),
            }
        }
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let stored = ports.stored_user(&user(1)).await.expect("it is kept");
    assert_eq!(stored.lifecycle.version().get(), 9);
}

/// So that no living post has an author in the trash.
pub async fn an_author_of_imported_posts_is_not_deleted_meanwhile(ports: Ports) {
    for round in 1..=6 {
        let author = user(round);
        ports.insert_users(&[&author]).await;
        let outcomes = at_once(&ports, 1..=4, |ports, task| async move {
            if task > 1 {
                let own = post(round * 100 + task, user_id(round));
                loop {
                    match try_import(&ports, Fail, &[post_row(1, &own)]).await {
                        Err(RepositoryError::Contention(_)) => {}
                        done => return done.map(drop),
                    }
                }
            }
            let mut unit = ports.units.begin().await?;
            let found = unit.users().find_for_update(user_id(round)).await?;
            let mut author = found.expect("it is kept");
            if unit.posts().has_living(author.id).await? {
                return unit.rollback().await;
            }
            let version = author.lifecycle.version();
            author.lifecycle.delete(time(50), Retention::DEFAULT);
            unit.users().update(&author, version).await?;
            unit.commit().await
        })
        .await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let stored = ports.stored_user(&author).await.expect("it is kept");
        let mut unit = ports.begin().await;
        let living = unit.posts().has_living(author.id).await;
        assert_ne!(
            living.expect("posts are read"),
            stored.lifecycle.is_deleted()
        );
    }
}

/// What was done to which, and to which fields, the first first.
async fn events(ports: &Ports) -> Vec<(String, Uuid, Vec<String>)> {
    let page = PageRequest::first(PageSize::MAX);
    let page = ports.audit.list(None, &page).await;
    let events = page.expect("events are read").items.into_iter().rev();
    let mut told = Vec::new();
    for event in events {
        assert_eq!((&*event.caller, event.count), ("key:job", None));
        assert_eq!((event.occurred_at, event.request_id), (now(), None));
        assert_eq!(event.id.get_version_num(), 7);
        told.push((event.action, event.resource_id, event.fields));
    }
    told
}

fn told(action: &str, id: Uuid, fields: &[&str]) -> (String, Uuid, Vec<String>) {
    let fields = fields.iter().map(|field| (*field).to_owned());
    (action.to_owned(), id, fields.collect())
}

pub async fn each_row_that_is_made_or_changed_leaves_its_event(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2), &user(3)]).await;
    ports.insert_posts(&[&post(1, user_id(1))]).await;
    let changed = User {
        email: email("new@b.c"),
        role: role("another"),
        is_active: false,
        ..user(1)
    };
    let rows = [
        user_row(1, &user(4)),
        user_row(2, &changed),
        // As it is.
        user_row(3, &user(2)),
        // In the way of another one.
        user_row(
            4,
            &User {
                email: user(2).email,
                ..user(3)
            },
        ),
        user_row(5, &user(5)),
    ];
    let settled = import(&ports, Update, &rows).await;
    assert_eq!((settled.created, settled.updated), (2, 1));
    let mut expected = vec![
        told("user.created", user_id(4).as_uuid(), &[]),
        told(
            "user.updated",
            user_id(1).as_uuid(),
            &["email", "role", "is_active"],
        ),
        told("user.created", user_id(5).as_uuid(), &[]),
    ];
    assert_eq!(events(&ports).await, expected);

    let stored = post(1, user_id(1));
    let retitled = Post {
        title: title("Another"),
        content: Some(content("Another")),
        published_at: Some(time(5)),
        ..stored
    };
    let rows = [post_row(1, &retitled), post_row(2, &post(2, user_id(2)))];
    let settled = import(&ports, Update, &rows).await;
    assert_eq!((settled.created, settled.updated), (1, 1));
    let fields = ["title", "content", "published"];
    expected.push(told("post.updated", post_id(1).as_uuid(), &fields));
    expected.push(told("post.created", post_id(2).as_uuid(), &[]));
    let mut all = events(&ports).await;
    // Both imports are of one time.
    all.sort();
    expected.sort();
    assert_eq!(all, expected);
}

pub async fn events_of_many_rows_are_in_the_order_of_the_rows(ports: Ports) {
    let known: Vec<_> = (1..=40).map(user).collect();
    ports.insert_users(&known.iter().collect::<Vec<_>>()).await;
    // Changed, as it is, twice changed in a row, and every other one changed.
    let mut met = vec![(60, 1), (101, 2), (150, 3), (151, 4)];
    met.extend((5..=40).map(|id| (300 + 2 * id, id)));
    let (mut rows, mut expected) = (Vec::new(), Vec::new());
    for number in 1..=430 {
        let of = met.iter().find(|(at, _)| *at == number).map(|it| it.1);
        let id = of.unwrap_or(1_000 + number);
        match of {
            Some(2) => rows.push(user_row(number, &user(2))),
            Some(_) => {
                let name = User {
                    role: role("another"),
                    ..user(id)
                };
                rows.push(user_row(number, &name));
                expected.push(told("user.updated", user_id(id).as_uuid(), &["role"]));
            }
            None => {
                rows.push(user_row(number, &user(id)));
                expected.push(told("user.created", user_id(id).as_uuid(), &[]));
            }
        }
    }
    let settled = import(&ports, Update, &rows).await;
    assert_eq!((settled.created, settled.updated), (390, 39));
    assert_eq!(events(&ports).await, expected);
}
