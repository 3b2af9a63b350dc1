//! Reads filters by the grammar of AIP-160, in one pass from left to right.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};

use super::cursor::{Cursor, is_white};
use super::literal::Literal;
use super::noun::Noun;
use super::refusal::{expected_condition, malformed, out_of_range, stray};
use super::subject::{CURLY, Subject, bare_relation, bare_word, curly, resolve};
use super::value::{self, Comparator};
use super::{Filter, MAX_CHARS, MAX_DEPTH, MAX_TERMS, Pattern};
use crate::error::{Invalid, Reason};
use crate::text::quote;

/// The filter that `text` holds, if it holds any.
pub(super) fn parse<N: Noun>(
    text: &str,
    now: DateTime<Utc>,
) -> Result<Option<Filter<N::Test>>, Invalid> {
    if text.chars().nth(MAX_CHARS).is_some() {
        let message = format!("must be at most {MAX_CHARS} characters long");
        return Err(Invalid::new(Reason::TooLong, message));
    }
    let mut parser = Parser::<N> {
        cursor: Cursor::new(text),
        now,
        terms: 0,
        depth: 0,
        noun: PhantomData,
    };
    parser.cursor.skip_white();
    if parser.cursor.peek().is_none() {
        return Ok(None);
    }
    let filter = parser.expression("")?;
    // An expression ends where the text does, or before a closing parenthesis.
    match parser.cursor.peek() {
        None => Ok(Some(filter)),
        Some(_) => Err(malformed(parser.cursor.column(), "this ) closes nothing")),
    }
}

struct Parser<'a, N> {
    cursor: Cursor<'a>,
    now: DateTime<Utc>,
    terms: usize,
    depth: usize,
    noun: PhantomData<N>,
}

