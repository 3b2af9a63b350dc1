//! What is marked in snippets: the words that PostgreSQL would mark, whoever makes them.

use byline_domain::page::{PageRequest, PageSize};
use byline_domain::post::{
    Content, FoundPost, Mark, Post, PostField, PostFilter, PostReader, Snippet, Title, Wanted,
};
use byline_domain::search::SearchQuery;
use byline_domain::selection::Fields;
use byline_domain::testing::fixtures::{post, user};
use byline_domain::trash::Trash;
use byline_domain::unit_of_work::UnitOfWorkFactory;
use byline_persistence::Database;
use byline_persistence::search_language::set_search_language;
use byline_persistence::testing::{Connection, TestDatabase, execute};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Gives words of ASCII a dictionary that does what `simple` does, and is not it.
const NOT_SIMPLE: &str = "create text search dictionary same (template = pg_catalog.simple);
    alter text search configuration byline alter mapping for asciiword with same";

/// All that PostgreSQL marks in a text.
const ALL_MARKS: &str = "select ts_headline('byline', byline_words($1), any_word,
        E'HighlightAll=true, StartSel=\"\\x02\", StopSel=\"\\x03\"')
    from (select regexp_replace(querytree(websearch_to_tsquery('byline', $2)),
        '<(-|\\d+)>|&', '|', 'g')::tsquery as any_word) wanted";

const WORDS: &[&str] = &[
    "a",
    "b",
    "oder",
    "É",
    "é",
    "e\u{301}",
    "x²",
    "x",
    "½",
    "1",
    "12",
    "1e5",
    "1E5",
    "5e",
    "Straße",
    "İstanbul",
    "istanbul",
    "ΣΑΣ",
    "σας",
    "Дом",
    "дом",
    "東京",
    "京都",
    "हिन्दी",
    "हिन्द",
    "ไทย",
    "שלום",
    "a1",
    "1a",
    "ﬁn",
    "fin",
    "Ⓐ",
    "ⅷ",
    "Ⅷ",
    "٣",
    "ǅ",
    "ǆ",
];

const BETWEEN: &[&str] = &[
    " ",
    " ",
    " ",
    " ",
    " ",
    "",
    ", ",
    "'",
    "’",
    "-",
    "_",
    ".",
    "…",
    "\n",
    "(",
    "|",
    "*",
    "♥",
    "❤\u{fe0f}",
    "😀",
    "\u{200b}",
    "\u{ad}",
    "\u{a0}",
    "\u{301}",
    "²",
    "、",
    "。",
    "“",
    "\\",
    "\"",
    "^",
    "@",
    "€",
];

/// Random texts; each third word is a number that no other place of the text has.
fn texts(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let word = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    vec(word, words).prop_map(|words| {
        let mut text = String::new();
        for (number, (word, between)) in words.iter().enumerate() {
            text.push_str(word.get::<&str>(WORDS));
            text.push_str(between.get::<&str>(BETWEEN));
            if number % 3 == 2 {
                text.push_str(" n");
                text.push_str(&number.to_string());
                text.push(' ');
            }
        }
        text
    })
}

fn queries() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS);
    let term = (prop::sample::select(&["", "", "", "-", "or "][..]), word);
    vec(term, 1..4).prop_map(|terms| {
        let terms: Vec<String> = terms
            .into_iter()
            .map(|(sign, word)| format!("{sign}{word}"))
            .collect();
        terms.join(" ")
    })
}

struct World {
    test: TestDatabase,
    database: Database,
}

impl World {
    async fn of(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::on(TestDatabase::new().await, texts).await
    }

    async fn on(test: TestDatabase, texts: impl IntoIterator<Item = (String, String)>) -> Self {
        let database = test.database();
        let mut unit = database.begin().await.unwrap();
        unit.users().insert(&user(1)).await.unwrap();
        for (number, (title, content)) in (1..).zip(texts) {
            let post = Post {
                title: Title::parse(title.replace('\n', " ")).unwrap(),
                content: Some(Content::parse(content).unwrap()),
                ..post(number, user(1).id)
            };
            unit.posts().insert(&post).await.unwrap();
        }
        unit.commit().await.unwrap();
        Self { test, database }
    }

