//! Finding posts by the words of their title and content.

use super::Ports;
use super::support::{assert_internal, content, numbers, size, title};
use super::walks::{after, search_query};
use crate::lifecycle::Retention;
use crate::page::{Cursor, PageRequest, PageSize, SortValue};
use crate::post::{Post, PostFilter};
use crate::selection::Fields;
use crate::testing::fixtures::{post, post_id, time, user, user_id};
use crate::trash::Trash;

pub(super) const LIVING: PostFilter = PostFilter::all(Trash::Exclude);
const ALL: PostFilter = PostFilter::all(Trash::Include);

/// The sizes of page at which a search is walked.
const SIZES: [i32; 2] = [1, 3];

/// Post `number`, which says nothing where `said` is empty.
pub(super) fn saying(number: u64, named: &str, said: &str) -> Post {
    Post {
        title: title(named),
        content: (!said.is_empty()).then(|| content(said)),
        ..post(number, user(1).id)
    }
}

pub(super) async fn insert(ports: &Ports, posts: &[Post]) {
    ports.insert_users(&[&user(1)]).await;
    ports.insert_posts(&posts.iter().collect::<Vec<_>>()).await;
}

/// Asserts which living posts each query finds, whatever their order.
pub(super) async fn assert_finds(ports: &Ports, expectations: &[(&str, &[u64])]) {
    for (text, expected) in expectations {
        for rows in SIZES {
            let mut met = numbers(&ports.walk_found(text, &LIVING, size(rows)).await);
            met.sort_unstable();
            assert_eq!(met, *expected, "{text:?} {rows}");
        }
    }
}

async fn insert_six(ports: &Ports) {
    let posts = [
        saying(1, "Engines of analysis", "Weaving algebraic patterns"),
        saying(2, "Weaving", "The loom weaves flowers and leaves"),
        saying(3, "On numbers", "Bernoulli numbers by an engine"),
        saying(4, "Patterns", ""),
        saying(5, "Élan vital", "Я пишу"),
        saying(6, "Flowers", "Leaves and flowers, patterns of leaves"),
    ];
    insert(ports, &posts).await;
}

pub async fn an_empty_store_finds_nothing(ports: Ports) {
    assert_finds(&ports, &[("word", &[]), ("-word", &[])]).await;
}

pub async fn whole_words_of_titles_and_contents_are_found(ports: Ports) {
    insert_six(&ports).await;
    assert_finds(
        &ports,
        &[
            ("weaving", &[1, 2]),
            ("patterns", &[1, 4, 6]),
            ("pattern", &[]),
            ("numbers", &[3]),
            ("engine", &[3]),
            ("eng", &[]),
        ],
    )
    .await;
}

pub async fn all_words_are_to_be_found_in_title_and_content_together(ports: Ports) {
    insert_six(&ports).await;
    assert_finds(
        &ports,
        &[
            ("weaving patterns", &[1]),
            ("patterns weaving", &[1]),
            ("weaving loom", &[2]),
            ("patterns flowers", &[6]),
            ("weaving numbers", &[]),
        ],
    )
    .await;
}

pub async fn words_in_quotes_stand_side_by_side(ports: Ports) {
    insert_six(&ports).await;
    assert_finds(
        &ports,
        &[
            ("\"algebraic patterns\"", &[1]),
            ("\"patterns algebraic\"", &[]),
            ("\"weaving patterns\"", &[]),
            ("\"flowers and leaves\"", &[2]),
            ("\"leaves and flowers\"", &[6]),
            ("\"of leaves\" flowers", &[6]),
            ("\"numbers\"", &[3]),
        ],
    )
    .await;
}

pub async fn or_separates_alternatives(ports: Ports) {
    insert_six(&ports).await;
    assert_finds(
        &ports,
        &[
            ("loom or engine", &[2, 3]),
            ("loom OR engine", &[2, 3]),
            ("weaving patterns or loom", &[1, 2]),
            ("loom or weaving patterns", &[1, 2]),
            ("nothing or engine", &[3]),
            ("\"algebraic patterns\" or numbers", &[1, 3]),
        ],
    )
    .await;
}

pub async fn a_minus_leaves_out_what_says_the_word(ports: Ports) {
    insert_six(&ports).await;
    assert_finds(
        &ports,
        &[
            ("weaving -loom", &[1]),
            ("-loom weaving", &[1]),
            ("patterns -weaving", &[4, 6]),
            ("patterns -weaving -flowers", &[4]),
            ("flowers -\"leaves and flowers\"", &[2]),
            ("weaving -weaving", &[]),
        ],
    )
    .await;
}

