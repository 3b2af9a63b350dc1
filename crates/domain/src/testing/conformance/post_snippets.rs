//! Where in a post the words of a search were found.

use super::Ports;
use super::post_searches::{LIVING, insert, saying};
use super::support::size;
use super::walks::search_query;
use crate::page::{PageRequest, PageSize};
use crate::post::{FoundPost, Mark, Snippet};
use crate::selection::Fields;

/// The only post that a query finds.
async fn only(ports: &Ports, text: &str) -> FoundPost {
    let mut met = ports.walk_found(text, &LIVING, size(3)).await;
    assert_eq!(met.len(), 1, "{text:?}");
    met.remove(0)
}

/// What is marked in a snippet.
fn marked(snippet: &Snippet) -> Vec<&str> {
    let pieces = snippet.pieces();
    pieces
        .filter_map(|(mark, piece)| (mark == Mark::Found).then_some(piece))
        .collect()
}

pub async fn the_snippet_marks_what_was_found(ports: Ports) {
    let straws = "straws ".repeat(200);
    let posts = [
        saying(
            1,
            "Barn",
            &format!("{straws} buried Needle somewhere {straws}"),
        ),
        saying(2, "Silver brooch", "Jewels"),
        saying(3, "Thread", "Thread besides thimbles"),
    ];
    insert(&ports, &posts).await;
    let in_content = only(&ports, "needle").await;
    assert_eq!(marked(&in_content.snippet), ["Needle"]);
    let text: String = in_content
        .snippet
        .pieces()
        .map(|(_, piece)| piece)
        .collect();
    assert!(text.contains("buried Needle somewhere"), "{text}");
    assert!(
        text.len() < straws.len(),
        "only a part of the content: {text}"
    );

    let in_title = only(&ports, "brooch").await;
    assert_eq!(in_title.snippet.to_html(), "Silver <mark>brooch</mark>");

    // The content tells more, where both say it.
    let in_both = only(&ports, "thread").await;
    let html = in_both.snippet.to_html();
    assert_eq!(html, "<mark>Thread</mark> besides thimbles");

    // Where each says some of it, the content shows what it says.
    let in_parts = only(&ports, "barn buried somewhere").await;
    assert_eq!(marked(&in_parts.snippet), ["buried", "somewhere"]);
}

pub async fn a_snippet_is_told_even_if_no_text_is_read(ports: Ports) {
    insert(&ports, &[saying(1, "Barn", "Buried needle somewhere")]).await;
    let query = search_query("needle");
    let first = PageRequest::first(PageSize::DEFAULT);
    let none = Fields::none();
    let page = ports.posts.search(&query, &LIVING, &first, &none, 0).await;
    let page = page.expect("a page is read");
    let html = page.items[0].snippet.to_html();
    assert_eq!(html, "Buried <mark>needle</mark> somewhere");
}

pub async fn no_text_can_forge_a_mark(ports: Ports) {
    let forged = "a <mark>forged</mark> \"mark\" & <b>bold</b> <i>needle</i>";
    insert(&ports, &[saying(1, "Hay", forged)]).await;
    let snippet = only(&ports, "needle").await.snippet;
    assert_eq!(marked(&snippet), ["needle"]);
    let html = snippet.to_html();
    assert_eq!(html.matches("<mark>needle</mark>").count(), 1, "{html}");
    let rest = html.replace("<mark>needle</mark>", "");
    assert!(!rest.contains(['<', '>', '"']), "{html}");
}

pub async fn the_text_is_shown_as_it_was_written(ports: Ports) {
    let posts = [
        saying(1, "Hay", "x <secretive wordage> y"),
        saying(2, "Hay", "Mail ada@example.com, well-known as a/b-c."),
    ];
    insert(&ports, &posts).await;
    let found = only(&ports, "secretive").await;
    assert_eq!(
        found.snippet.to_html(),
        "x &lt;<mark>secretive</mark> wordage&gt; y"
    );
    let found = only(&ports, "example").await;
    let html = found.snippet.to_html();
    assert!(
        html.contains("ada@<mark>example</mark>.com, well-known as a/b-c"),
        "{html}"
    );
}
