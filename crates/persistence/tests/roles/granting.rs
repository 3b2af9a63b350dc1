//! How a role gets its rights.

use byline_persistence::grants::{GrantError, grant};
use byline_persistence::testing::{OWNER, SERVICE, TestDatabase, execute};

use super::{as_role, run, with_a_role};

#[tokio::test]
async fn a_role_gets_what_it_lacks_loses_what_is_too_much_and_then_nothing_is_left_to_do() {
    let (test, mut admin, role) = with_a_role().await;
    let owner = as_role(&test, OWNER);
    for excess in [
        "grant truncate, references on users to {role}",
        "grant update (name) on api_keys to {role}",
        "grant select on posts to {role} with grant option",
        "grant select on posts to public",
        "grant execute on function byline_words(text) to public",
        "grant create on schema public to public",
    ] {
        run(&mut admin, &excess.replace("{role}", &role)).await;
    }
    let planned = grant(&owner, &role, true).await.unwrap().statements;
    assert!(!planned.is_empty());
    let done = grant(&owner, &role, false).await.unwrap();
    assert_eq!(done.statements, planned);
    assert_eq!(done.left, []);
    for expected in [
        format!("grant select, insert, update, delete on table public.users to {role};"),
        format!("revoke references, truncate on table public.users from {role};"),
        format!("revoke update on table public.api_keys from {role};"),
        "revoke select on table public.posts from public;".to_owned(),
        format!("revoke grant option for select on table public.posts from {role} cascade;"),
        "revoke execute on function public.byline_words(text) from public;".to_owned(),
        format!("revoke create on schema public from {role}, public;"),
    ] {
        assert!(planned.contains(&expected), "{expected}: {planned:#?}");
    }
    let again = grant(&owner, &role, false).await.unwrap();
    assert_eq!(again.statements, [""; 0]);
    assert_eq!(again.left, []);
}

#[tokio::test]
async fn what_a_role_has_by_another_one_is_told_and_left_to_people() {
    let (test, mut admin, role) = with_a_role().await;
    run(&mut admin, &format!("create role {role}_group")).await;
    run(
        &mut admin,
        &format!("grant truncate on users to {role}_group"),
    )
    .await;
    run(&mut admin, &format!("grant {role}_group to {role}")).await;
    let done = grant(&as_role(&test, OWNER), &role, false).await.unwrap();
    let (says, sql) = &done.left[0];
    assert_eq!(says, &format!("{role}_group has truncate on users"));
    assert_eq!(
        sql,
        &format!("revoke truncate on table public.users from {role}_group;")
    );
    assert_eq!(done.left.len(), 1);
}

#[tokio::test]
async fn roles_that_grants_do_not_bind_are_refused() {
    let (test, mut admin, role) = with_a_role().await;
    let owner = as_role(&test, OWNER);
    for role in [OWNER, "byline"] {
        let refused = grant(&owner, role, false).await.unwrap_err();
        assert!(matches!(refused, GrantError::Unbound { .. }), "{refused}");
    }
    let refused = grant(&owner, "nobody", false).await.unwrap_err();
    let told = refused.to_string();
    assert!(told.contains("`create role nobody login`"), "{told}");

    run(&mut admin, &format!("grant {OWNER} to {role}")).await;
    let refused = grant(&owner, &role, false).await.unwrap_err();
    assert!(
        refused.to_string().contains("is a member of the role"),
        "{refused}"
    );
}

#[tokio::test]
async fn without_tables_there_is_nothing_to_grant() {
    let test = TestDatabase::unmigrated().await;
    // The role is the server's, and there as soon as any database is migrated.
    TestDatabase::new().await;
    let refused = grant(&test.connect_options(), SERVICE, false).await;
    assert!(matches!(refused, Err(GrantError::NoTables)), "{refused:?}");
}

#[tokio::test]
async fn whoever_owns_nothing_grants_nothing() {
    let (test, mut admin, role) = with_a_role().await;
    execute(&mut admin, "revoke all on users from test_service").await;
    let refused = grant(&as_role(&test, SERVICE), &role, false).await;
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("42501"), "{told}");
}