    async fn finds(&self, query: &SearchQuery, fields: &Fields<PostField>) -> Vec<FoundPost> {
        let page = PageRequest::first(PageSize::MAX);
        let filter = PostFilter::all(Trash::Exclude);
        let found = PostReader::search(&self.database, query, &filter, &page, fields, 0).await;
        found.unwrap().items
    }

    async fn only(&self, text: &str) -> String {
        let query = SearchQuery::parse(text).unwrap();
        let found = self.finds(&query, &Fields::none()).await;
        assert_eq!(found.len(), 1, "{text}");
        found[0].snippet.to_html()
    }
}

/// Whether PostgreSQL marks each character of a text.
async fn marked_by_postgres(connection: &mut Connection, text: &str, query: &str) -> Vec<bool> {
    let marked: String = sqlx::query_scalar(ALL_MARKS)
        .bind(text)
        .bind(query)
        .fetch_one(connection)
        .await
        .unwrap();
    let mut marks = Vec::new();
    let mut is_marked = false;
    for c in marked.chars() {
        match c {
            Snippet::OPEN => is_marked = true,
            Snippet::CLOSE => is_marked = false,
            _ => marks.push(is_marked),
        }
    }
    assert_eq!(marks.len(), text.chars().count());
    marks
}

fn marked(snippet: &Snippet) -> Vec<bool> {
    let pieces = snippet.pieces();
    pieces
        .flat_map(|(mark, piece)| piece.chars().map(move |_| mark == Mark::Found))
        .collect()
}

/// Holds that the snippet shows a part of the text that says what is looked for, and marks
/// in it what PostgreSQL marks there.
async fn assert_marked(connection: &mut Connection, found: &FoundPost, query: &SearchQuery) {
    let query = query.as_str();
    let content = found
        .post
        .content
        .as_ref()
        .unwrap()
        .as_ref()
        .unwrap()
        .as_str();
    let in_content = marked_by_postgres(connection, content, query).await;
    let title = found.post.title.as_ref().unwrap().as_str();
    let in_title = marked_by_postgres(connection, title, query).await;
    let is_of_title = !in_content.contains(&true) && in_title.contains(&true);
    let (text, expected) = if is_of_title {
        (title, in_title)
    } else {
        (content, in_content)
    };
    let shown: String = found.snippet.pieces().map(|(_, piece)| piece).collect();
    let start = text.find(&shown);
    let start = start.unwrap_or_else(|| panic!("{query}: {shown:?} is not of {text:?}"));
    let start = text[..start].chars().count();
    let expected_here = &expected[start..start + shown.chars().count()];
    let what = || format!("{query}: {:?} of {text:?}", found.snippet.to_html());
    assert_eq!(marked(&found.snippet), expected_here, "{}", what());
    assert_eq!(
        expected_here.contains(&true),
        expected.contains(&true),
        "{}",
        what()
    );
}

#[tokio::test]
async fn of_random_texts_mark_what_postgresql_marks() {
    mark_what_postgresql_marks(TestDatabase::new().await).await;
}

#[tokio::test]
async fn of_random_texts_mark_what_postgresql_marks_in_the_locale_c() {
    mark_what_postgresql_marks(TestDatabase::in_locale_c().await).await;
}

async fn mark_what_postgresql_marks(test: TestDatabase) {
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(1),
        ..Config::default()
    });
    let mut of =
        |strategy: BoxedStrategy<String>| strategy.new_tree(&mut runner).unwrap().current();
    let posts: Vec<_> = (0..50)
        .map(|_| (of(texts(1..6).boxed()), of(texts(1..80).boxed())))
        .collect();
    let asked = (0..70).map(|_| SearchQuery::parse(of(queries().boxed())).unwrap());
    let asked: Vec<_> = asked.collect();
    let world = World::on(test, posts).await;
    let mut connection = world.test.connection().await;
    let mut marked = 0;
    for is_simple in [true, false] {
        for query in &asked {
            for found in world.finds(query, &Fields::all()).await {
                assert_marked(&mut connection, &found, query).await;
                marked += 1;
            }
        }
        if is_simple {
            execute(&mut connection, NOT_SIMPLE).await;
        }
    }
    assert!(marked > 1_000, "{marked}");
}

