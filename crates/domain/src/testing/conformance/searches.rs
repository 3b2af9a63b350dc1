//! Finding users by a part of their address or name.

use super::Ports;
use super::support::{assert_internal, name, numbers, size, user_at};
use super::walks::{SIZES, after, search_query};
use crate::lifecycle::Retention;
use crate::page::{Cursor, PageRequest, PageSize, SortValue};
use crate::selection::Fields;
use crate::testing::fixtures::{time, user_id};
use crate::trash::Trash;
use crate::user::{User, UserFilter};

/// User `number` of that address, called `called` unless that is empty.
fn called(number: u64, address: &str, called: &str) -> User {
    User {
        name: (!called.is_empty()).then(|| name(called)),
        ..user_at(number, address)
    }
}

/// Asserts what each query finds among the living, in order, at every page size.
async fn assert_finds(ports: &Ports, expectations: &[(&str, &[u64])]) {
    for (text, expected) in expectations {
        for rows in SIZES {
            let met = ports
                .walk_search(text, &UserFilter::all(Trash::Exclude), size(rows))
                .await;
            assert_eq!(numbers(&met), *expected, "{text:?} {rows}");
        }
    }
}

pub async fn an_empty_store_finds_nobody(ports: Ports) {
    assert_finds(&ports, &[("a", &[]), ("ada", &[])]).await;
}

pub async fn a_part_of_the_address_or_of_the_name_is_found(ports: Ports) {
    let users = [
        called(1, "countess@x.org", "Ada Lovelace"),
        called(2, "alan@lovely.org", "Turing"),
        called(3, "grace@navy.mil", "Hopper"),
    ];
    ports.insert_users(&users.each_ref()).await;
    assert_finds(
        &ports,
        &[
            ("love", &[1, 2]),
            ("a Lov", &[1]),
            ("navy.mil", &[3]),
            ("ring", &[2]),
            ("opp", &[3]),
            ("lovex", &[]),
            ("Ada  Lovelace", &[]),
        ],
    )
    .await;
}

pub async fn the_letter_case_does_not_matter(ports: Ports) {
    let users = [
        called(1, "ADA@x.org", "Élodie Яна"),
        called(2, "b@y.org", "ÉLAN ada"),
    ];
    ports.insert_users(&users.each_ref()).await;
    assert_finds(
        &ports,
        &[
            ("ada", &[1, 2]),
            ("ADA", &[1, 2]),
            ("éL", &[2, 1]),
            ("ÉLODIE", &[1]),
            ("ЯНА", &[1]),
            ("elan", &[]),
        ],
    )
    .await;
}

