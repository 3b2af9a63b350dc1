//! Whether what keeps the audit log from those who may write to it is there and at work.

use sqlx::postgres::PgConnection;

use super::made::{Made, made, words_of};
use super::report::Report;
use super::role::Home;

pub(super) const CHECK: &str = "audit-triggers";
/// What it is kept in.
const TABLES: [&str; 2] = ["audit_events", "audit_batches"];

#[derive(sqlx::FromRow)]
struct Trigger {
    name: String,
    definition: String,
    /// Whether its function is of the same schema: of one elsewhere the definition says no more
    /// than the name if names lead there.
    calls_ours: bool,
    is_at_work: bool,
}

#[derive(sqlx::FromRow)]
struct Function {
    name: String,
    body: String,
    settings: String,
}

/// Of a schema as this program's migrations make it: what a later one has made must not be taken
/// for wrong, nor be made here what one is still to make.
pub(super) async fn check(
    connection: &mut PgConnection,
    home: &Home,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let triggers = TABLES.map(|table| {
        let triggers = made("trigger").into_iter();
        let triggers = triggers.filter(|made| made.is_on(table));
        (table, triggers.collect::<Vec<_>>())
    });
    let called = triggers.iter().flat_map(|(_, triggers)| triggers);
    let called: Vec<_> = called.filter_map(Made::called).collect();
    let functions = made("function").into_iter();
    let functions: Vec<_> = functions
        .filter(|made| called.contains(&made.name))
        .collect();
    // They come first, since a trigger needs the one that it calls.
    check_functions(connection, home, &functions, report).await?;
    for (table, triggers) in &triggers {
        check_triggers(connection, home, table, triggers, report).await?;
    }
    report.fine(CHECK, "those that keep the audit log are at work");
    Ok(())
}

async fn check_functions(
    connection: &mut PgConnection,
    home: &Home,
    wanted: &[Made],
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let names: Vec<_> = wanted.iter().map(|made| made.name).collect();
    let there: Vec<Function> = sqlx::query_as(
        "select proname::text as name, prosrc as body,
            coalesce(array_to_string(proconfig, '; '), '') as settings
        from pg_proc
        where pronamespace = $1::text::regnamespace and proname = any($2) and pronargs = 0",
    )
    .bind(&home.schema)
    .bind(names)
    .fetch_all(connection)
    .await?;
    for made in wanted {
        let name = made.name;
        let says = match there.iter().find(|function| function.name == name) {
            None => format!("the function {name}, which keeps the audit log, is not there"),
            Some(function) if !is_as_made(function, made) => {
                format!(
                    "the function {name}, which keeps the audit log, is another one than \
                         migrations make"
                )
            }
            Some(_) => continue,
        };
        report.fault(CHECK, says, [made.function_again(&home.schema)]);
    }
    Ok(())
}

fn is_as_made(function: &Function, made: &Made) -> bool {
    let path = made.search_path().map(|path| format!("search_path={path}"));
    made.body() == Some(&function.body) && path.unwrap_or_default() == function.settings
}

async fn check_triggers(
    connection: &mut PgConnection,
    home: &Home,
    table: &str,
    wanted: &[Made],
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let there: Vec<Trigger> = sqlx::query_as(
        "select tgname::text as name, pg_get_triggerdef(t.oid) as definition,
            pronamespace = relnamespace as calls_ours, tgenabled in ('O', 'A') as is_at_work
        from pg_trigger t join pg_class c on c.oid = tgrelid join pg_proc p on p.oid = tgfoid
        where relnamespace = $1::text::regnamespace and relname = $2 and not tgisinternal",
    )
    .bind(&home.schema)
    .bind(table)
    .fetch_all(connection)
    .await?;
    let schema = &home.schema;
    let qualifier = format!("{schema}.");
    for made in wanted {
        let name = made.name;
        let again = || made.trigger_again(schema, table);
        let is_as_made = |trigger: &Trigger| {
            let definition = trigger.definition.replace(&qualifier, "");
            trigger.calls_ours && words_of(&definition) == made.words()
        };
        let (says, mend) = match there.iter().find(|trigger| trigger.name == name) {
            None => (format!("{table} lacks the trigger {name}"), again()),
            Some(trigger) if !is_as_made(trigger) => {
                let says =
                    format!("the trigger {name} of {table} is another one than migrations make");
                (says, again())
            }
            Some(trigger) if !trigger.is_at_work => (
                format!("the trigger {name} of {table} is disabled"),
                format!("alter table {schema}.{table} enable trigger {name};"),
            ),
            Some(_) => continue,
        };
        let says = format!("{says}: whoever may write to the audit log can do what it refuses");
        report.fault(CHECK, says, [mend]);
    }
    Ok(())
}
