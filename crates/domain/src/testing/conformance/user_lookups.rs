//! Finding users by what names them.

use super::Ports;
use super::support::{BOTH_SIDES, deleted_user, user_at};
use crate::lifecycle::Retention;
use crate::testing::fixtures::{time, user, user_id};
use crate::trash::Trash;
use crate::user::User;

/// User `number` of that address, put in the trash in second `at`.
fn deleted_at(number: u64, address: &str, at: i64) -> User {
    let mut user = user_at(number, address);
    user.lifecycle.delete(time(at), Retention::DEFAULT);
    user
}

pub async fn an_empty_store_finds_nobody(ports: Ports) {
    for trash in BOTH_SIDES {
        assert_eq!(ports.find_user(user_id(1), trash).await, None);
        assert_eq!(ports.find_user_by_email("a@b.c", trash).await, None);
        assert_eq!(ports.find_users(&[user_id(1)], trash).await, []);
        assert_eq!(ports.find_users_by_email(&["a@b.c"], trash).await, []);
    }
}

pub async fn find_by_id(ports: Ports) {
    let (one, two) = (user(1), user(2));
    ports.insert_users(&[&one, &two]).await;
    for trash in BOTH_SIDES {
        assert_eq!(ports.find_user(two.id, trash).await, Some(two.clone()));
        assert_eq!(ports.find_user(user_id(3), trash).await, None);
    }
}

pub async fn find_by_id_in_the_trash(ports: Ports) {
    let deleted = deleted_user(1, 50);
    ports.insert_users(&[&deleted]).await;
    assert_eq!(ports.find_user(deleted.id, Trash::Exclude).await, None);
    assert_eq!(
        ports.find_user(deleted.id, Trash::Include).await,
        Some(deleted)
    );
}

pub async fn find_by_email_in_any_letter_case(ports: Ports) {
    let ada = user_at(1, "Ada@Example.COM");
    let eve = user_at(2, "Ève.Яна@example.com");
    ports.insert_users(&[&ada, &eve]).await;
    for (address, expected) in [
        ("Ada@Example.COM", Some(&ada)),
        ("ada@example.com", Some(&ada)),
        ("ADA@EXAMPLE.COM", Some(&ada)),
        ("èVE.яНА@EXAMPLE.com", Some(&eve)),
        ("Eve.Яна@example.com", None),
        ("da@example.com", None),
        ("ada@example.co", None),
        ("%@example.com", None),
        ("_da@example.com", None),
    ] {
        let found = ports.find_user_by_email(address, Trash::Exclude).await;
        assert_eq!(found.as_ref(), expected, "{address}");
    }
}

pub async fn find_by_email_prefers_the_living(ports: Ports) {
    let living = user_at(2, "A@b.c");
    let deleted = [deleted_at(1, "a@B.c", 70), deleted_at(3, "a@b.C", 90)];
    ports
        .insert_users(&[&deleted[0], &living, &deleted[1]])
        .await;
    for trash in BOTH_SIDES {
        assert_eq!(
            ports.find_user_by_email("a@b.c", trash).await,
            Some(living.clone())
        );
    }
}

pub async fn find_by_email_in_the_trash_prefers_the_one_deleted_last(ports: Ports) {
    let deleted = [
        deleted_at(1, "a@b.c", 70),
        deleted_at(2, "A@b.c", 90),
        deleted_at(3, "a@B.c", 80),
    ];
    ports.insert_users(&deleted.each_ref()).await;
    assert_eq!(
        ports.find_user_by_email("a@b.c", Trash::Exclude).await,
        None
    );
    let found = ports.find_user_by_email("a@b.c", Trash::Include).await;
    assert_eq!(found.as_ref(), Some(&deleted[1]));
}

pub async fn find_many_finds_each_user_once(ports: Ports) {
    let users = [user(1), user(2), user(3)];
    ports.insert_users(&users.each_ref()).await;
    let ids = [3, 1, 3, 9, 1].map(user_id);
    assert_eq!(
        ports.find_users(&ids, Trash::Exclude).await,
        [users[0].clone(), users[2].clone()]
    );
}

pub async fn find_many_of_no_ids_finds_nobody(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    for trash in BOTH_SIDES {
        assert_eq!(ports.find_users(&[], trash).await, []);
    }
}

pub async fn find_many_in_the_trash(ports: Ports) {
    let (living, deleted) = (user(1), deleted_user(2, 50));
    ports.insert_users(&[&living, &deleted]).await;
    let ids = [living.id, deleted.id];
    assert_eq!(
        ports.find_users(&ids, Trash::Exclude).await,
        std::slice::from_ref(&living)
    );
    assert_eq!(
        ports.find_users(&ids, Trash::Include).await,
        [living, deleted]
    );
}

pub async fn find_many_takes_a_thousand_ids(ports: Ports) {
    let users = [user(1), user(1_000)];
    ports.insert_users(&users.each_ref()).await;
    let ids: Vec<_> = (1..=1_000).map(user_id).collect();
    assert_eq!(ports.find_users(&ids, Trash::Exclude).await, users);
}

pub async fn find_many_by_email_finds_each_user_once(ports: Ports) {
    let users = [user_at(1, "Ada@b.c"), user(2), user_at(3, "Élan@b.c")];
    ports.insert_users(&users.each_ref()).await;
    let emails = ["ADA@b.c", "ada@B.C", "nobody@b.c", "éLAN@b.c", "ADA@b.c"];
    assert_eq!(
        ports.find_users_by_email(&emails, Trash::Exclude).await,
        [users[0].clone(), users[2].clone()]
    );
}

pub async fn find_many_of_no_emails_finds_nobody(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    for trash in BOTH_SIDES {
        assert_eq!(ports.find_users_by_email(&[], trash).await, []);
    }
}

pub async fn find_many_by_email_prefers_as_find_by_email_does(ports: Ports) {
    let users = [
        deleted_at(1, "a@b.c", 90),
        user_at(2, "A@b.c"),
        deleted_at(3, "x@b.c", 90),
        deleted_at(4, "X@b.c", 70),
        deleted_at(5, "x@B.c", 80),
    ];
    ports.insert_users(&users.each_ref()).await;
    let emails = ["a@b.c", "x@b.c"];
    assert_eq!(
        ports.find_users_by_email(&emails, Trash::Exclude).await,
        [users[1].clone()]
    );
    assert_eq!(
        ports.find_users_by_email(&emails, Trash::Include).await,
        [users[1].clone(), users[2].clone()]
    );
}
