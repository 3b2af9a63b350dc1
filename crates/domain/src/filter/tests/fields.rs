//! Fields and paths that there are not, and what is suggested instead.

use super::*;
use crate::audit::AuditField;

#[test]
fn paths_that_lead_nowhere_are_refused() {
    assert_malformed(&[
        (
            "posts.author.role = x",
            "at column 7: a path goes one dot deep, as posts.title does, and not further",
        ),
        (
            "posts.author = x",
            "at column 7: a path goes one dot deep, as posts.title does, and not further",
        ),
        (
            "posts.title.x = y",
            "at column 13: a path goes one dot deep, as posts.title does, and not further",
        ),
        (
            "posts = 1",
            "at column 1: posts is no value to compare with: name one of its fields, such as posts.title, or ask by posts:* whether there is one",
        ),
        (
            "posts : 1",
            "at column 1: posts is no value to compare with: name one of its fields, such as posts.title, or ask by posts:* whether there is one",
        ),
        (
            "posts = *",
            "at column 1: posts is no value to compare with: name one of its fields, such as posts.title, or ask by posts:* whether there is one",
        ),
        (
            r#"posts : "*""#,
            "at column 1: posts is no value to compare with: name one of its fields, such as posts.title, or ask by posts:* whether there is one",
        ),
        (
            "posts != *",
            "at column 1: posts is no value to compare with: name one of its fields, such as posts.title, or ask by posts:* whether there is one",
        ),
        (
            ".a = 1",
            "at column 1: expected a field's name on both sides of the dot",
        ),
        (
            "posts. = 1",
            "at column 7: expected a field's name on both sides of the dot",
        ),
        (
            "posts..title = 1",
            "at column 7: expected a field's name on both sides of the dot",
        ),
    ]);
}

const OF_USERS: &str = "the fields are id, email, name, role, is_active, created_at, updated_at, \
                        deleted_at, purge_at and those of posts, such as posts.title";
const OF_POSTS: &str = "the fields are id, title, content, published, published_at, author_id, \
                        created_at, updated_at, deleted_at, purge_at and those of author, \
                        such as author.email";

#[test]
fn an_unknown_field_is_answered_by_those_that_there_are_and_the_nearest() {
    let suggested = |name: &str, meant: &str, all: &str| {
        let meant = if meant.is_empty() {
            String::new()
        } else {
            format!(" (did you mean {meant}?)")
        };
        let message = format!("at column 3: there is no field \"{name}\"{meant}; {all}");
        (Reason::Unknown, message)
    };
    for (name, meant) in [
        ("emial", "email"),
        ("Email", "email"),
        ("createdAt", "created_at"),
        ("post", "posts"),
        ("title", "posts.title"),
        ("titel", "posts.title"),
        ("zzzzzzzzz", ""),
        ("e", ""),
    ] {
        assert_eq!(
            refused(parse_users(&format!("  {name} = 1"), now())),
            suggested(name, meant, OF_USERS)
        );
    }
    for (name, meant) in [
        ("Author", "author"),
        ("email", "author.email"),
        ("publishedat", "published_at"),
    ] {
        assert_eq!(
            refused(parse_posts(&format!("  {name} = 1"), now())),
            suggested(name, meant, OF_POSTS)
        );
    }
    assert_eq!(
        refused(parse_users("a emial.first = x", now())),
        suggested("emial", "email", OF_USERS)
    );
}

#[test]
fn an_unknown_field_of_a_relation_is_answered_by_those_that_there_are() {
    let all = "there are author.id, author.email, author.name, author.role, author.is_active, \
               author.created_at, author.updated_at, author.deleted_at, author.purge_at";
    for (name, meant) in [("emial", " (did you mean author.email?)"), ("zzz", "")] {
        let message =
            format!("at column 8: there is no field \"{name}\" behind author{meant}; {all}");
        assert_eq!(
            refused(parse_posts(&format!("author.{name} = 1"), now())),
            (Reason::Unknown, message)
        );
    }
    let message = "at column 1: name holds a single value and has no fields of its own";
    assert_eq!(
        refused(parse_users("name.first = x", now())),
        (Reason::Unknown, message.to_owned())
    );
    let message = "at column 8: a path goes one dot deep, as author.email does, and not further";
    assert_eq!(
        refused(parse_posts("author.posts.title = x", now())),
        (Reason::Malformed, message.to_owned())
    );
}

fn events(text: &str) -> Result<Option<Filter<AuditTest>>, Invalid> {
    parse_events(text, now())
}

#[test]
fn events_have_fields_of_their_own_and_no_relation() {
    let field = |field, test| {
        Filter::Test(FieldTest {
            field,
            negated: false,
            test,
        })
    };
    assert_eq!(
        events(r#"caller = "key:web""#),
        Ok(Some(field(
            AuditField::Caller,
            text(Comparison::Equal, "key:web")
        )))
    );
    let within = || ValueTest::Matches(pattern("*purged*", true));
    let mentioned = [AuditField::Caller, AuditField::Method, AuditField::Action];
    assert_eq!(
        events("purged"),
        Ok(Some(Filter::Any(
            mentioned.map(|one| field(one, within())).into()
        )))
    );
    for (text, message) in [
        (
            "acton = x",
            "at column 1: there is no field \"acton\" (did you mean action?); the fields are \
             occurred_at, caller, peer, request_id, method, action, resource_kind, resource_id",
        ),
        (
            "posts.title = x",
            "at column 1: there is no field \"posts\"; the fields are occurred_at, caller, \
             peer, request_id, method, action, resource_kind, resource_id",
        ),
        (
            "caller.name = x",
            "at column 1: caller holds a single value and has no fields of its own",
        ),
        (
            "caller",
            "at column 1: expected a comparator after caller, as in caller:*; if the word is \
             meant, put it in quotes",
        ),
    ] {
        assert_eq!(refused(events(text)).1, message, "{text}");
    }
}
