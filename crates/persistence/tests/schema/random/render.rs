//! Schemas as SQL. Whatever the numbers, it is a schema that PostgreSQL takes.

use std::fmt::{self, Display, Formatter};

use super::strategy::{Column, Schema, Table};

const COLUMNS: [&str; 4] = ["a", "b", "\"C\"", "d"];
pub(super) const COMMENTS: [&str; 4] = ["one", "it''s two", "a \\ b", "-- four; \"4\""];

/// That one of the list which the number means.
pub(super) fn pick<'a>(list: &[&'a str], number: u8) -> &'a str {
    list[usize::from(number) % list.len()]
}

/// The name of a type, and constants of it; the last one is no constant.
fn kind(schema: &Schema, number: u8) -> (&'static str, [&'static str; 3]) {
    match number {
        0 => ("integer", ["1", "2", "(random() * 5)::integer"]),
        1 => (
            "bigint",
            [
                "1",
                "-2",
                if schema.sequence.is_some() {
                    "nextval('s0')"
                } else {
                    "3"
                },
            ],
        ),
        2 => ("text", ["'a (b)'", "''", "current_user || 'x'"]),
        3 => ("varchar(20)", ["'x'", "'y'", "upper('z')"]),
        4 => ("numeric(10, 2)", ["1.5", "0", "random()"]),
        5 => ("boolean", ["true", "false", "random() > 0.5"]),
        6 => (
            "timestamptz",
            ["now()", "'2020-01-01T00:00:00Z'", "clock_timestamp()"],
        ),
        7 => (
            "uuid",
            [
                "'00000000-0000-0000-0000-000000000000'",
                "null",
                "gen_random_uuid()",
            ],
        ),
        8 => ("jsonb", ["'{}'", "'[1, 2]'", "to_jsonb(now())"]),
        9 => (
            "integer[]",
            ["'{}'", "array[1, 2]", "array[random()::integer]"],
        ),
        10 if schema.values.is_some() => ("e0", ["'a'", "'a'", "'a'"]),
        11 if schema.domain.is_some() => ("d0", ["7", "8", "(random() * 5)::integer + 1"]),
        _ => ("text collate \"C\"", ["'a'", "'b'", "lower('C')"]),
    }
}

impl Display for Schema {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.extension {
            writeln!(f, "create extension citext;")?;
        }
        if self.app {
            writeln!(
                f,
                "create schema app;\ncreate table app.t0 (id bigint primary key);"
            )?;
        }
        if let Some(number) = self.values {
            let values = [
                "'a', 'b'",
                "'b', 'a'",
                "'a', 'it''s', 'b'",
                "'x, y', 'a', 'b', 'c'",
                "'a'",
            ];
            writeln!(f, "create type e0 as enum ({});", pick(&values, number))?;
        }
        if let Some(number) = self.domain {
            let more = [
                "",
                "default 5",
                "not null",
                "constraint d0_check check (value > 0)",
                "default 4 constraint d0_check check (value > 1)",
                "constraint d0_other check (value < 100) not null",
            ];
            writeln!(f, "create domain d0 as integer {};", pick(&more, number))?;
        }
        if let Some(number) = self.composite {
            let more = [
                "a integer",
                "a text, \"B c\" numeric(3, 1)",
                "a integer, d text collate \"C\"",
            ];
            writeln!(f, "create type c0 as ({});", pick(&more, number))?;
            if number > 6 {
                writeln!(
                    f,
                    "comment on column c0.a is '{}';",
                    pick(&COMMENTS, number)
                )?;
            }
            writeln!(
                f,
                "create function fc(c0) returns integer language sql as 'select {number}';"
            )?;
        }
        if let Some(number) = self.sequence {
            let more = [
                "",
                "as integer",
                "start with 5 increment by 2",
                "as smallint cycle",
                "increment by -1 cache 3",
            ];
            writeln!(f, "create sequence s0 {};", pick(&more, number))?;
        }
        self.routines(f)?;
        for (number, table) in self.tables.iter().enumerate() {
            if let Some(table) = table {
                self.table(f, number, table)?;
            }
        }
        // Foreign keys refer to them.
        for (number, table) in self.tables.iter().enumerate() {
            if let Some(primary) = table.as_ref().and_then(|table| table.primary) {
                let key = pick(&["id", "id", "id", "id", "id", "id, r_id"], primary);
                writeln!(
                    f,
                    "alter table t{number} add constraint t{number}_pkey primary key ({key});"
                )?;
            }
        }
        for (number, table) in self.tables.iter().enumerate() {
            if let Some(table) = table {
                self.constraints(f, number, table)?;
                self.indexes_and_triggers(f, number, table)?;
            }
        }
        self.views(f)
    }
}

