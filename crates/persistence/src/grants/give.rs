//! Gives a role its rights, and takes away those that are too many.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Postgres, QueryBuilder};

use super::error::GrantError;
use super::held::{Difference, differences};
use crate::doctor::{Home, Role};

/// What was done, or would be.
#[derive(Debug)]
pub struct Granted {
    /// The statements, in their order; none if everything was as it shall be.
    pub statements: Vec<String>,
    /// What is not as it shall be even so, in words, with the statement that mends it: whoever
    /// was asked to may not run it.
    pub left: Vec<(String, String)>,
}

/// Gives `service_role` exactly what the service needs in the database of `server`, whose role
/// owns the tables. All or nothing is done; with `dry_run`, nothing.
pub async fn grant(
    server: &PgConnectOptions,
    service_role: &str,
    dry_run: bool,
) -> Result<Granted, GrantError> {
    let mut connection = server
        .clone()
        .application_name("byline-grant")
        .connect()
        .await?;
    let granted = grant_over(&mut connection, service_role, dry_run).await?;
    connection.close().await?;
    Ok(granted)
}

/// Fails as [`grant`] would for that role, as far as it can be told before there are tables.
pub async fn check_role(server: &PgConnectOptions, service_role: &str) -> Result<(), GrantError> {
    let mut connection = server.clone().connect().await?;
    let found = Role::find(&mut connection, Some(service_role)).await?;
    connection.close().await?;
    match found {
        Some(_) => Ok(()),
        None => Err(GrantError::NoRole(service_role.to_owned())),
    }
}

/// Names the lock that has two who grant at once do so one after the other, since PostgreSQL
/// lets only one change the rights on a table: "bylinegr" in ASCII.
const KEY: i64 = 0x6279_6c69_6e65_6772;

async fn grant_over(
    connection: &mut PgConnection,
    service_role: &str,
    dry_run: bool,
) -> Result<Granted, GrantError> {
    let mut change = connection.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(KEY)
        .execute(&mut *change)
        .await?;
    let role = Role::find(&mut change, Some(service_role)).await?;
    let role = role.ok_or_else(|| GrantError::NoRole(service_role.to_owned()))?;
    let home = Home::find(&mut change).await?.ok_or(GrantError::NoTables)?;
    if let Some(unbound) = role.unbound(&mut change, Some(&home)).await? {
        let (role, why) = (role.name, unbound.why());
        return Err(GrantError::Unbound { role, why });
    }
    let (ours, others): (Vec<_>, Vec<_>) = differences(&mut change, &home, &role)
        .await?
        .into_iter()
        .partition(|difference| difference.is_of_the_role_alone);
    let statements: Vec<_> = ours.into_iter().map(|difference| difference.sql).collect();
    if dry_run {
        return Ok(Granted {
            statements,
            left: told(others),
        });
    }
    for statement in &statements {
        let sql = QueryBuilder::<Postgres>::new(statement).into_sql();
        sqlx::raw_sql(sql).execute(&mut *change).await?;
    }
    let left = differences(&mut change, &home, &role).await?;
    change.commit().await?;
    Ok(Granted {
        statements,
        left: told(left),
    })
}

fn told(differences: Vec<Difference>) -> Vec<(String, String)> {
    let told = differences.into_iter().map(|one| (one.says, one.sql));
    told.collect()
}
