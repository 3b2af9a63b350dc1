//! What somebody excused, with a reason: in comments of a script, and in the file `lint.allow` for
//! scripts that were applied and must not change.

use std::ops::Range;

use squawk_syntax::{SourceFile, SyntaxElement, SyntaxKind};

use super::{Finding, Found, Rule};
use crate::migrate::source::statements::line_of;
use crate::migrate::source::{ALLOW_FILE, Script};

/// What the comments of a script excuse.
pub(super) struct Excuses {
    allows: Vec<(Target, Allow)>,
    /// The lines of comments that look as if they excused something, and do not.
    near: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    File,
    Statement(usize),
    /// No statement is near.
    Nothing,
}

/// `allow(rule, rule) reason`.
#[derive(Debug)]
struct Allow {
    line: usize,
    /// Each as it is written, the rule of that name, and whether it excused something.
    rules: Vec<(String, Option<Rule>, bool)>,
    has_reason: bool,
}

impl Allow {
    fn parse(text: &str, line: usize) -> Option<Self> {
        let (rules, reason) = text.trim().strip_prefix("allow(")?.split_once(')')?;
        let rules = rules.split(',').map(str::trim).map(|name| {
            let rule = Rule::ALL.iter().find(|rule| rule.name() == name);
            (name.to_owned(), rule.copied(), false)
        });
        Some(Self {
            line,
            rules: rules.collect(),
            has_reason: reason.chars().any(char::is_alphanumeric),
        })
    }

    fn excuses(&mut self, rule: Rule) -> bool {
        let mut excused = false;
        for (_, own, used) in &mut self.rules {
            if *own == Some(rule) {
                *used = true;
                excused = true;
            }
        }
        excused
    }

    /// What is wrong with it once everything was looked at.
    fn findings(&self, file: &str) -> Vec<Finding> {
        let finding = |rule, message, instead: &str| Finding {
            file: file.to_owned(),
            line: self.line,
            rule,
            message,
            instead: instead.to_owned(),
        };
        let unused = self.rules.iter().filter(|(_, _, used)| !used);
        let mut all: Vec<Finding> = unused
            .map(|(name, rule, _)| {
                let message = match rule {
                    Some(_) => format!("{name} is allowed, and not found there"),
                    None => format!("there is no rule {name}"),
                };
                finding(
                    Rule::UnusedAllow,
                    message,
                    "take it out, or put it right above the statement that it is about",
                )
            })
            .collect();
        if !self.has_reason {
            all.push(finding(
                Rule::AllowWithoutReason,
                "nobody who reads it later can tell whether it still holds".to_owned(),
                "say why it is no hazard: -- lint: allow(rule) the table has twenty rows",
            ));
        }
        all
    }
}

impl Excuses {
    /// Those in a script whose statements are at these places.
    pub(super) fn of(sql: &str, places: &[Range<usize>]) -> Self {
        let tree = SourceFile::parse(sql).syntax_node();
        let comments = tree
            .descendants_with_tokens()
            .filter_map(SyntaxElement::into_token)
            .filter(|token| token.kind() == SyntaxKind::COMMENT);
        let mut all = Self {
            allows: Vec::new(),
            near: Vec::new(),
        };
        for comment in comments {
            let place = Range::<usize>::from(comment.text_range());
            let line = line_of(sql, place.start);
            let text = comment.text().strip_prefix("--");
            let text = text.and_then(|text| text.trim().strip_prefix("lint:"));
            if let Some(allow) = text.and_then(|text| Allow::parse(text, line)) {
                all.allows.push((target(sql, places, &place), allow));
            } else {
                let lines = comment.text().lines().enumerate();
                let near = lines.filter(|(_, text)| is_near(text));
                all.near.extend(near.map(|(further, _)| line + further));
            }
        }
        all
    }