pub async fn words_in_paths_hosts_and_tags_are_words(ports: Ports) {
    let posts = [
        saying(1, "kitchen/gardenia", "daysago.Itrained"),
        saying(
            2,
            "x <secretive wordage> y",
            "mail ada@example.com &amp; go",
        ),
        saying(3, "a_snake", "well-known"),
        saying(4, "known well", "https://example.org/path?query=1#part"),
        saying(5, "3.14", "it's"),
    ];
    insert(&ports, &posts).await;
    assert_finds(
        &ports,
        &[
            ("gardenia", &[1]),
            ("itrained daysago", &[1]),
            ("secretive", &[2]),
            ("ada", &[2]),
            ("ada@example.com", &[2]),
            ("snake", &[3]),
            ("well-known", &[3]),
            ("well known", &[3, 4]),
            ("-well-known example", &[2, 4]),
            ("example.org/path", &[4]),
            ("query part", &[4]),
            ("3.14", &[5]),
            ("14", &[5]),
            ("it's", &[5]),
        ],
    )
    .await;
}

pub async fn the_letter_case_does_not_matter(ports: Ports) {
    insert_six(&ports).await;
    assert_finds(
        &ports,
        &[
            ("WEAVING", &[1, 2]),
            ("élan", &[5]),
            ("ÉLAN", &[5]),
            ("elan", &[]),
            ("я ПИШУ", &[5]),
        ],
    )
    .await;
}

pub async fn a_query_without_words_finds_nothing(ports: Ports) {
    insert_six(&ports).await;
    let expectations = ["!", "...", "\"\"", "-", "& | ! ( ) :*", "' ' \\", "<->"];
    assert_finds(&ports, &expectations.map(|text| (text, &[][..]))).await;
}

pub async fn a_word_in_the_title_comes_before_one_in_the_content(ports: Ports) {
    let posts = [
        saying(1, "Needle", "hay"),
        saying(2, "Hay", "A needle"),
        saying(
            3,
            "Hay",
            "needle needle needle, needle; needle needle needle needle",
        ),
        saying(4, "A needle", ""),
        saying(5, "Hay", "hay"),
    ];
    insert(&ports, &posts).await;
    // What must not be there tells nothing of what is.
    for text in [
        "needle",
        "needle -brooch",
        "-brooch needle -\"needle brooch\"",
    ] {
        for rows in SIZES {
            let met = ports.walk_found(text, &LIVING, size(rows)).await;
            let (titles, contents) = met.split_at(2);
            assert_eq!(numbers(titles), [4, 1], "{text} {rows}");
            let mut contents = numbers(contents);
            contents.sort_unstable();
            assert_eq!(contents, [2, 3], "{text} {rows}");
            assert!(met.is_sorted_by(|a, b| a.rank >= b.rank), "{text} {rows}");
            assert!(met[1].rank > met[2].rank, "{text} {rows}");
        }
    }
}

/// Seven posts that match equally well, and one, 4, that matches better.
async fn insert_equals(ports: &Ports) {
    let posts = [1, 2, 3, 4, 5, 6, 7, 8].map(|number| match number {
        4 => saying(4, "Needle", "hay"),
        _ => saying(number, "Hay", "A needle in hay"),
    });
    insert(ports, &posts).await;
}

pub async fn the_newest_comes_first_among_equals(ports: Ports) {
    insert_equals(&ports).await;
    for rows in SIZES {
        let met = ports.walk_found("needle", &LIVING, size(rows)).await;
        assert_eq!(numbers(&met), [4, 8, 7, 6, 5, 3, 2, 1], "{rows}");
    }
}

pub async fn another_page_is_announced_exactly_when_there_is_one(ports: Ports) {
    insert_equals(&ports).await;
    for (rows, count, announced) in [(1, 1, true), (7, 7, true), (8, 8, false), (9, 8, false)] {
        let first = PageRequest::first(size(rows));
        let page = ports.found_page("needle", &LIVING, &first).await;
        assert_eq!(page.items.len(), count);
        assert_eq!(page.next.is_some(), announced, "{rows}");
    }
}

