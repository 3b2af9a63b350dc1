//! Writes the numbers down, and holds them against what Byline promises.

use std::fmt::Write;
use std::time::Duration;

use super::cases::{
    BROAD, DEEP, DEEP_BY_EMAIL, DEEP_FOUND_POSTS, DEEP_FOUND_USERS, FIRST, FIRST_BY_EMAIL,
    FOUND_POSTS, FOUND_USERS, NARROW, OF_ADMINS, OF_ONE, OF_POSTS, PUBLISHED,
};
use super::measure::Measured;
use super::site::{Site, settings};
use crate::call::DEADLINE;
use crate::machine;
use crate::page::grouped;

/// What is promised, of the median.
struct Target {
    says: &'static str,
    /// What is divided by what.
    ratios: &'static [Ratio],
    at_most: f64,
}

/// Two medians.
#[derive(Clone, Copy)]
enum Ratio {
    /// A case on the large site by the same on the small one.
    Growth(&'static str, &'static str),
    /// Two cases of a method on the large site.
    Cases(&'static str, &'static str, &'static str),
}

const TARGETS: &[Target] = &[
    Target {
        says: "A deep page costs what the first does",
        ratios: &[
            Ratio::Cases("ListUsers", DEEP, FIRST),
            Ratio::Cases("ListUsers", DEEP_BY_EMAIL, FIRST_BY_EMAIL),
            Ratio::Cases("ListPosts", DEEP, FIRST),
            Ratio::Cases("SearchUsers", DEEP_FOUND_USERS, FOUND_USERS),
            Ratio::Cases("SearchPosts", DEEP_FOUND_POSTS, FOUND_POSTS),
        ],
        at_most: 1.3,
    },
    Target {
        says: "SearchUsers grows slower than what it searches",
        ratios: &[
            Ratio::Growth("SearchUsers", "narrow: a part of one address"),
            Ratio::Growth("SearchUsers", "medium: a surname, 1 %"),
            Ratio::Growth("SearchUsers", FOUND_USERS),
            Ratio::Growth("SearchUsers", "short: 2 letters"),
        ],
        at_most: 5.0,
    },
    Target {
        says: "GetUser costs the same at any size",
        ratios: &[
            Ratio::Growth("GetUser", "by id"),
            Ratio::Growth("GetUser", "by e-mail"),
        ],
        at_most: 1.3,
    },
];

/// What a filter costs, against the same list without one.
const FILTERS: &[Ratio] = &[
    Ratio::Cases("ListUsers", NARROW, FIRST),
    Ratio::Cases("ListUsers", BROAD, FIRST),
    Ratio::Cases("ListUsers", OF_POSTS, FIRST),
    Ratio::Cases("ListPosts", OF_ONE, FIRST),
    Ratio::Cases("ListPosts", OF_ADMINS, FIRST),
    Ratio::Cases("ListPosts", PUBLISHED, FIRST),
];

/// All of the document.
pub(super) fn write(small: &Site, large: &Site, measured: &[Measured]) -> String {
    let mut text = String::new();
    introduce(&mut text, small, large);
    text.push_str("\n## What is promised\n\n");
    targets(&mut text, measured);
    text.push_str("\n## What a filter costs\n\nOn the large database, against page 1 of the same list without a filter.\n\n");
    filters(&mut text, measured);
    text.push_str("\n## Every read\n\n");
    text.push_str(LEGEND);
    table(&mut text, measured);
    text.push_str(NOTES);
    text
}

const LEGEND: &str = "\
Times are those of a client of one call after another, in milliseconds: p50 is the median,
p99 what 99 of 100 calls do not exceed. `rows` is how many an answer of the large database
holds in the middle; of a count, what it counts. `calls` is fewer where calls take long; of
fewer than 100, p99 is the slowest.

";

const NOTES: &str = "
## Where it goes

- A list walks an index from where its token says, so that its depth does not matter. A filter
  that an index serves in that order costs little more than none. Others look at row after row until the
  page is full: the rarer a match, the more rows; PostgreSQL may choose to look up all that
  match instead, and to sort them.
- An order that no index has, such as `name, created_at desc`, sorts all that the filter leaves.
- A count, and a total that is EXACT, look at every row that they count. An ESTIMATE stops at
  the 10,000th that matches.
- SearchUsers ranks up to 200 matches and SearchPosts up to 10,000. Of more they answer the
  newest; what is left of their growth is the index, which lists all matches before any is looked
  at, and, of posts, the ranking of those 10,000.
- A batch, a search and the posts of an author read rows that lie far apart. The small database
  is in memory as a whole, the large one in part.
- A caller who sets no deadline has 3 seconds. The calls here were given 30.
";

fn introduce(text: &mut String, small: &Site, large: &Site) {
    let settings: Vec<_> = settings()
        .iter()
        .map(|(name, value)| format!("`{name} = {value}`"))
        .collect();
    let pages = large.walks.users.pages();
    let small_pages = small.walks.users.pages();
    let _ = write!(
        text,
        "# What reads cost\n\n\
         This is written by\n\n```sh\n{command}\n```\n\n\
         which makes two databases, fills them by `COPY`, starts a release build of `byline serve` over \
         each and calls every read method over gRPC: in turn on both, one call after another, with other \
         keys every time. Before, tables and indexes are read into PostgreSQL's memory, as far as they fit.\n\n\
         | | |\n|---|---|\n\
         | date | {date} |\n\
         | machine | {machine} |\n\
         | database | PostgreSQL {version}, on the same machine |\n\
         | settings | {settings}; all else as PostgreSQL has it, and as `serve` sets it for its connections |\n\
         | small | {small_users} users, {small_posts} posts; filled: {small_filled} |\n\
         | large | {large_users} users, {large_posts} posts; filled: {large_filled} |\n\
         | page 10,000 | pages {from} to {to} of 50; in the small database, which has no such page, \
         {small_from} to {small_to} of its users |\n",
        command = machine::command(),
        date = machine::today(),
        machine = machine::describe(),
        version = large.database.version(),
        settings = settings.join(", "),
        small_users = grouped(small.world.users()),
        small_posts = grouped(small.world.posts()),
        small_filled = small.database.took,
        large_users = grouped(large.world.users()),
        large_posts = grouped(large.world.posts()),
        large_filled = large.database.took,
        from = grouped(*pages.start()),
        to = grouped(*pages.end()),
        small_from = grouped(*small_pages.start()),
        small_to = grouped(*small_pages.end()),
    );
}

fn targets(text: &mut String, measured: &[Measured]) {
    text.push_str("| promise | of the medians | at most | measured | |\n|---|---|---|---|---|\n");
    for target in TARGETS {
        for ratio in target.ratios {
            let value = ratio.value(measured);
            let verdict = match value {
                Some(value) if value <= target.at_most => "met",
                Some(_) | None => "**not met**",
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {verdict} |",
                target.says,
                ratio.says(),
                target.at_most,
                times(value),
            );
        }
    }
}

fn filters(text: &mut String, measured: &[Measured]) {
    text.push_str("| medians | measured |\n|---|---|\n");
    for ratio in FILTERS {
        let _ = writeln!(
            text,
            "| {} | {} |",
            ratio.says(),
            times(ratio.value(measured))
        );
    }
}

fn table(text: &mut String, measured: &[Measured]) {
    text.push_str(
        "| method | | rows | small p50 | small p99 | large p50 | large p99 | large / small | calls |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for it in measured {
        let growth = Ratio::Growth(it.case.method, it.case.what).value(measured);
        let large = it.large.as_ref();
        let of_large = |percent| {
            large.map_or_else(
                || format!("> {}", millis(DEADLINE)),
                |sample| millis(sample.percentile(percent)),
            )
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            it.case.method,
            it.case.what,
            large.map_or_else(|| "?".to_owned(), |sample| grouped(sample.median_rows())),
            millis(it.small.percentile(50)),
            millis(it.small.percentile(99)),
            of_large(50),
            of_large(99),
            times(growth),
            it.small.calls(),
        );
    }
}

impl Ratio {
    /// `None` if a call took too long to be measured.
    fn value(self, measured: &[Measured]) -> Option<f64> {
        let find = |method, what| {
            measured
                .iter()
                .find(|it| (it.case.method, it.case.what) == (method, what))
        };
        let median = |method, what| {
            let sample = find(method, what)?.large.as_ref()?;
            Some(sample.percentile(50).as_secs_f64())
        };
        match self {
            Self::Growth(method, what) => {
                let small = find(method, what)?.small.percentile(50).as_secs_f64();
                Some(median(method, what)? / small)
            }
            Self::Cases(method, over, under) => {
                Some(median(method, over)? / median(method, under)?)
            }
        }
    }

