//! A trigger of the owner that puts what it sees into what it says.

use super::*;

/// What is told of a user whose row is seen by a trigger that does that.
async fn told(body: &'static str) -> String {
    let mut world = World::new(&patient(1)).await;
    execute(&mut world.beside, body).await;
    let mut unit = world.database.begin().await.unwrap();
    let error = unit.users().insert(&fixtures::user(1)).await.unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    format!("{error} {error:?} {}", source.unwrap_or_default())
}

macro_rules! trigger {
    ($does:literal) => {
        concat!(
            "create function tell() returns trigger language plpgsql as $$ begin ",
            $does,
            " return new; end $$;
            create trigger tell before insert on users for each row execute function tell()"
        )
    };
}

#[tokio::test]
async fn is_known_by_its_code_alone() {
    for (body, code) in [
        (
            trigger!("raise exception 'address %', new.email using errcode = 'check_violation';"),
            "23514",
        ),
        (
            trigger!("raise exception 'address %', new.email using errcode = '42501';"),
            "42501",
        ),
        (
            trigger!("raise exception using errcode = '23505', constraint = 'dup ' || new.email;"),
            "23505",
        ),
        (
            trigger!(
                "raise exception using errcode = '23505',
                    constraint = translate(new.email, '-@.', '___');"
            ),
            "23505",
        ),
        (
            trigger!("raise exception using errcode = '40001', message = new.email;"),
            "40001",
        ),
        (
            trigger!("execute format('select from %I', new.email);"),
            "42P01",
        ),
        (trigger!("execute format('select %I', new.email);"), "42703"),
        (trigger!("assert false, 'address ' || new.email;"), "P0004"),
        (
            trigger!(
                "execute format(
                    'create temp table t (a int constraint %I check (a > 0))',
                    translate(new.email, '-@.', '___')
                );
                insert into t values (0);"
            ),
            "23514",
        ),
    ] {
        let told = told(body).await;
        assert!(told.contains(code), "{told}");
        assert!(
            !told.contains("user-1") && !told.contains("user_1"),
            "{told}"
        );
        assert!(!told.contains("example"), "{told}");
    }
}

#[tokio::test]
async fn does_not_keep_what_postgresql_says_itself_from_being_told() {
    for (change, says) in [
        (
            "alter table users add constraint shy check (email = '') not valid",
            "23514 on constraint shy",
        ),
        (
            "alter table users rename column name to called",
            r#"42703: column "name" of relation "users" does not exist"#,
        ),
        (
            "alter table users rename to people",
            r#"42P01: relation "users" does not exist"#,
        ),
    ] {
        let told = told(change).await;
        assert!(told.contains(says), "{told}");
    }
}
