//! What is kept of passwords.

use super::Ports;
use super::support::deleted_user;
use crate::credential::{
    Account, AccountKey, Argon2, Argon2Variant, Argon2Version, Credential, Origin, PasswordHash,
    PepperVersion, Taken,
};
use crate::ids::UserId;
use crate::sweep::Expired;
use crate::testing::fixtures::{email, time, user, user_id};
use crate::user::User;

fn hash(number: u8) -> PasswordHash {
    let made = Argon2 {
        variant: Argon2Variant::Id,
        version: Argon2Version::V19,
        memory_kib: 64,
        iterations: 1,
        parallelism: 1,
    };
    PasswordHash::argon2(made, vec![number; 16], vec![number; 32]).expect("within the bounds")
}

fn made_here(number: u8, pepper: u16) -> Credential {
    Credential {
        hash: hash(number),
        origin: Origin::Here(PepperVersion::new(pepper)),
    }
}

fn made_elsewhere(number: u8) -> Credential {
    Credential {
        hash: hash(number),
        origin: Origin::Elsewhere,
    }
}

fn account(user: &User, credential: Option<Credential>) -> Account {
    let user = user.clone();
    Account { user, credential }
}

async fn put(ports: &Ports, user: UserId, credential: &Credential) {
    let mut unit = ports.begin().await;
    let done = unit.credentials().put(user, credential, time(50)).await;
    done.expect("it is put");
    unit.commit().await.expect("it is committed");
}

async fn found(ports: &Ports, user: UserId) -> Option<Account> {
    ports.credentials.find(user).await.expect("users are read")
}

async fn found_by_email(ports: &Ports, address: &str) -> Option<Account> {
    let found = ports.credentials.find_by_email(&email(address)).await;
    found.expect("users are read")
}

pub async fn what_is_kept_is_found_with_its_user(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2), &user(3)]).await;
    let kept = [made_here(1, 0), made_here(2, 65_535), made_elsewhere(3)];
    for (number, credential) in (1..).zip(&kept) {
        put(&ports, user_id(number), credential).await;
        let expected = Some(account(&user(number), Some(credential.clone())));
        assert_eq!(found(&ports, user_id(number)).await, expected);
        let address = format!("USER-{number}@example.com");
        assert_eq!(found_by_email(&ports, &address).await, expected);
        let mut unit = ports.begin().await;
        let found = unit.credentials().find(user_id(number)).await;
        assert_eq!(found.expect("it is read"), Some(credential.clone()));
    }
}

pub async fn a_user_without_a_password_is_found_without_one(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    assert_eq!(
        found(&ports, user_id(1)).await,
        Some(account(&user(1), None))
    );
    let by_email = found_by_email(&ports, "user-1@example.com").await;
    assert_eq!(by_email, Some(account(&user(1), None)));
    assert_eq!(found(&ports, user_id(2)).await, None);
    assert_eq!(found_by_email(&ports, "user-2@example.com").await, None);
    let mut unit = ports.begin().await;
    for number in [1, 2] {
        let found = unit.credentials().find(user_id(number)).await;
        assert_eq!(found.expect("it is read"), None);
    }
}

pub async fn in_the_trash_it_is_kept_and_found_by_id_alone(ports: Ports) {
    let deleted = deleted_user(1, 50);
    ports.insert_users(&[&deleted]).await;
    put(&ports, deleted.id, &made_here(1, 1)).await;
    let expected = Some(account(&deleted, Some(made_here(1, 1))));
    assert_eq!(found(&ports, deleted.id).await, expected);
    assert_eq!(found_by_email(&ports, deleted.email.as_str()).await, None);
    // Whoever has the address now is another one.
    let living = User {
        email: deleted.email.clone(),
        ..user(2)
    };
    ports.insert_users(&[&living]).await;
    let by_email = found_by_email(&ports, deleted.email.as_str()).await;
    assert_eq!(by_email, Some(account(&living, None)));
}

