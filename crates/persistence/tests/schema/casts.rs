//! What columns' other types make of values, with PostgreSQL as the judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use byline_persistence::migrate::write::NewFile;
use byline_persistence::testing::execute;

use crate::support::{Case, run};

const BEFORE: &str = "create domain short as varchar(5);";

/// Types of a kind, each with values of it.
type Kind = &'static [(&'static str, &'static [&'static str])];

const NUMBERS: Kind = &[
    ("integer", &["1", "70000", "16777217"]),
    ("bigint", &["5", "9007199254740993"]),
    ("numeric", &["2", "1.5", "1234.123456789123456789"]),
    ("numeric(6,2)", &["2.50", "1234.56"]),
    ("numeric(8,3)", &["2.500", "1.234"]),
    ("real", &["0.1", "1.5", "3e10", "1.2345678"]),
    ("double precision", &["1.5", "0.30000000000000004", "1e300"]),
];

const BITS: Kind = &[
    ("integer", &["1", "70000"]),
    ("boolean", &["true"]),
    ("bit(4)", &["1010"]),
    ("bit varying(3)", &["101"]),
    ("bit varying", &["1010", "1010101"]),
];

const LONG: &str = "ä23456789-123456789-123456789-123456789-123456789-123456789-123456789";

const TEXTS: Kind = &[
    (
        "text",
        &[
            "abc     ",
            "12",
            "1.5",
            "101010",
            "2024-02-03 04:05:06.7+02",
            "{\"b\": 1, \"a\": 2, \"a\": 3}",
            "{a,bcdefgh}",
            LONG,
        ],
    ),
    ("varchar(5)", &["abcde", "a   "]),
    ("char(5)", &["ab", "abcde"]),
    ("name", &["n       ", "a23456789-123456789"]),
    ("\"char\"", &["x"]),
    ("text[]", &["{a,bcdefgh}", "{1,2}"]),
    ("varchar(5)[]", &["{a,bcdef}"]),
    ("short", &["abcde", "a   "]),
    (
        "json",
        &["1", "\"x\"    ", "{\"b\": 1, \"a\": 2, \"a\": 3}"],
    ),
];

const MOMENTS: Kind = &[
    ("date", &["2024-02-03"]),
    ("time", &["04:05:06.789"]),
    ("time with time zone", &["04:05:06.789+02"]),
    ("timestamp", &["2024-02-03 04:05:06.789", "2024-02-03"]),
    ("timestamp(0)", &["2024-02-03 04:05:06"]),
    ("timestamptz", &["2024-02-03 04:05:06.789+02", "2024-02-03"]),
    ("interval", &["1 mon 2 days 03:04:05.6", "03:04:05"]),
    ("interval year to month", &["1 year 2 mons"]),
];

const OTHERS: Kind = &[
    ("uuid", &["0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01"]),
    ("inet", &["10.0.0.1/24", "10.0.0.0/24", "10.0.0.1"]),
    ("cidr", &["10.0.0.0/24"]),
    ("json", &["1", "{\"b\": 1, \"a\": 2, \"a\": 3}"]),
    ("jsonb", &["1", "{\"a\": 2}"]),
    ("numeric", &["1.5"]),
];

/// A type, values of it, and another type.
type Pair = (&'static str, &'static [&'static str], &'static str);

/// Each type as the others of its kind, as text and from text.
fn pairs() -> Vec<Pair> {
    let kinds = [NUMBERS, BITS, TEXTS, MOMENTS, OTHERS];
    let text = &TEXTS[..1];
    let all = kinds.map(|kind| pairs_of(kind, kind)).into_iter().flatten();
    let with_text = kinds.into_iter().filter(|kind| !kind.starts_with(text));
    let with_text = with_text.flat_map(|kind| [pairs_of(kind, text), pairs_of(text, kind)]);
    all.chain(with_text.flatten()).collect()
}

fn pairs_of(from: Kind, to: Kind) -> Vec<Pair> {
    let all = from
        .iter()
        .flat_map(|from| to.iter().map(move |to| (from.0, from.1, to.0)));
    all.filter(|(from, _, to)| from != to).collect()
}

/// A schema with a column for each, of what is chosen of it.
fn schema(pairs: &[Pair], choose: impl Fn(&Pair) -> &'static str) -> String {
    let mut text = BEFORE.to_owned();
    for (place, pairs) in pairs.chunks(TABLE).enumerate() {
        let columns = pairs.iter().enumerate();
        let columns = columns.map(|(at, pair)| format!("c{at} {}", choose(pair)));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "create table t{place} ({columns});");
    }
    text
}

/// How many columns a table has.
const TABLE: usize = 8;