#[tokio::test]
async fn part_words_only_where_postgresql_does() {
    let test = TestDatabase::new().await;
    let wanted = Wanted::new(["b"]);
    let parting = (1..=0x0010_ffff_u32).filter_map(char::from_u32);
    let parting = parting.filter(|c| {
        let told = wanted.tell("", &format!("a{c}b"));
        marked(&told.snippet).contains(&true)
    });
    let parting: Vec<i32> = parting
        .map(|c| i32::try_from(u32::from(c)).unwrap())
        .collect();
    assert!(parting.len() > 3_000, "{}", parting.len());
    let joining: Vec<String> = sqlx::query_scalar(
        "select to_hex(n) from unnest($1) n \
         where not to_tsvector('byline', byline_words('a' || chr(n) || 'b')) @@ 'b'",
    )
    .bind(&parting)
    .fetch_all(&mut test.connection().await)
    .await
    .unwrap();
    assert_eq!(joining, Vec::<String>::new());
}

fn said(title: &str, content: &str) -> (String, String) {
    (title.to_owned(), content.to_owned())
}

#[tokio::test]
async fn mark_forms_of_a_word_while_the_language_has_them() {
    let world = World::of([said("Barn", "New roofs, and a roof")]).await;
    let server = world.test.connect_options();
    let exactly = "New roofs, and a <mark>roof</mark>";
    assert_eq!(world.only("roof").await, exactly);
    set_search_language(&server, "english", |_| {})
        .await
        .unwrap();
    let forms = "New <mark>roofs</mark>, and a <mark>roof</mark>";
    assert_eq!(world.only("roof").await, forms);
    set_search_language(&server, "simple", |_| {})
        .await
        .unwrap();
    assert_eq!(world.only("roof").await, exactly);
}

#[tokio::test]
async fn mark_what_postgresql_takes_apart_in_its_own_way() {
    let late = "straw ".repeat(3_300);
    let world = World::of([
        said("Area", "In m², or 1e5fold"),
        said("Some 5kg² more", "Closed"),
        said("Hay", &format!("{late} a late needle of pg² there")),
        said("Hay", &format!("{late} {late} a pin")),
    ])
    .await;
    for (query, expected) in [
        ("m", "In <mark>m</mark>², or 1e5fold"),
        ("fold or or", "In m², <mark>or</mark> 1e5<mark>fold</mark>"),
        ("5kg", "Some <mark>5kg</mark>² more"),
    ] {
        assert_eq!(world.only(query).await, expected, "{query}");
    }
    for fields in [Fields::none(), Fields::all()] {
        for (text, expected) in [
            ("needle", "<mark>needle</mark> of pg² there"),
            ("pg", "needle of <mark>pg</mark>² there"),
            // It is said too late to be looked for.
            ("pin", "straw straw"),
        ] {
            let query = SearchQuery::parse(text).unwrap();
            let found = world.finds(&query, &fields).await;
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].post.title.is_some(), fields == Fields::all());
            assert_eq!(found[0].post.content.is_some(), fields == Fields::all());
            let html = found[0].snippet.to_html();
            assert!(html.contains(expected), "{text} {html}");
            assert_eq!(html.contains('<'), expected.contains('<'), "{html}");
        }
    }
}

#[tokio::test]
async fn of_what_must_not_be_said_are_beginnings() {
    let content = "No word of it";
    let world = World::of([said("Hay", content)]).await;
    assert_eq!(world.only("-needle").await, content);
    assert_eq!(world.only("hay -needle").await, "<mark>Hay</mark>");
    execute(&mut world.test.connection().await, NOT_SIMPLE).await;
    assert_eq!(world.only("-needle").await, content);
    assert_eq!(world.only("hay -needle").await, "<mark>Hay</mark>");
}