pub async fn the_cursor_holds_one_rank(ports: Ports) {
    insert_equals(&ports).await;
    let mut before: Option<i64> = None;
    for (rows, last) in [(1, 4), (2, 8), (3, 7)] {
        let first = PageRequest::first(size(rows));
        let page = ports.found_page("needle", &LIVING, &first).await;
        let place = page.next.expect("another page follows");
        assert_eq!(place.id, post_id(last).as_uuid());
        let [SortValue::Rank(rank)] = *place.values else {
            panic!("expected one rank, got {:?}", place.values);
        };
        // 4 matches better than all others, which match equally well.
        assert!(before.is_none_or(|before| (before > rank) == (last == 8)));
        before = Some(rank);
    }
}

pub async fn rows_are_skipped_from_the_start_or_the_cursor(ports: Ports) {
    insert_equals(&ports).await;
    let skipping = |skip, request| PageRequest { skip, ..request };
    let request = skipping(2, PageRequest::first(size(2)));
    let page = ports.found_page("needle", &LIVING, &request).await;
    assert_eq!(numbers(&page.items), [7, 6]);
    let request = skipping(1, after(size(2), page.next));
    let page = ports.found_page("needle", &LIVING, &request).await;
    assert_eq!(numbers(&page.items), [3, 2]);
    for skip in [1, u32::MAX] {
        let request = skipping(skip, after(size(2), page.next.clone()));
        let page = ports.found_page("needle", &LIVING, &request).await;
        assert_eq!((page.items, page.next), (vec![], None));
    }
}

pub async fn what_comes_and_goes_between_pages_moves_no_other(ports: Ports) {
    insert_equals(&ports).await;
    let first = PageRequest::first(size(3));
    let page = ports.found_page("needle", &LIVING, &first).await;
    assert_eq!(numbers(&page.items), [4, 8, 7]);
    // One that matches better, and one that is newer than the place.
    let come = [
        saying(9, "Needle", "hay"),
        saying(10, "Hay", "A needle in hay"),
    ];
    ports.insert_posts(&come.each_ref()).await;
    // The row of the cursor among them.
    ports.purge_posts(&[7, 5].map(post_id)).await;
    let mut deleted = saying(2, "Hay", "A needle in hay");
    let version = deleted.lifecycle.version();
    deleted.lifecycle.delete(time(50), Retention::DEFAULT);
    ports.update_post(&deleted, version).await;
    let request = after(size(9), page.next);
    let page = ports.found_page("needle", &LIVING, &request).await;
    assert_eq!(numbers(&page.items), [6, 3, 1]);
    assert_eq!(page.next, None);
}

pub async fn what_a_post_says_now_is_found(ports: Ports) {
    insert(&ports, &[saying(1, "Old", "words")]).await;
    let changed = saying(1, "New", "words");
    let version = changed.lifecycle.version();
    ports.update_post(&changed, version).await;
    assert_finds(&ports, &[("old", &[]), ("new words", &[1])]).await;
}

pub async fn the_trash_is_searched_only_where_it_is_meant(ports: Ports) {
    let mut posts = [
        saying(1, "Needle", ""),
        saying(2, "Needle", ""),
        saying(3, "Needle", ""),
    ];
    posts[1].lifecycle.delete(time(50), Retention::DEFAULT);
    insert(&ports, &posts).await;
    for rows in SIZES {
        let met = ports.walk_found("needle", &LIVING, size(rows)).await;
        assert_eq!(numbers(&met), [3, 1], "{rows}");
        let met = ports.walk_found("needle", &ALL, size(rows)).await;
        assert_eq!(numbers(&met), [3, 2, 1], "{rows}");
    }
}

// Words around a snippet are long here: an adapter may end it before short ones.

pub async fn a_cursor_of_a_list_is_refused(ports: Ports) {
    insert_equals(&ports).await;
    let query = search_query("needle");
    let author = SortValue::Id(user_id(1).as_uuid());
    for values in [
        vec![],
        vec![SortValue::Absent],
        vec![SortValue::Time(time(1))],
        vec![SortValue::Text("a".to_owned())],
        vec![author],
        vec![SortValue::Rank(0), SortValue::Rank(0)],
    ] {
        let id = post_id(1).as_uuid();
        let request = after(PageSize::DEFAULT, Some(Cursor { values, id }));
        let page = ports
            .posts
            .search(&query, &LIVING, &request, &Fields::all(), 0)
            .await;
        assert_internal(&page);
    }
}