pub async fn what_is_put_takes_the_place_of_what_was_kept(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2)]).await;
    put(&ports, user_id(1), &made_elsewhere(1)).await;
    put(&ports, user_id(2), &made_here(2, 2)).await;
    put(&ports, user_id(1), &made_here(3, 1)).await;
    let first = found(&ports, user_id(1)).await;
    assert_eq!(first, Some(account(&user(1), Some(made_here(3, 1)))));
    let second = found(&ports, user_id(2)).await;
    assert_eq!(second, Some(account(&user(2), Some(made_here(2, 2)))));
}

pub async fn nothing_is_kept_of_a_unit_that_is_not_committed(ports: Ports) {
    ports.insert_users(&[&user(1)]).await;
    let mut unit = ports.begin().await;
    let done = unit
        .credentials()
        .put(user_id(1), &made_here(1, 0), time(50))
        .await;
    done.expect("it is put");
    assert_eq!(
        found(&ports, user_id(1)).await,
        Some(account(&user(1), None))
    );
    unit.rollback().await.expect("it is undone");
    assert_eq!(
        found(&ports, user_id(1)).await,
        Some(account(&user(1), None))
    );
}

pub async fn of_nobody_nothing_is_kept(ports: Ports) {
    let mut unit = ports.begin().await;
    let done = unit
        .credentials()
        .put(user_id(1), &made_here(1, 0), time(50))
        .await;
    assert!(done.is_err());
    assert!(unit.commit().await.is_err());
}

pub async fn it_is_replaced_only_if_it_is_still_what_it_was(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2)]).await;
    put(&ports, user_id(1), &made_elsewhere(1)).await;
    let mut unit = ports.begin().await;
    let mut replaced = Vec::new();
    for (number, before) in [
        (1, made_elsewhere(9)),
        (1, made_here(1, 0)),
        (2, made_elsewhere(1)),
        (1, made_elsewhere(1)),
        (1, made_elsewhere(1)),
    ] {
        let anew = made_here(2, 1);
        let done = unit.credentials().replace(user_id(number), &before, &anew);
        replaced.push(done.await.expect("it is tried"));
    }
    assert_eq!(replaced, [false, false, false, true, false]);
    unit.commit().await.expect("it is committed");
    let kept = found(&ports, user_id(1)).await;
    assert_eq!(kept, Some(account(&user(1), Some(made_here(2, 1)))));
    assert_eq!(
        found(&ports, user_id(2)).await,
        Some(account(&user(2), None))
    );
}

pub async fn it_goes_with_the_user_for_good(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2)]).await;
    put(&ports, user_id(1), &made_here(1, 0)).await;
    put(&ports, user_id(2), &made_here(2, 0)).await;
    ports.purge_users(&[user_id(1)]).await;
    ports.insert_users(&[&user(1)]).await;
    assert_eq!(
        found(&ports, user_id(1)).await,
        Some(account(&user(1), None))
    );
    let other = found(&ports, user_id(2)).await;
    assert_eq!(other, Some(account(&user(2), Some(made_here(2, 0)))));
}

pub async fn it_goes_with_a_user_who_is_swept(ports: Ports) {
    let mut deleted = user(1);
    deleted.lifecycle.delete_until(time(50), time(60));
    ports.insert_users(&[&deleted]).await;
    put(&ports, user_id(1), &made_here(1, 0)).await;
    let swept = ports.sweeper.sweep(Expired::Users, time(70), 10).await;
    assert_eq!(swept.expect("a sweep"), Some(1));
    ports.insert_users(&[&user(1)]).await;
    assert_eq!(
        found(&ports, user_id(1)).await,
        Some(account(&user(1), None))
    );
}

pub async fn a_new_password_begins_without_failures(ports: Ports) {
    ports.insert_users(&[&user(1), &user(2)]).await;
    let waits = async |number| {
        let account = AccountKey::User(user_id(number));
        let taken = ports.throttle.take("caller", &account, 100, time(60)).await;
        taken.expect("it is counted") == Taken::AccountWaits
    };
    for number in [1, 2] {
        while !waits(number).await {}
    }
    let mut unit = ports.begin().await;
    let done = unit
        .credentials()
        .put(user_id(1), &made_here(1, 0), time(50))
        .await;
    done.expect("it is put");
    unit.rollback().await.expect("it is undone");
    assert!(waits(1).await);
    put(&ports, user_id(1), &made_here(1, 0)).await;
    assert!(!waits(1).await);
    assert!(waits(2).await);
}
