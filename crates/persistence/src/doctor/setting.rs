//! Settings of PostgreSQL: what they are, who made them so, and how they become otherwise.

use sqlx::postgres::PgConnection;

/// A setting of the connection.
#[derive(sqlx::FromRow)]
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) value: String,
    /// What set it, as PostgreSQL calls it.
    source: String,
    /// Whose connection it is, as SQL writes it.
    role: String,
    /// As SQL writes it.
    database: String,
}

pub(super) async fn read(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<Vec<Setting>, sqlx::Error> {
    sqlx::query_as(
        "select name, setting as value, source, quote_ident(current_user) as role,
            quote_ident(current_database()) as database
        from pg_settings where name = any($1) order by name",
    )
    .bind(names)
    .fetch_all(connection)
    .await
}

impl Setting {
    /// Whether another role may find it otherwise.
    pub(super) fn is_of_its_user(&self) -> bool {
        let source = self.source.as_str();
        matches!(source, "user" | "database user" | "client" | "session")
    }

    /// What makes it `wanted`, or takes away what makes it otherwise.
    pub(super) fn mend(&self, wanted: &str) -> Vec<String> {
        let Self {
            name,
            value,
            role,
            database,
            ..
        } = self;
        match self.source.as_str() {
            "user" => vec![format!("alter role {role} reset {name};")],
            "database" => vec![format!("alter database {database} reset {name};")],
            "global" => vec![format!("alter role all reset {name};")],
            "database user" => vec![format!(
                "alter role {role} in database {database} reset {name};"
            )],
            "client" | "session" => vec![format!(
                "take {name} out of the options in the URL, or in PGOPTIONS"
            )],
            // What is said there is stronger than all that the server keeps.
            "command line" => vec![format!(
                "take {name}={value} out of the command that starts the server"
            )],
            _ => vec![
                format!("alter system set {name} = '{wanted}';"),
                "select pg_reload_conf();".to_owned(),
            ],
        }
    }
}
