//! Which users a filter means.

use super::Ports;
use super::support::{content, deleted_post, deleted_user, name, numbers, role, size, title};
use super::support::{user_at, users_meeting};
use super::walks::SIZES;
use crate::count::CountMode;
use crate::filter::{Filter, UserTest};
use crate::order::{Direction, Order};
use crate::page::PageRequest;
use crate::post::Post;
use crate::testing::fixtures::{post, time, user, user_id};
use crate::trash::Trash;
use crate::user::{User, UserField, UserFilter};

const OLDEST_FIRST: Order<UserField> = Order::by(UserField::CreatedAt, Direction::Ascending);

/// Ada (1) has a published post and a draft without content, Alan (2), who has no name,
/// has none, Grace (3) has a published one, that of Edsger (4) is in the trash, and so
/// is Barbara (5) with hers.
async fn insert(ports: &Ports) {
    let mut edsger = User {
        name: Some(name("Edsger W. Dijkstra")),
        ..user_at(4, "ewd@x.org")
    };
    edsger.lifecycle.touch(time(20));
    let users = [
        User {
            name: Some(name("Ada Lovelace")),
            role: role("admin"),
            ..user_at(1, "Ada@x.org")
        },
        User {
            name: None,
            ..user_at(2, "alan@x.org")
        },
        User {
            name: Some(name("Grace Hopper")),
            role: role("admin"),
            is_active: false,
            ..user_at(3, "grace@navy.mil")
        },
        edsger,
        User {
            name: Some(name("Barbara 100%_")),
            role: role("admin"),
            ..deleted_user(5, 50)
        },
    ];
    let published = |number, author, named, said| Post {
        title: title(named),
        content: Some(content(said)),
        published_at: Some(time(10)),
        ..post(number, user_id(author))
    };
    let posts = [
        published(1, 1, "Notes", "On the Engine"),
        Post {
            title: title("Draft"),
            content: None,
            ..post(2, user_id(1))
        },
        published(3, 3, "Compilers", "can be written"),
        deleted_post(4, &user(4), 30),
        deleted_post(5, &user(5), 50),
    ];
    ports.insert_users(&users.each_ref()).await;
    ports.insert_posts(&posts.each_ref()).await;
}

async fn assert_means(ports: &Ports, filter: &UserFilter, expected: &[u64], what: &str) {
    for rows in SIZES {
        let met = ports.walk_users(filter, &OLDEST_FIRST, size(rows)).await;
        assert_eq!(numbers(&met), expected, "{what} {rows}");
    }
    for mode in [CountMode::Exact, CountMode::Estimate] {
        let count = ports.users.count(filter, mode).await;
        let count = count.expect("users are counted");
        assert_eq!(count, expected.len() as u64, "{what} {mode:?}");
    }
}

/// Asserts which living users each filter means.
async fn assert_mean(ports: &Ports, expectations: &[(&str, &[u64])]) {
    for (text, expected) in expectations {
        let filter = users_meeting(Trash::Exclude, text);
        assert_means(ports, &filter, expected, text).await;
    }
}

pub async fn text_is_compared_to_the_letter_case_but_in_addresses(ports: Ports) {
    insert(&ports).await;
    assert_mean(
        &ports,
        &[
            ("name = 'Ada Lovelace'", &[1]),
            ("name = 'ada lovelace'", &[]),
            ("name = 'Ada*'", &[1]),
            ("name = '*e'", &[1]),
            ("name = '*Lov*ace'", &[1]),
            ("name = 'lov*'", &[]),
            ("name : LOVE", &[1]),
            ("name > 'Edsger'", &[3, 4]),
            ("name <= 'Ada Lovelace'", &[1]),
            ("role = admin", &[1, 3]),
            ("role != admin", &[2, 4]),
            ("role = Admin", &[]),
            ("email = 'ADA@X.ORG'", &[1]),
            ("email = '*@X.org'", &[1, 2, 4]),
            ("email != '*@X.org'", &[3]),
            ("email >= 'ALAN@x.org'", &[2, 3, 4]),
        ],
    )
    .await;
}

pub async fn times_ids_and_flags_are_compared_by_value(ports: Ports) {
    insert(&ports).await;
    let second = user_id(2);
    assert_mean(
        &ports,
        &[
            ("is_active = false", &[3]),
            ("is_active : true", &[1, 2, 4]),
            ("is_active != true", &[3]),
            ("created_at > 2s", &[3, 4]),
            ("created_at >= 2s", &[2, 3, 4]),
            ("created_at < 2.000001s", &[1, 2]),
            ("created_at = 2s", &[2]),
            ("updated_at = 20s", &[4]),
            ("deleted_at : *", &[]),
            ("purge_at : *", &[]),
            (&format!("id = {second}"), &[2]),
            (&format!("id > {second}"), &[3, 4]),
            (&format!("id != {second}"), &[1, 3, 4]),
        ],
    )
    .await;
}

pub async fn an_absent_value_meets_neither_a_test_nor_its_opposite(ports: Ports) {
    insert(&ports).await;
    assert_mean(
        &ports,
        &[
            ("name : *", &[1, 3, 4]),
            ("NOT name : *", &[2]),
            ("name != 'Ada Lovelace'", &[3, 4]),
            ("NOT name = 'Ada Lovelace'", &[3, 4]),
            ("NOT name : ada", &[3, 4]),
            ("NOT (name : ada AND is_active = true)", &[3, 4]),
            ("NOT (name : ada AND is_active = false)", &[1, 2, 3, 4]),
            ("name : ada OR is_active = true", &[1, 2, 4]),
            ("updated_at < 21s", &[4]),
            ("NOT updated_at < 21s", &[]),
            ("-updated_at : *", &[1, 2, 3]),
        ],
    )
    .await;
}