/// Puts a value into a column, runs the statement that is generated for it, somewhere else
/// in the world, and takes all back. Says what became of the value, and whether the table
/// was written anew.
const JUDGE: &str = r"
create function judge(statement text, place text, field text, former text, given text)
returns text language plpgsql as $$
declare before text; after text; back text; node oid; fate text;
begin
    perform set_config('timezone', 'UTC', true);
    execute format('insert into %I (%I) values (%L)', place, field, given);
    execute format('select format(''%%s'', %I) from %I', field, place) into before;
    node := pg_relation_filenode(place);
    perform set_config('timezone', 'America/New_York', true);
    begin
        execute statement;
    exception when others then
        raise sqlstate 'ZZ001' using message = 'fails';
    end;
    perform set_config('timezone', 'UTC', true);
    execute format('select format(''%%s'', %1$I), %1$I::text from %2$I', field, place) into after, back;
    if after = before then
        fate := 'same';
    else
        begin
            begin
                execute format('select format(''%%s'', %I::%s) from %I', field, former, place) into back;
            exception when others then
                execute format('select format(''%%s'', %I::text::%s) from %I', field, former, place) into back;
            end;
        exception when others then
            back := null;
        end;
        fate := case when back is not distinct from before then 'kept' else 'changed' end;
    end if;
    if pg_relation_filenode(place) <> node then fate := fate || ', anew'; end if;
    raise sqlstate 'ZZ001' using message = format('%s: %s', fate, after);
exception when sqlstate 'ZZ001' then
    return sqlerrm;
end $$;";

/// A statement that gives a column another type.
struct Retyping {
    comments: Vec<String>,
    statement: String,
    contracts: bool,
}

/// By the places of their tables and columns.
fn retypings(files: &[NewFile]) -> BTreeMap<(usize, usize), Retyping> {
    let ups = files.iter().filter(|file| file.name.ends_with(".up.sql"));
    let all = ups.flat_map(|file| file.text.split(";\n").map(|text| (&file.name, text)));
    let all = all.filter_map(|(file, text)| {
        let is_comment = |line: &&str| line.starts_with("--");
        let lines = || text.trim().lines();
        let statement: Vec<&str> = lines().filter(|line| !is_comment(line)).collect();
        let statement = statement.join("\n");
        let rest = statement.strip_prefix("alter table t")?;
        let (table, rest) = rest.split_once(" alter column c")?;
        let (column, _) = rest.split_once(" type ")?;
        let place = (table.parse().ok()?, column.parse().ok()?);
        let retyping = Retyping {
            comments: lines().filter(is_comment).map(str::to_owned).collect(),
            contracts: file.contains("_contract_"),
            statement,
        };
        Some((place, retyping))
    });
    all.collect()
}

impl Retyping {
    fn says(&self, begin: &str) -> bool {
        self.comments.iter().any(|line| line.starts_with(begin))
    }

    /// How values become others.
    fn changes(&self) -> impl Iterator<Item = &String> {
        let others = ["-- Fails where ", "-- Writes the whole table anew"];
        let comments = self.comments.iter();
        comments.filter(move |line| !others.iter().any(|other| line.starts_with(other)))
    }

    /// Whether it says what became of a value.
    fn admits(&self, fate: &str) -> bool {
        let is_told = self.changes().next().is_some() && self.contracts;
        (is_told || !fate.starts_with("changed"))
            && (self.says("-- Fails where ") || fate != "fails")
            && (self.says("-- Writes the whole table anew") || !fate.contains(", anew"))
    }
}

#[tokio::test]
async fn what_another_type_makes_of_values_is_said() {
    let pairs = pairs();
    let before = schema(&pairs, |pair| pair.0);
    let case = Case::new(&before, &schema(&pairs, |pair| pair.2)).await;
    let retypings = retypings(&case.revise(&[]).await.unwrap());
    run(&case.test.connect_options(), &(before + JUDGE)).await;
    let mut connection = case.test.connection().await;
    execute(&mut connection, "begin").await;
    let (mut wrong, mut said, mut shown) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for (place, (from, values, to)) in pairs.iter().enumerate() {
        let (table, column) = (place / TABLE, place % TABLE);
        let retyping = &retypings[&(table, column)];
        let judge = "select judge($1, $2, $3, $4, given) from unnest($5::text[]) given";
        let judged = sqlx::query_scalar(judge)
            .bind(&retyping.statement)
            .bind(format!("t{table}"))
            .bind(format!("c{column}"))
            .bind(from)
            .bind(values);
        let fates: Vec<String> = judged.fetch_all(&mut connection).await.unwrap();
        said.extend(retyping.changes());
        for (value, fate) in values.iter().zip(&fates) {
            if !retyping.admits(fate) {
                wrong.push(format!(
                    "{from} {value:?} as {to}: {fate}; {:?}",
                    retyping.comments
                ));
            }
            if !fate.starts_with("same") {
                shown.extend(retyping.changes());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let vain: Vec<_> = said.difference(&shown).collect();
    assert!(vain.is_empty(), "{vain:#?}");
}
