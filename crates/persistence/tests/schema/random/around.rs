//! What lies on the tables of a random schema, and the views over them.

use std::fmt::{self, Formatter};

use super::render::{COMMENTS, pick};
use super::strategy::{Schema, Table};

impl Schema {
    /// A column that the number means, and whether it is a text; `id` if there is none.
    fn column(table: &Table, number: u8) -> (&'static str, bool) {
        let all: Vec<_> = Self::columns(table).collect();
        match all.get(usize::from(number) % (all.len() + 1)) {
            Some((name, column)) => {
                let plain = column.generated.is_none() && column.identity.is_none();
                (name, plain && (column.kind == 2 || column.kind == 3))
            }
            None => ("id", false),
        }
    }

    /// Without the primary keys, which come before.
    pub(super) fn constraints(
        &self,
        f: &mut Formatter<'_>,
        number: usize,
        table: &Table,
    ) -> fmt::Result {
        let t = format!("t{number}");
        let alter = format!("alter table {t} add constraint {t}");
        if let Some(unique) = table.unique {
            let (column, _) = Self::column(table, unique);
            let how = pick(
                &["", " deferrable", " deferrable initially deferred"],
                unique / 4,
            );
            writeln!(f, "{alter}_key unique ({column}, r_id){how};")?;
        }
        if let Some(check) = table.check {
            let (column, _) = Self::column(table, check);
            let call = if self.function.is_some() {
                "f0(id::integer) <> 0"
            } else {
                "id <> 0"
            };
            let condition = [
                format!("{column} is not null or id > 0"),
                format!("id > {check}"),
                call.to_owned(),
            ];
            let condition = &condition[usize::from(check) % 3];
            let how = if check > 8 { " not valid" } else { "" };
            writeln!(f, "{alter}_check check ({condition}){how};")?;
            if check % 4 == 0 {
                writeln!(
                    f,
                    "comment on constraint {t}_check on {t} is '{}';",
                    pick(&COMMENTS, check / 4)
                )?;
            }
        }
        if let Some(exclusion) = table.exclusion {
            let what = pick(&["id", "r_id"], exclusion);
            writeln!(
                f,
                "{alter}_excl exclude using btree ({what} with =) where (id > {});",
                exclusion / 6
            )?;
        }
        // Only a key of one column is referred to; permanent tables refer to such.
        let other = (number + 1) % 3;
        if let (Some(foreign), Some(to)) = (table.foreign, &self.tables[other])
            && to.primary.is_some_and(|primary| primary % 6 != 5)
            && (to.options == 1) == (table.options == 1)
        {
            let how = pick(
                &[
                    "",
                    " on delete cascade",
                    " deferrable initially deferred",
                    " not valid",
                ],
                foreign,
            );
            writeln!(
                f,
                "{alter}_fkey foreign key (r_id) references t{other} (id){how};"
            )?;
        }
        Ok(())
    }

    pub(super) fn indexes_and_triggers(
        &self,
        f: &mut Formatter<'_>,
        number: usize,
        table: &Table,
    ) -> fmt::Result {
        let t = format!("t{number}");
        for (place, index) in table.indexes.iter().enumerate() {
            let Some(index) = *index else {
                continue;
            };
            let (column, is_text) = Self::column(table, index);
            let name = format!("{t}_i{place}");
            match index / 2 {
                0 => writeln!(f, "create index {name} on {t} ({column} desc, id);")?,
                1 => writeln!(
                    f,
                    "create unique index {name} on {t} (id, {column}) include (r_id);"
                )?,
                2 if is_text => writeln!(
                    f,
                    "create index {name} on {t} (lower({column}) text_pattern_ops) where r_id > 5;"
                )?,
                3 if self.function.is_some() => {
                    writeln!(f, "create index {name} on {t} (f0(id::integer));")?;
                }
                4 => writeln!(
                    f,
                    "create index {name} on {t} (id) where {column} is not null;\ncomment on index {name} is 'i';"
                )?,
                _ => writeln!(
                    f,
                    "create index {name} on {t} ((id + {index})) with (fillfactor = 60);\nalter index {name} alter column 1 set statistics {index};"
                )?,
            }
        }
        if let Some(statistics) = table.statistics {
            let (column, _) = Self::column(table, statistics);
            let what = pick(&["id, r_id", "(id + 1), r_id"], statistics);
            let more = if column == "id" {
                String::new()
            } else {
                format!(", ({column} is null)")
            };
            writeln!(f, "create statistics {t}_stat on {what}{more} from {t};")?;
        }
        if let (Some(trigger), Some(_)) = (table.trigger, self.function) {
            let (column, _) = Self::column(table, trigger);
            match trigger % 4 {
                0 => writeln!(
                    f,
                    "create trigger {t}_tr before insert on {t} for each row execute function f1();"
                )?,
                1 => writeln!(
                    f,
                    "create trigger {t}_tr after update of {column} on {t} for each row when (old.id <> new.id) execute function f1();"
                )?,
                2 => writeln!(
                    f,
                    "create constraint trigger {t}_tr after insert on {t} deferrable for each row execute function f1();"
                )?,
                _ => writeln!(
                    f,
                    "create trigger {t}_tr before insert on {t} execute function f1();\nalter table {t} disable trigger {t}_tr;"
                )?,
            }
        }
        Ok(())
    }

    pub(super) fn views(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut below = None;
        for (number, view) in self.views.iter().enumerate() {
            let table = usize::from(view.unwrap_or_default()) % 3;
            let (Some(view), Some(on)) = (*view, &self.tables[table]) else {
                continue;
            };
            let (column, _) = Self::column(on, view);
            let with = if view > 8 {
                " with (security_barrier = true)"
            } else {
                ""
            };
            let more = if column == "id" { "r_id" } else { column };
            writeln!(
                f,
                "create view v{number}{with} as select id, {more} as x from t{table} where id > {};",
                view / 6
            )?;
            if view % 2 == 0 {
                writeln!(
                    f,
                    "comment on column v{number}.x is '{}';",
                    pick(&COMMENTS, view / 2)
                )?;
            }
            below = Some(format!("v{number}"));
        }
        if let (Some(number), Some(below)) = (self.materialized, below) {
            let how = if number > 8 { " with no data" } else { "" };
            writeln!(
                f,
                "create materialized view m0 as select id, x from {below} where id <> {number}{how};"
            )?;
            writeln!(
                f,
                "create unique index m0_i on m0 (id{});",
                pick(&["", ", x"], number)
            )?;
        }
        Ok(())
    }
}