pub async fn one_post_that_meets_the_test_is_enough(ports: Ports) {
    insert(&ports).await;
    assert_mean(
        &ports,
        &[
            ("posts : *", &[1, 3]),
            ("NOT posts : *", &[2, 4]),
            ("posts.published = true", &[1, 3]),
            ("posts.published != true", &[1]),
            ("NOT posts.published = true", &[2, 4]),
            ("posts.title = Draft", &[1]),
            ("posts.title = Draft AND posts.published = true", &[1]),
            ("posts.content : ENGINE", &[1]),
            ("posts.content != 'On the Engine'", &[3]),
            ("posts.content : *", &[1, 3]),
            ("posts.content != *", &[1]),
            ("posts.created_at >= 3s", &[3]),
        ],
    )
    .await;
}

pub async fn a_mention_is_looked_for_in_addresses_and_names(ports: Ports) {
    insert(&ports).await;
    assert_mean(
        &ports,
        &[
            ("ADA", &[1]),
            ("'x.org'", &[1, 2, 4]),
            ("'.'", &[1, 2, 3, 4]),
            ("'w. d'", &[4]),
            ("-ada", &[2, 3, 4]),
            ("NOT hopper", &[1, 2, 4]),
            ("'g*hopper'", &[3]),
            ("notes", &[]),
        ],
    )
    .await;
}

pub async fn tests_are_joined_as_the_language_says(ports: Ports) {
    insert(&ports).await;
    assert_mean(
        &ports,
        &[
            ("", &[1, 2, 3, 4]),
            ("role = admin is_active = true", &[1]),
            ("role = user AND ada OR alan", &[2]),
            ("(role = user AND ada) OR grace", &[3]),
            (
                "role = admin (is_active = false OR posts.title = Draft)",
                &[1, 3],
            ),
            ("NOT (ada OR grace) AND NOT posts : *", &[2, 4]),
        ],
    )
    .await;
}

pub async fn empty_lists_of_tests_mean_all_and_none(ports: Ports) {
    insert(&ports).await;
    let all = || Filter::<UserTest>::All(Vec::new());
    let any = || Filter::<UserTest>::Any(Vec::new());
    for (tree, expected) in [
        (all(), &[1, 2, 3, 4][..]),
        (any(), &[]),
        (Filter::negate(all()), &[]),
        (Filter::negate(any()), &[1, 2, 3, 4]),
        (Filter::Any(vec![any(), all()]), &[1, 2, 3, 4]),
    ] {
        let what = format!("{tree:?}");
        let filter = UserFilter {
            trash: Trash::Exclude,
            meets: Some(tree),
        };
        assert_means(&ports, &filter, expected, &what).await;
    }
}

pub async fn the_trash_is_looked_at_where_it_is_meant(ports: Ports) {
    insert(&ports).await;
    let expectations: [(&str, &[u64]); 11] = [
        ("role = admin", &[1, 3, 5]),
        ("deleted_at : *", &[5]),
        ("purge_at : *", &[5]),
        ("purge_at > 2592000s", &[5]),
        ("NOT purge_at > 2592000s", &[]),
        ("posts.purge_at < 2000-01-01T00:00:00Z", &[]),
        ("posts : *", &[1, 3, 4, 5]),
        ("posts.deleted_at : *", &[4, 5]),
        ("'100%_'", &[5]),
        ("'0_%'", &[]),
        ("NOT posts.deleted_at : * AND -alan", &[1, 3]),
    ];
    for (text, expected) in expectations {
        let filter = users_meeting(Trash::Include, text);
        assert_means(&ports, &filter, expected, text).await;
    }
}

pub async fn any_order_and_place_goes_with_a_filter(ports: Ports) {
    insert(&ports).await;
    let filter = users_meeting(Trash::Include, "posts : *");
    let order = Order::by(UserField::Role, Direction::Descending)
        .then(UserField::Name, Direction::Ascending);
    for rows in SIZES {
        let met = ports.walk_users(&filter, &order, size(rows)).await;
        assert_eq!(numbers(&met), [4, 1, 5, 3], "{rows}");
    }
    let request = PageRequest {
        skip: 2,
        ..PageRequest::first(size(1))
    };
    let page = ports.user_page(&filter, &order, &request).await;
    assert_eq!(numbers(&page.items), [5]);
    assert!(page.next.is_some());
}

pub async fn a_search_finds_only_what_the_filter_means(ports: Ports) {
    insert(&ports).await;
    let expectations: [(&str, Trash, &str, &[u64]); 5] = [
        ("x.org", Trash::Exclude, "role = user", &[4, 2]),
        ("x.org", Trash::Exclude, "role = user NOT name : *", &[2]),
        ("a", Trash::Exclude, "posts : *", &[1]),
        ("user-5", Trash::Include, "role = admin", &[5]),
        ("user-5", Trash::Exclude, "role = admin", &[]),
    ];
    for (query, trash, text, expected) in expectations {
        let filter = users_meeting(trash, text);
        for rows in SIZES {
            let met = ports.walk_search(query, &filter, size(rows)).await;
            assert_eq!(numbers(&met), expected, "{query} {text} {rows}");
        }
    }
}
