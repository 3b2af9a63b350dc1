//! Short ways to import.

use chrono::{DateTime, Utc};

use super::Ports;
use crate::audit::Origin;
use crate::error::RepositoryError;
use crate::ids::NewId;
use crate::import::{
    Import, OnConflict, PostRow, Problem, ProblemKind, Publication, Settled, Times, UserRow,
};
use crate::lifecycle::{Lifecycle, Version};
use crate::post::Post;
use crate::testing::fixtures::time;
use crate::unit_of_work::UnitOfWork;
use crate::user::User;

/// What can be imported.
pub(super) trait Row: Clone + Send + Sync + 'static {
    fn port(unit: &mut dyn UnitOfWork) -> &mut dyn Import<Self>;
}

impl Row for UserRow {
    fn port(unit: &mut dyn UnitOfWork) -> &mut dyn Import<Self> {
        unit.user_import()
    }
}

impl Row for PostRow {
    fn port(unit: &mut dyn UnitOfWork) -> &mut dyn Import<Self> {
        unit.post_import()
    }
}

/// When everything is imported.
pub(super) fn now() -> DateTime<Utc> {
    time(500)
}

/// Imports the rows and keeps what became of them.
pub(super) async fn import<R: Row>(ports: &Ports, on_conflict: OnConflict, rows: &[R]) -> Settled {
    let done = try_import(ports, on_conflict, rows).await;
    done.expect("nobody is in the way")
}

pub(super) async fn try_import<R: Row>(
    ports: &Ports,
    on_conflict: OnConflict,
    rows: &[R],
) -> Result<Settled, RepositoryError> {
    import_beside(ports, on_conflict, rows, false).await
}

/// The same, alone among imports or not.
pub(super) async fn import_beside<R: Row>(
    ports: &Ports,
    on_conflict: OnConflict,
    rows: &[R],
    alone: bool,
) -> Result<Settled, RepositoryError> {
    let mut unit = ports.units.begin().await?;
    stage(unit.as_mut(), rows).await?;
    let settled = R::port(unit.as_mut()).settle(on_conflict, alone).await?;
    R::port(unit.as_mut()).apply(&settled, now()).await?;
    unit.audit().keep(&importer(), now()).await?;
    unit.commit().await?;
    Ok(settled)
}

/// Who imports.
pub(super) fn importer() -> Origin {
    Origin {
        caller: "key:job".to_owned(),
        peer: Some("192.0.2.7".to_owned()),
        request_id: None,
        method: "TransferService/Import",
    }
}

/// Makes ready, and stages the rows.
pub(super) async fn stage<R: Row>(
    unit: &mut dyn UnitOfWork,
    rows: &[R],
) -> Result<(), RepositoryError> {
    R::port(unit).open().await?;
    R::port(unit).stage(rows).await
}

/// The times of a life, as a row says them.
fn times(life: &Lifecycle) -> Times {
    Times::new(
        Some(life.created_at()),
        life.updated_at(),
        life.deleted_at(),
        life.purge_at(),
    )
    .expect("a life in order")
}

/// What is imported with that life, of which it is given all but the version.
pub(super) fn brought_in(life: &Lifecycle) -> Lifecycle {
    Lifecycle::from_stored(
        life.created_at(),
        life.updated_at(),
        life.deleted_at(),
        life.purge_at(),
        Version::brought_in(now()),
    )
}

/// All of a user.
pub(super) fn user_row(number: u64, user: &User) -> UserRow {
    UserRow {
        number,
        id: NewId::Given(user.id),
        email: Some(user.email.clone()),
        name: user.name.clone(),
        role: Some(user.role.clone()),
        is_active: Some(user.is_active),
        times: times(&user.lifecycle),
    }
}

/// All of a post.
pub(super) fn post_row(number: u64, post: &Post) -> PostRow {
    let publication = Publication::new(Some(post.is_published()), post.published_at);
    PostRow {
        number,
        id: NewId::Given(post.id),
        title: Some(post.title.clone()),
        content: post.content.clone(),
        publication: publication.expect("a publication in order"),
        author_id: Some(post.author_id),
        times: times(&post.lifecycle),
    }
}

/// The same under an id that the row does not say.
pub(super) fn fresh(row: UserRow) -> UserRow {
    UserRow {
        id: NewId::Fresh(row.id.get()),
        ..row
    }
}

pub(super) fn problem(row: u64, kind: ProblemKind) -> Problem {
    Problem { row, kind }
}

pub(super) fn repeated(field: &'static str, earlier: u64) -> ProblemKind {
    ProblemKind::Repeated { field, earlier }
}

/// Nothing but these problems, and so many that were made.
pub(super) fn only_problems(created: u64, problems: Vec<Problem>) -> Settled {
    Settled {
        created,
        problem_count: problems.len().try_into().unwrap_or(u64::MAX),
        problems,
        ..Settled::default()
    }
}