    /// What is left of what was found in the script, and what is wrong with the excuses themselves.
    pub(super) fn sift(
        mut self,
        script: &Script,
        found: Vec<Found>,
        file: &mut AllowFile,
    ) -> Vec<Finding> {
        let mut left = Vec::new();
        for found in found {
            let mut excused = file.excuses(&script.file, found.rule);
            for (target, allow) in &mut self.allows {
                let is_near = match target {
                    Target::File => true,
                    Target::Statement(index) => found.statement == Some(*index),
                    Target::Nothing => false,
                };
                excused |= is_near && allow.excuses(found.rule);
            }
            if !excused {
                left.push(Finding {
                    file: script.file.clone(),
                    line: found.line,
                    rule: found.rule,
                    message: found.message,
                    instead: found.instead,
                });
            }
        }
        for (_, allow) in &self.allows {
            left.extend(allow.findings(&script.file));
        }
        left.extend(self.near.iter().map(|line| Finding {
            file: script.file.clone(),
            line: *line,
            rule: Rule::UnusedAllow,
            message: "this comment looks as if it excused something, and does not".to_owned(),
            instead: "-- lint: allow(rule, rule) reason".to_owned(),
        }));
        left.sort_by_key(|finding| finding.line);
        left
    }
}

/// Whether a line of a comment is one that means to excuse something.
fn is_near(line: &str) -> bool {
    let text = line.to_lowercase();
    let text = text.trim_matches(|letter: char| letter.is_whitespace() || "-*/#".contains(letter));
    let is_named = text.strip_prefix("lint").is_some_and(|rest| {
        let rest = rest.trim_start();
        let said = rest.trim_start_matches(|letter: char| !letter.is_alphanumeric());
        rest.starts_with(':') || said.starts_with("allow") && !said.starts_with("allowed")
    });
    is_named || text.starts_with("allow(") || (text.contains("lint") && text.contains("allow("))
}

fn target(sql: &str, places: &[Range<usize>], comment: &Range<usize>) -> Target {
    // Inside a statement, or after one on its line.
    let beside = places.iter().rposition(|place| {
        place.start <= comment.start
            && (comment.start < place.end || !sql[place.end..comment.start].contains('\n'))
    });
    if let Some(index) = beside {
        return Target::Statement(index);
    }
    let next = places.iter().position(|place| place.start >= comment.end);
    let is_apart = next.is_some_and(|next| {
        let below = &sql[comment.end..places[next].start];
        let mut lines: Vec<&str> = below.split('\n').skip(1).collect();
        // What the statement itself stands behind.
        lines.pop();
        lines.iter().any(|line| line.trim().is_empty())
    });
    match next {
        Some(next) if !is_apart => Target::Statement(next),
        Some(0) => Target::File,
        // Without a statement it can be about nothing else.
        None if places.is_empty() => Target::File,
        Some(_) | None => Target::Nothing,
    }
}

/// The file `lint.allow`: lines such as `0001_users.up.sql allow(rule, rule) reason`. What follows a `#` at the
/// beginning of a line is a comment.
pub(super) struct AllowFile {
    lines: Vec<(String, Allow)>,
    wrong: Vec<Finding>,
}

impl AllowFile {
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Vec::new();
        let mut wrong = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let line = index + 1;
            let read = text.split_once(char::is_whitespace);
            let read =
                read.and_then(|(file, rest)| Some((file.to_owned(), Allow::parse(rest, line)?)));
            match read {
                Some(read) => lines.push(read),
                None => wrong.push(Finding {
                    file: ALLOW_FILE.to_owned(),
                    line,
                    rule: Rule::UnusedAllow,
                    message: "this line says nothing that the lint understands".to_owned(),
                    instead: "0001_users.up.sql allow(rule, rule) reason".to_owned(),
                }),
            }
        }
        Self { lines, wrong }
    }

    fn excuses(&mut self, file: &str, rule: Rule) -> bool {
        let mut excused = false;
        for (own, allow) in &mut self.lines {
            excused |= own == file && allow.excuses(rule);
        }
        excused
    }

    /// Leaves alone what is said of a script that is not looked at.
    pub(super) fn pass_over(&mut self, file: &str) {
        self.lines.retain(|(own, _)| own != file);
    }

    /// What is wrong with the file once every script was looked at, which are those `files`.
    pub(super) fn left_over(self, files: &[&str]) -> Vec<Finding> {
        let mut all = self.wrong;
        for (file, allow) in &self.lines {
            if files.contains(&file.as_str()) {
                all.extend(allow.findings(ALLOW_FILE));
                continue;
            }
            all.push(Finding {
                file: ALLOW_FILE.to_owned(),
                line: allow.line,
                rule: Rule::UnusedAllow,
                message: format!("there is no file {file}"),
                instead: "take it out, or mend the name".to_owned(),
            });
        }
        all.sort_by_key(|finding| finding.line);
        all
    }
}