pub async fn wildcards_are_taken_literally(ports: Ports) {
    let users = [
        called(1, "100%_sure@x.org", ""),
        called(2, "100x_sure@x.org", r"back\slash"),
        called(3, "under@x.org", "%percent_"),
        called(4, "plain@x.org", r"\d+.*[a-z]"),
        called(5, "quote'--@x.org", "_first"),
    ];
    ports.insert_users(&users.each_ref()).await;
    assert_finds(
        &ports,
        &[
            ("100%_", &[1]),
            ("0%_s", &[1]),
            ("0_s", &[]),
            ("%_s", &[1]),
            ("%%%", &[]),
            ("___", &[]),
            ("%", &[3]),
            ("_", &[5]),
            ("%p", &[3]),
            (r"k\s", &[2]),
            (r"\\\", &[]),
            (r"\", &[4]),
            (r"\d", &[4]),
            (r"\%p", &[]),
            (".*[", &[4]),
            ("...", &[]),
            ("e'--", &[5]),
        ],
    )
    .await;
}

pub async fn a_short_query_finds_beginnings_only(ports: Ports) {
    let users = [
        called(1, "dan@x.org", "Wanda"),
        called(2, "ada@x.org", "Éva"),
        called(3, "eve@x.org", "Da Vinci"),
        called(4, "z@x.org", "da"),
        called(5, "ы@x.org", "😀😀 smiles"),
        called(6, "y@x.org", "d"),
    ];
    ports.insert_users(&users.each_ref()).await;
    assert_finds(
        &ports,
        &[
            ("da", &[4, 3, 1]),
            ("d", &[6, 4, 3, 1]),
            ("D", &[6, 4, 3, 1]),
            ("dan", &[1]),
            ("nda", &[1]),
            ("va", &[]),
            ("év", &[2]),
            ("Ы", &[5]),
            ("😀", &[5]),
            ("😀😀", &[5]),
            ("😀 ", &[]),
            ("😀 s", &[5]),
        ],
    )
    .await;
}

pub async fn the_best_match_comes_first_and_the_newest_among_equals(ports: Ports) {
    let users = [
        called(1, "one@x.org", "Ada"),
        called(2, "ada@x.org", "Countess"),
        called(3, "x@ada.org", "Nobody"),
        called(4, "four@x.org", "ADA"),
        called(5, "five@x.org", "Adam"),
        called(6, "six@x.org", "Canada"),
        called(7, "seven@ada.org", "Adamant"),
        called(8, "x@adamant.org", "ada"),
    ];
    ports.insert_users(&users.each_ref()).await;
    let expectations: &[(&str, &[u64])] = &[
        ("ada", &[8, 4, 1, 5, 2, 7, 3, 6]),
        ("ada@x.org", &[2]),
        ("adam", &[5, 7, 8]),
    ];
    assert_finds(&ports, expectations).await;
}

pub async fn a_user_without_a_name_is_found_by_address(ports: Ports) {
    let users = [
        called(1, "null@x.org", ""),
        called(2, "none@x.org", ""),
        called(3, "x@y.org", "Null"),
    ];
    ports.insert_users(&users.each_ref()).await;
    assert_finds(
        &ports,
        &[("null", &[3, 1]), ("none", &[2]), ("n", &[3, 2, 1])],
    )
    .await;
}

pub async fn the_trash_is_searched_only_where_it_is_meant(ports: Ports) {
    let mut users = [
        called(1, "ada@x.org", ""),
        called(2, "b@x.org", "Ada"),
        called(3, "c@x.org", "Canada"),
        called(4, "d@x.org", "Adam"),
    ];
    users[1].lifecycle.delete(time(50), Retention::DEFAULT);
    users[2].lifecycle.delete(time(50), Retention::DEFAULT);
    ports.insert_users(&users.each_ref()).await;
    for text in ["ada", "ad"] {
        let anywhere = text.len() > 2;
        for rows in SIZES {
            let living = ports
                .walk_search(text, &UserFilter::all(Trash::Exclude), size(rows))
                .await;
            assert_eq!(numbers(&living), [4, 1], "{text} {rows}");
            let all = ports
                .walk_search(text, &UserFilter::all(Trash::Include), size(rows))
                .await;
            let expected: &[u64] = if anywhere { &[2, 4, 1, 3] } else { &[2, 4, 1] };
            assert_eq!(numbers(&all), expected, "{text} {rows}");
        }
    }
}

/// Ten users whose address holds `ada`: 9 and 10 start with it. All of either kind are
/// as similar to it as each other.
async fn insert_ten(ports: &Ports) {
    let users: Vec<User> = (1..=10)
        .map(|number| match number {
            9 => called(number, "adai@x.org", ""),
            10 => called(number, "adaj@x.org", ""),
            _ => called(number, &format!("{number}@ada.org"), ""),
        })
        .collect();
    ports.insert_users(&users.iter().collect::<Vec<_>>()).await;
}

pub async fn another_page_is_announced_exactly_when_there_is_one(ports: Ports) {
    insert_ten(&ports).await;
    for (rows, count, announced) in [(1, 1, true), (9, 9, true), (10, 10, false), (11, 10, false)] {
        let first = PageRequest::first(size(rows));
        let page = ports
            .search_page("ada", &UserFilter::all(Trash::Exclude), &first)
            .await;
        assert_eq!(page.items.len(), count);
        assert_eq!(page.next.is_some(), announced, "{rows}");
    }
}

pub async fn the_cursor_holds_the_rank(ports: Ports) {
    insert_ten(&ports).await;
    for (rows, rank, number) in [(1, 10_250_000, 10), (2, 10_250_000, 9), (3, 400_000, 8)] {
        let first = PageRequest::first(size(rows));
        let page = ports
            .search_page("ada", &UserFilter::all(Trash::Exclude), &first)
            .await;
        let place = Cursor {
            values: vec![SortValue::Rank(rank)],
            id: user_id(number).as_uuid(),
        };
        assert_eq!(page.next, Some(place));
    }
}

pub async fn rows_are_skipped_from_the_start_or_the_cursor(ports: Ports) {
    insert_ten(&ports).await;
    let skipping = |skip, request| PageRequest { skip, ..request };
    let request = skipping(1, PageRequest::first(size(2)));
    let page = ports
        .search_page("ada", &UserFilter::all(Trash::Exclude), &request)
        .await;
    assert_eq!(numbers(&page.items), [9, 8]);
    let request = skipping(3, after(size(2), page.next));
    let page = ports
        .search_page("ada", &UserFilter::all(Trash::Exclude), &request)
        .await;
    assert_eq!(numbers(&page.items), [4, 3]);
    for skip in [2, u32::MAX] {
        let request = skipping(skip, after(size(2), page.next.clone()));
        let page = ports
            .search_page("ada", &UserFilter::all(Trash::Exclude), &request)
            .await;
        assert_eq!((page.items, page.next), (vec![], None));
    }
}

pub async fn what_comes_and_goes_between_pages_moves_nothing(ports: Ports) {
    insert_ten(&ports).await;
    let first = PageRequest::first(size(3));
    let page = ports
        .search_page("ada", &UserFilter::all(Trash::Exclude), &first)
        .await;
    assert_eq!(numbers(&page.items), [10, 9, 8]);
    ports
        .insert_users(&[&called(11, "e@x.org", "Ada"), &called(12, "f@ada.org", "")])
        .await;
    ports.purge_users(&[10, 8, 6].map(user_id)).await;
    let request = after(size(9), page.next);
    let page = ports
        .search_page("ada", &UserFilter::all(Trash::Exclude), &request)
        .await;
    assert_eq!(numbers(&page.items), [7, 5, 4, 3, 2, 1]);
    assert_eq!(page.next, None);
}

pub async fn a_cursor_of_a_list_is_refused(ports: Ports) {
    insert_ten(&ports).await;
    let query = search_query("ada");
    for values in [
        vec![],
        vec![SortValue::Absent],
        vec![SortValue::Time(time(1))],
        vec![SortValue::Text("a@b.c".to_owned())],
        vec![SortValue::Rank(0), SortValue::Rank(0)],
    ] {
        let id = user_id(1).as_uuid();
        let request = after(PageSize::DEFAULT, Some(Cursor { values, id }));
        let filter = UserFilter::default();
        let page = ports
            .users
            .search(&query, &filter, &request, &Fields::all())
            .await;
        assert_internal(&page);
    }
}