impl Schema {
    fn routines(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.function {
            let returns = pick(&["integer", "bigint"], number / 6);
            let body = pick(
                &["select $1 + 1", "select 2", "SELECT 'X' || $1; select $1"],
                number,
            );
            writeln!(
                f,
                "create function f0(integer) returns {returns} immutable language sql as $$ {body} $$;"
            )?;
            writeln!(
                f,
                "create function f1() returns trigger language plpgsql as 'begin /* {} */ return new; end';",
                number % 3
            )?;
            if number > 8 {
                writeln!(
                    f,
                    "comment on function f0(integer) is '{}';",
                    pick(&COMMENTS, number)
                )?;
            }
        }
        if let Some(number) = self.procedure {
            let body = pick(&["x := 1", "x := 2"], number);
            let argument = pick(&["integer", "text"], number / 6);
            writeln!(
                f,
                "create procedure p0(inout x {argument}) language plpgsql as 'begin {body}; end';"
            )?;
        }
        if let Some(number) = self.configuration {
            writeln!(
                f,
                "create text search configuration ts0 (copy = {});",
                pick(&["simple", "english"], number)
            )?;
            if number > 5 {
                writeln!(
                    f,
                    "alter text search configuration ts0 drop mapping for {};",
                    pick(&["email", "url"], number / 2)
                )?;
            }
        }
        Ok(())
    }

    /// Those columns that are there, with their places.
    pub(super) fn columns(table: &Table) -> impl Iterator<Item = (&'static str, &Column)> {
        let all = COLUMNS.into_iter().zip(&table.columns);
        all.filter_map(|(name, column)| Some((name, column.as_ref()?)))
    }

    fn table(&self, f: &mut Formatter<'_>, number: usize, table: &Table) -> fmt::Result {
        let unlogged = if table.options == 1 { "unlogged " } else { "" };
        writeln!(f, "create {unlogged}table t{number} (")?;
        writeln!(f, "  id bigint not null,")?;
        write!(f, "  r_id bigint")?;
        if table.serial {
            write!(f, ",\n  n serial")?;
        }
        for (name, column) in Self::columns(table) {
            let (kind, defaults) = kind(self, column.kind);
            let null = if column.not_null { " not null" } else { "" };
            if let Some(generated) = column.generated {
                let expressions = ["id + 1", "id * 2", "coalesce(r_id, 0)", "length(id::text)"];
                write!(
                    f,
                    ",\n  {name} bigint{null} generated always as ({}) stored",
                    pick(&expressions, generated)
                )?;
            } else if let Some(identity) = column.identity {
                let kinds = [
                    "bigint generated always as identity",
                    "integer generated by default as identity",
                    "bigint generated always as identity (start with 5 increment by 2)",
                ];
                write!(f, ",\n  {name} {}", pick(&kinds, identity))?;
            } else {
                write!(f, ",\n  {name} {kind}{null}")?;
                if let Some(default) = column.default {
                    write!(f, " default {}", pick(&defaults, default))?;
                }
            }
        }
        let options = match table.options {
            2 => " with (fillfactor = 70)",
            3 => " with (fillfactor = 80, autovacuum_enabled = off)",
            _ => "",
        };
        writeln!(f, "\n){options};")?;
        if let Some(comment) = table.comment {
            writeln!(
                f,
                "comment on table t{number} is '{}';",
                pick(&COMMENTS, comment)
            )?;
        }
        for (name, column) in Self::columns(table) {
            match column.extra {
                Some(extra @ 0..=5) => writeln!(
                    f,
                    "comment on column t{number}.{name} is '{}';",
                    pick(&COMMENTS, extra)
                )?,
                Some(extra @ 6..=8) => writeln!(
                    f,
                    "alter table t{number} alter column {name} set statistics {extra};"
                )?,
                _ => {}
            }
        }
        Ok(())
    }
}