impl<N: Noun> Parser<'_, N> {
    /// Conditions that must all be met. `after` is what stands before the first one.
    fn expression(&mut self, after: &str) -> Result<Filter<N::Test>, Invalid> {
        let mut filters = vec![self.factor(after)?];
        loop {
            self.cursor.skip_white();
            filters.push(match self.cursor.peek() {
                None | Some(')') => return Ok(Filter::all(filters)),
                Some(_) if self.keyword("AND") => self.factor("AND")?,
                Some(_) => self.factor("")?,
            });
        }
    }

    /// Conditions of which one must be met.
    fn factor(&mut self, after: &str) -> Result<Filter<N::Test>, Invalid> {
        let mut filters = vec![self.term(after)?];
        loop {
            self.cursor.skip_white();
            if !self.keyword("OR") {
                return Ok(Filter::any(filters));
            }
            filters.push(self.term("OR")?);
        }
    }

    /// One condition, or the opposite of one.
    fn term(&mut self, mut after: &str) -> Result<Filter<N::Test>, Invalid> {
        let depth = self.depth;
        loop {
            self.cursor.skip_white();
            let at = self.cursor.column();
            if self.keyword("NOT") {
                after = "NOT";
            } else if self.cursor.eat("-") {
                after = "-";
                if self.cursor.peek().is_some_and(is_white) {
                    return Err(malformed(
                        at,
                        "expected a condition directly after -, found white space; \
                         a text with a dash is best put in quotes",
                    ));
                }
            } else {
                break;
            }
            self.deepen(at)?;
        }
        let mut filter = self.simple(after)?;
        for _ in depth..self.depth {
            filter = Filter::negate(filter);
        }
        self.depth = depth;
        Ok(filter)
    }

    fn simple(&mut self, after: &str) -> Result<Filter<N::Test>, Invalid> {
        let at = self.cursor.column();
        match self.cursor.peek() {
            Some('(') => self.composite(),
            Some('"' | '\'') => self.quoted(),
            Some(')') if after.is_empty() => Err(malformed(at, "this ) closes nothing")),
            None | Some(')' | ',') => {
                let found = self.cursor.peek().map_or_else(String::new, String::from);
                Err(expected_condition(at, after, &found))
            }
            Some(_) if self.comparator().is_some() => Err(malformed(
                at,
                "expected a field's name before the comparator",
            )),
            Some('!') => Err(malformed(
                at,
                "the opposite of a condition is written with NOT or -, not with !",
            )),
            Some(c) => match self.cursor.word() {
                "" => Err(stray(at, c)),
                word @ ("AND" | "OR") => Err(expected_condition(at, after, word)),
                "&&" => Err(malformed(at, "both of two conditions is written with AND")),
                "||" => Err(malformed(at, "one of two conditions is written with OR")),
                word => self.restriction(at, word),
            },
        }
    }

    fn composite(&mut self) -> Result<Filter<N::Test>, Invalid> {
        let opened = self.cursor.column();
        self.deepen(opened)?;
        self.cursor.bump();
        self.cursor.skip_white();
        if self.cursor.peek() == Some(')') {
            return Err(malformed(
                opened,
                "expected a condition between the parentheses, found nothing",
            ));
        }
        let filter = self.expression("(")?;
        if !self.cursor.eat(")") {
            return Err(malformed(
                opened,
                "the parenthesis that opens here is never closed",
            ));
        }
        self.depth -= 1;
        Ok(filter)
    }

    /// A text in quotes, which is to be mentioned somewhere.
    fn quoted(&mut self) -> Result<Filter<N::Test>, Invalid> {
        let at = self.cursor.column();
        self.count_term(at)?;
        let literal = Literal::quoted(&mut self.cursor)?;
        self.end_of_quoted(&[':', '=', '<', '>', '!'])?;
        self.cursor.skip_white();
        if self.comparator().is_some() {
            return Err(malformed(at, "the name of a field stands without quotes"));
        }
        Ok(mentions::<N>(literal))
    }

    /// What begins with `word`: a test of a field, or a text without quotes.
    fn restriction(&mut self, at: usize, word: &str) -> Result<Filter<N::Test>, Invalid> {
        self.count_term(at)?;
        match self.cursor.peek() {
            Some('(') => return Err(function(at, word)),
            Some(c @ ('"' | '\'' | '\\' | ',')) => return Err(stray(self.cursor.column(), c)),
            Some(_) | None => {}
        }
        let is_whole = self.cursor.peek().is_none_or(|c| c == ')' || is_white(c));
        self.cursor.skip_white();
        let Some((written, comparator)) = self.comparator() else {
            if is_whole {
                bare_word::<N>(at, word)?;
            }
            return Ok(mentions::<N>(Literal::bare(at, word)));
        };
        let subject = resolve::<N>(at, word)?;
        let compared = self.cursor.column();
        self.cursor.eat(written);
        let literal = self.argument(written)?;
        match subject {
            Subject::Own(field) => {
                let test = value::test(field, compared, comparator, &literal, self.now)?;
                Ok(Filter::Test(N::field(test)))
            }
            Subject::Related(relation, field) => {
                let test = value::test(field, compared, comparator, &literal, self.now)?;
                Ok(Filter::Test((relation.test)(Some(test))))
            }
            Subject::Relation(relation) if comparator == Comparator::Has && literal.is_star() => {
                Ok(Filter::Test((relation.test)(None)))
            }
            Subject::Relation(relation) => Err(bare_relation(relation, at)),
        }
    }

    /// The value behind a comparator.
    fn argument(&mut self, comparator: &str) -> Result<Literal, Invalid> {
        if let Some(c @ ('=' | '<' | '>' | ':')) = self.cursor.peek() {
            let hint = match (comparator, c) {
                ("=", '=') => "; equality is written =",
                ("=", '<') => "; at most is written <=",
                ("=", '>') => "; at least is written >=",
                ("<", '>') => "; inequality is written !=",
                _ => "",
            };
            return Err(malformed(
                self.cursor.column(),
                format!("expected a value after {comparator}, found \"{c}\"{hint}"),
            ));
        }
        self.cursor.skip_white();
        let at = self.cursor.column();
        let missing = |found: &str| {
            let found = quote(found);
            malformed(
                at,
                format!("expected a value after {comparator}, found {found}"),
            )
        };
        match self.cursor.peek() {
            None => Err(missing("")),
            Some(c @ (')' | ',' | '=' | '<' | '>' | ':')) => Err(missing(&c.to_string())),
            Some('(') => Err(malformed(
                at,
                "a value cannot be in parentheses; name the field again before each value, \
                 as in (role = \"a\" OR role = \"b\")",
            )),
            Some('"' | '\'') => {
                let literal = Literal::quoted(&mut self.cursor)?;
                self.end_of_quoted(&[])?;
                Ok(literal)
            }
            Some(first) => {
                let value = self.cursor.value();
                match (value, self.cursor.peek()) {
                    ("", _) => Err(stray(at, first)),
                    ("AND" | "OR" | "NOT", _) => Err(malformed(
                        at,
                        format!(
                            "expected a value after {comparator}, found {value}; \
                             if the word is meant, put it in quotes"
                        ),
                    )),
                    (_, Some('(')) => Err(function(at, value)),
                    (value, _) if value.starts_with(CURLY) => Err(curly(at)),
                    (_, Some(c)) if c != ')' && !is_white(c) => Err(stray(self.cursor.column(), c)),
                    (_, _) => Ok(Literal::bare(at, value)),
                }
            }
        }
    }

    /// Refuses what follows a closing quote without white space, but for `others`.
    fn end_of_quoted(&self, others: &[char]) -> Result<(), Invalid> {
        match self.cursor.peek() {
            Some(c) if c != ')' && !is_white(c) && !others.contains(&c) => {
                let found = quote(&c.to_string());
                let hint = if matches!(c, '"' | '\'') {
                    "; inside of a text a quotation mark is written with a backslash before it"
                } else {
                    ""
                };
                Err(malformed(
                    self.cursor.column(),
                    format!("expected white space after the text, found {found}{hint}"),
                ))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The comparator that stands here.
    fn comparator(&self) -> Option<(&'static str, Comparator)> {
        let rest = self.cursor.rest();
        let mut all = Comparator::ALL.into_iter();
        all.find(|(written, _)| rest.starts_with(written))
    }

    /// Moves past `keyword`, if it stands here.
    fn keyword(&mut self, keyword: &str) -> bool {
        self.cursor.peek_word() == keyword && self.cursor.eat(keyword)
    }

    fn count_term(&mut self, at: usize) -> Result<(), Invalid> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            let message = format!("a filter holds at most {MAX_TERMS} conditions");
            return Err(out_of_range(at, message));
        }
        Ok(())
    }

    fn deepen(&mut self, at: usize) -> Result<(), Invalid> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("parentheses and NOT go at most {MAX_DEPTH} deep");
            return Err(out_of_range(at, message));
        }
        Ok(())
    }
}

fn mentions<N: Noun>(literal: Literal) -> Filter<N::Test> {
    N::mentions(Pattern::within(literal.pieces))
}

fn function(at: usize, name: &str) -> Invalid {
    let name = quote(name);
    malformed(
        at,
        format!("there are no functions, found a call of {name}"),
    )
}