    fn says(self) -> String {
        match self {
            Self::Growth(method, what) => format!("{method} {what}: large / small"),
            Self::Cases(method, over, under) => format!("{method}: {over} / {under}"),
        }
    }
}

fn times(ratio: Option<f64>) -> String {
    match ratio {
        Some(ratio) if ratio >= 100.0 => format!("{ratio:.0}"),
        Some(ratio) if ratio >= 10.0 => format!("{ratio:.1}"),
        Some(ratio) => format!("{ratio:.2}"),
        None => "?".to_owned(),
    }
}

fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1_000.0;
    if millis >= 100.0 {
        format!("{millis:.0}")
    } else if millis >= 10.0 {
        format!("{millis:.1}")
    } else {
        format!("{millis:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::cases::{Case, POSTS, USERS};
    use crate::reads::measure::Sample;

    fn measured(small: u64, large: Option<u64>, case: &'static Case) -> Measured {
        let sample = |millis| {
            let mut sample = Sample::default();
            sample.add(Duration::from_millis(millis), 1);
            sample
        };
        Measured {
            case,
            small: sample(small),
            large: large.map(sample),
        }
    }

    fn all(small: u64, large: Option<u64>) -> Vec<Measured> {
        let cases = USERS.iter().chain(POSTS);
        cases.map(|case| measured(small, large, case)).collect()
    }

    #[test]
    fn what_is_compared_is_measured() {
        let measured = all(10, Some(20));
        let promised = TARGETS.iter().flat_map(|target| target.ratios);
        for ratio in promised.chain(FILTERS) {
            let expected = match ratio {
                Ratio::Growth(..) => 2.0,
                Ratio::Cases(..) => 1.0,
            };
            assert_eq!(ratio.value(&measured), Some(expected), "{}", ratio.says());
        }
    }

    #[test]
    fn the_verdict_follows_from_the_numbers() {
        let verdicts = |small, large| {
            let mut text = String::new();
            targets(&mut text, &all(small, large));
            let not_met = text.matches("**not met**").count();
            (text.matches("| met |").count(), not_met)
        };
        let of_all = TARGETS
            .iter()
            .map(|target| target.ratios.len())
            .sum::<usize>();
        assert_eq!(verdicts(10, Some(13)), (of_all, 0));
        // GetUser is no longer flat, a search may grow so much.
        assert_eq!(verdicts(10, Some(14)), (of_all - 2, 2));
        assert_eq!(verdicts(10, Some(51)), (of_all - 6, 6));
        assert_eq!(verdicts(10, None), (0, of_all));
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(millis(Duration::from_micros(1_234)), "1.23");
        assert_eq!(millis(Duration::from_millis(1_234)), "1234");
    }
}
