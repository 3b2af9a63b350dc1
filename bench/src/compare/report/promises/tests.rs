use super::*;
use crate::compare::report::tests::{measured, window};
use crate::compare::report::{Level, one_by_one};

const SHAPE: Shape = Shape {
    connections: 4,
    in_flight: 16,
    ..one_by_one(std::time::Duration::from_secs(1))
};

fn further() -> Further {
    Further {
        first_answer: 0.5,
        crowd_peak: 200 * 1_024 * 1_024,
        one_by_one: Measured::default(),
        level: None,
    }
}

fn page(measured: &Measured, further: &Further) -> String {
    let mut text = String::new();
    write(&mut text, measured, further, SHAPE);
    text
}

fn lines(of: &[(Workload, Contender, &[u64])]) -> Vec<String> {
    let text = page(&measured(of), &further());
    text.lines().skip(4).map(str::to_owned).collect()
}

#[test]
fn what_was_not_measured_is_left_out() {
    assert_eq!(
        lines(&[]),
        [
            "| Memory with 1000 calls in flight, MiB | at most 100 | 200 | **not met** |",
            "| From the start to the first answer, seconds | at most 1 | 0.50 | met |",
        ]
    );
}

#[test]
fn the_verdict_follows_from_the_median_and_says_what_not_all_rounds_say() {
    let of = |rust: &'static [u64]| {
        let lines = lines(&[
            (Workload::GetUser, Contender::Byline, &[2_200, 2_200, 2_200]),
            (Workload::GetUser, Contender::Rust, rust),
        ]);
        lines[0].clone()
    };
    let line = |measured| format!("| GetUser: Byline / tonic + sqlx | at least 2.2 | {measured} |");
    assert_eq!(of(&[1_000, 900, 800]), line("2.44 (2.20 to 2.75) | met"));
    assert_eq!(
        of(&[1_000, 900, 2_200]),
        line("2.20 (1.00 to 2.44) | met, though not in every round")
    );
    assert_eq!(
        of(&[1_000, 2_300, 2_300]),
        line("0.96 (0.96 to 2.20) | **not met**, though in some rounds")
    );
    assert_eq!(
        of(&[1_100, 2_200, 2_200]),
        line("1.00 (1.00 to 2.00) | **not met**")
    );
}

#[test]
fn a_limit_from_above_is_met_from_below() {
    let verdict = |rounds: [f64; 3]| Bound::AtMost(1.0).verdict(Spread::of(rounds).unwrap());
    assert_eq!(verdict([0.7, 0.8, 1.0]), "met");
    assert_eq!(verdict([0.7, 0.8, 1.1]), "met, though not in every round");
    assert_eq!(
        verdict([0.7, 1.1, 1.2]),
        "**not met**, though in some rounds"
    );
    assert_eq!(verdict([1.1, 1.1, 1.2]), "**not met**");
}

/// The line about no workload being slower, where each is so many times as fast.
fn slower(of: &[(Workload, &[u64])]) -> String {
    let mut all = Vec::new();
    for (workload, rounds) in of {
        all.push((*workload, Contender::Byline, *rounds));
        all.push((*workload, Contender::Rust, &[1_000][..]));
    }
    let lines = lines(&all);
    let line = lines.iter().find(|it| it.starts_with("| No workload"));
    line.unwrap().clone()
}

#[test]
fn whatever_is_slower_is_named() {
    let (get, batch, search) = (
        Workload::GetUser,
        Workload::BatchGetUsers,
        Workload::SearchPosts,
    );
    assert_eq!(
        slower(&[(get, &[1_000]), (batch, &[1_900])]),
        "| No workload slower than tonic + sqlx: the nearest, GetUser | at least 1 | 1.00 | met |"
    );
    assert_eq!(
        slower(&[(get, &[1_000]), (batch, &[960])]),
        "| No workload slower than tonic + sqlx: the slowest, BatchGetUsers, 100 (0.96) \
         | at least 1 | 0.96 | **not met** |"
    );
    assert_eq!(
        slower(&[(get, &[850]), (batch, &[960]), (search, &[570])]),
        "| No workload slower than tonic + sqlx: the slowest, SearchPosts (0.57); slower too, \
         GetUser (0.85); BatchGetUsers, 100 (0.96) | at least 1 | 0.57 | **not met** |"
    );
}

#[test]
fn percentiles_are_held_against_each_other_at_one_rate() {
    let mut level = Level {
        rate: 3_400.0,
        measured: Measured::default(),
    };
    for (contender, micros) in [(Contender::Byline, 150), (Contender::Rust, 100)] {
        let mut window = window(3_400);
        window.times.clear();
        window.times.record_n(micros, 3_400).unwrap();
        level.measured.add(Level::WORKLOAD, contender, window);
    }
    let further = Further {
        level: Some(level),
        ..further()
    };
    let line = "| GetUser at 3,400 calls a second: p99 of Byline / tonic + sqlx | at most 1 | 1.50 | \
                **not met** |";
    let text = page(&measured(&[]), &further);
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_deep_page_is_measured_where_nobody_shares_it() {
    let mut further = further();
    for (workload, micros) in [(Workload::ListUsers, 100), (Workload::ListUsersDeep, 125)] {
        let mut window = window(100);
        window.times.clear();
        window.times.record_n(micros, 100).unwrap();
        let measured = &mut further.one_by_one;
        measured.add(workload, Contender::Byline, window);
    }
    let line = "| ListUsers, one call after another: mean time of the deep page / the first \
                | at most 1.2 | 1.25 | **not met** |";
    let text = page(&measured(&[]), &further);
    assert!(text.contains(line), "{text}");
}

#[test]
fn batches_are_promised_by_their_rows_of_one_caller() {
    let rounds = |batches| {
        measured(&[
            (Workload::CreatePost, Contender::Byline, &[1_000]),
            (Workload::BatchCreatePosts, Contender::Byline, batches),
        ])
    };
    let further = Further {
        one_by_one: rounds(&[30_000]),
        ..further()
    };
    let text = page(&rounds(&[2_850]), &further);
    let lines: Vec<_> = text.lines().skip(4).take(2).collect();
    assert_eq!(
        lines,
        [
            "| Rows of BatchCreatePosts / of CreatePost, by one caller, one call after another \
             | at least 20 | 30.0 | met |",
            "| Rows of BatchCreatePosts / of CreatePost, with 16 / 64 of them in flight | none | 2.85 |  |",
        ]
    );
    let Bound::None(reason) = OF_BATCHES_IN_FLIGHT else {
        panic!("there is a bound")
    };
    assert!(text.ends_with(&format!("\n\n{reason}\n")), "{text}");
}

#[test]
fn a_number_that_is_rounded_to_its_bound_shows_on_which_side_it_is() {
    let shows = |number| Bound::AtLeast(0.6).shows(number);
    assert_eq!(shows(0.5961), "0.5961");
    assert_eq!(shows(0.6039), "0.60");
    assert_eq!(shows(0.5861), "0.59");
}
