//! Finding users by what names them.

use super::Ports;
use super::support::{BOTH_SIDES, deleted_user, user_at, users_by_id};
use crate::testing::fixtures::{email, time, user, user_id};
use crate::trash::Trash;
use crate::user::User;

/// User `number` of that address, put in the trash in second `at`.
fn deleted_at(number: u64, address: &str, at: i64) -> User {
    let mut user = user_at(number, address);
    user.lifecycle.delete(time(at));
    user
}

pub async fn an_empty_store_finds_nobody(ports: Ports) {
    for trash in BOTH_SIDES {
        let found = ports.users.find(user_id(1), trash).await;
        assert_eq!(found.expect("users are read"), None);
        let found = ports.users.find_by_email(&email("a@b.c"), trash).await;
        assert_eq!(found.expect("users are read"), None);
        let found = ports.users.find_many(&[user_id(1)], trash).await;
        assert_eq!(found.expect("users are read"), []);
        let found = ports
            .users
            .find_many_by_email(&[email("a@b.c")], trash)
            .await;
        assert_eq!(found.expect("users are read"), []);
    }
}

pub async fn find_by_id(ports: Ports) {
    let (one, two) = (user(1), user(2));
    ports.insert_users(&[&one, &two]).await;
    for trash in BOTH_SIDES {
        let found = ports.users.find(two.id, trash).await;
        assert_eq!(found.expect("users are read"), Some(two.clone()));
        let found = ports.users.find(user_id(3), trash).await;
        assert_eq!(found.expect("users are read"), None);
    }
}

pub async fn find_by_id_in_the_trash(ports: Ports) {
    let deleted = deleted_user(1, 50);
    ports.insert_users(&[&deleted]).await;
    let found = ports.users.find(deleted.id, Trash::Exclude).await;
    assert_eq!(found.expect("users are read"), None);
    let found = ports.users.find(deleted.id, Trash::Include).await;
    assert_eq!(found.expect("users are read"), Some(deleted));
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
        let found = ports
            .users
            .find_by_email(&email(address), Trash::Exclude)
            .await;
        let found = found.expect("users are read");
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
        let found = ports.users.find_by_email(&email("a@b.c"), trash).await;
        assert_eq!(found.expect("users are read"), Some(living.clone()));
    }
}

pub async fn find_by_email_in_the_trash_prefers_the_one_deleted_last(ports: Ports) {
    let deleted = [
        deleted_at(1, "a@b.c", 70),
        deleted_at(2, "A@b.c", 90),
        deleted_at(3, "a@B.c", 80),
    ];
    ports.insert_users(&deleted.each_ref()).await;
    let found = ports
        .users
        .find_by_email(&email("a@b.c"), Trash::Exclude)
        .await;
    assert_eq!(found.expect("users are read"), None);
    let found = ports
        .users
        .find_by_email(&email("a@b.c"), Trash::Include)
        .await;
    let found = found.expect("users are read");
    assert_eq!(found.as_ref(), Some(&deleted[1]));
}

pub async fn find_many_finds_each_user_once(ports: Ports) {
    let users = [user(1), user(2), user(3)];
    ports.insert_users(&users.each_ref()).await;
    let ids = [3, 1, 3, 9, 1].map(user_id);
    let found = ports.users.find_many(&ids, Trash::Exclude).await;
    let found = users_by_id(found.expect("users are read"));
    assert_eq!(found, [users[0].clone(), users[2].clone()]);
}

pub async fn find_many_of_no_ids_finds_nobody(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    for trash in BOTH_SIDES {
        let found = ports.users.find_many(&[], trash).await;
        assert_eq!(found.expect("users are read"), []);
    }
}

pub async fn find_many_in_the_trash(ports: Ports) {
    let (living, deleted) = (user(1), deleted_user(2, 50));
    ports.insert_users(&[&living, &deleted]).await;
    let ids = [living.id, deleted.id];
    let found = ports.users.find_many(&ids, Trash::Exclude).await;
    let found = found.expect("users are read");
    assert_eq!(found, std::slice::from_ref(&living));
    let found = ports.users.find_many(&ids, Trash::Include).await;
    assert_eq!(
        users_by_id(found.expect("users are read")),
        [living, deleted]
    );
}

pub async fn find_many_takes_a_thousand_ids(ports: Ports) {
    let users = [user(1), user(1_000)];
    ports.insert_users(&users.each_ref()).await;
    let ids: Vec<_> = (1..=1_000).map(user_id).collect();
    let found = ports.users.find_many(&ids, Trash::Exclude).await;
    assert_eq!(users_by_id(found.expect("users are read")), users);
}

pub async fn find_many_by_email_finds_each_user_once(ports: Ports) {
    let users = [user_at(1, "Ada@b.c"), user(2), user_at(3, "Élan@b.c")];
    ports.insert_users(&users.each_ref()).await;
    let emails = ["ADA@b.c", "ada@B.C", "nobody@b.c", "éLAN@b.c", "ADA@b.c"].map(email);
    let found = ports
        .users
        .find_many_by_email(&emails, Trash::Exclude)
        .await;
    let found = users_by_id(found.expect("users are read"));
    assert_eq!(found, [users[0].clone(), users[2].clone()]);
}

pub async fn find_many_of_no_emails_finds_nobody(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    for trash in BOTH_SIDES {
        let found = ports.users.find_many_by_email(&[], trash).await;
        assert_eq!(found.expect("users are read"), []);
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
    let emails = ["a@b.c", "x@b.c"].map(email);
    let found = ports
        .users
        .find_many_by_email(&emails, Trash::Exclude)
        .await;
    assert_eq!(found.expect("users are read"), [users[1].clone()]);
    let found = ports
        .users
        .find_many_by_email(&emails, Trash::Include)
        .await;
    let found = users_by_id(found.expect("users are read"));
    assert_eq!(found, [users[1].clone(), users[2].clone()]);
}
