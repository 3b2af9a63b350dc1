//! Tells how far a transfer is, on a terminal, and nothing elsewhere.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// How far a transfer is, and since when it runs.
pub(super) struct Progress {
    pub(super) bar: ProgressBar,
    template: &'static str,
    began: Instant,
}

impl Progress {
    /// Of so many bytes that are read, if that is known.
    pub(super) fn of_bytes(bytes: Option<u64>) -> Self {
        match bytes {
            Some(bytes) => Self::new(
                ProgressBar::new(bytes),
                "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} (still {eta})",
            ),
            None => Self::new(
                ProgressBar::new_spinner(),
                "{spinner} {bytes} {bytes_per_sec}",
            ),
        }
    }

    /// Of rows.
    pub(super) fn of_rows() -> Self {
        Self::new(
            ProgressBar::new_spinner(),
            "{spinner} {human_pos} rows {rate}",
        )
    }

    /// It draws on standard error, if that is a terminal.
    fn new(bar: ProgressBar, template: &'static str) -> Self {
        bar.set_style(style(template));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            template,
            began: Instant::now(),
        }
    }

    /// All has been sent; what is left takes its time.
    pub(super) fn settling(&self) {
        self.bar
            .set_style(style("{spinner} sent; the server settles it: {elapsed}"));
    }

    /// It is soon sent once more.
    pub(super) fn waiting(&self) {
        self.bar.set_style(style("{spinner} waiting to try again"));
    }

    /// All is sent once more.
    pub(super) fn again(&self) {
        self.bar.set_style(style(self.template));
        self.bar.reset();
    }

    /// Says something above the bar, where there is one.
    pub(super) fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Seconds since it began.
    pub(super) fn seconds(&self) -> String {
        format!("{:.1} s", self.began.elapsed().as_secs_f64())
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("the template is fine");
    style.with_key("rate", |state: &ProgressState, to: &mut dyn fmt::Write| {
        let _ = write!(to, "{:.0}/s", state.per_sec());
    })
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// `1 row`, or `1,000,000 rows`.
pub(super) fn rows(number: i64) -> String {
    let noun = if number == 1 { "row" } else { "rows" };
    format!("{} {noun}", grouped(number))
}

/// `1,000,000`.
pub(super) fn grouped(number: i64) -> String {
    indicatif::HumanCount(number.try_into().unwrap_or_default()).to_string()
}
