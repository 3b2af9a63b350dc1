//! Does the same by COPY and by transfers, in turn, and takes the time.

use std::time::{Duration, Instant};

use byline_domain::post::Post;
use byline_domain::user::User;
use byline_grpc::pb;
use futures_util::TryStreamExt;
use prost::Message;
use prost::bytes::Bytes;
use uuid::Uuid;

use super::rows::{self, Rows};
use super::site::{Server, Site};
use super::wire;
use crate::Failure;
use crate::fill::vacuum;
use crate::page::grouped;
use crate::world::World;

/// The same work in both ways, once.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) copy: Duration,
    pub(super) transfer: Duration,
}

/// One kind of work.
pub(super) struct Work {
    pub(super) what: &'static str,
    pub(super) rows: u64,
    pub(super) pairs: Vec<Pair>,
}

/// What was measured with so many rows.
pub(super) struct Measured {
    pub(super) users: u64,
    pub(super) posts: u64,
    /// Imports and exports, of users and of posts.
    pub(super) works: Vec<Work>,
    /// The most memory that the server had at its start, after all imports, and at the end, in MiB.
    pub(super) memory: [u64; 3],
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Copy,
    Transfer,
}

/// A table, and how its rows are told of.
struct Table {
    rows: Rows,
    import: &'static str,
    export: &'static str,
    /// What an export of all rows has.
    copy_out: &'static str,
}

pub(super) async fn measure(
    site: &Site,
    users: u32,
    posts: u32,
    rounds: u32,
) -> Result<Measured, Failure> {
    let world = World::new(users, posts);
    let tables = tables(&world);
    let server = site.serve().await?;
    let at_start = server.peak_memory()?;
    let works = [
        "Import of users",
        "Import of posts",
        "Export of users",
        "Export of posts",
    ];
    let mut works = works.map(|what| Work {
        what,
        rows: if what.ends_with("users") {
            world.users()
        } else {
            world.posts()
        },
        pairs: Vec::new(),
    });
    let mut after_imports = at_start;
    for round in 0..rounds {
        let ways = if round % 2 == 0 {
            [Way::Copy, Way::Transfer]
        } else {
            [Way::Transfer, Way::Copy]
        };
        let mut times = [[Duration::ZERO; 2]; 4];
        for way in ways {
            site.empty().await?;
            for (index, table) in tables.iter().enumerate() {
                // The nil UUID is none.
                let id = Uuid::from_u64_pair(u64::from(round) + 1, index as u64);
                times[index][way as usize] = take_in(site, &server, table, way, id).await?;
            }
        }
        if round == 0 {
            after_imports = server.peak_memory()?;
        }
        vacuum(&mut site.connect().await?).await?;
        for (index, table) in tables.iter().enumerate() {
            for way in ways {
                times[2 + index][way as usize] = give_out(site, &server, table, way).await?;
            }
        }
        for (work, [copy, transfer]) in works.iter_mut().zip(times) {
            eprintln!(
                "{} of {}, round {}: COPY {copy:.2?}, transfer {transfer:.2?}",
                work.what,
                grouped(work.rows),
                round + 1
            );
            work.pairs.push(Pair { copy, transfer });
        }
    }
    let memory = [at_start, after_imports, server.peak_memory()?];
    server.stop().await?;
    Ok(Measured {
        users: world.users(),
        posts: world.posts(),
        works: works.into(),
        memory,
    })
}

fn tables(world: &World) -> [Table; 2] {
    eprintln!(
        "making {} users and {} posts",
        grouped(world.users()),
        grouped(world.posts())
    );
    [
        Table {
            rows: Rows::make::<User>(world.users(), |number| world.user(number)),
            import: "ImportUsers",
            export: "ExportUsers",
            copy_out: "copy (select id, email, name, role, is_active, created_at, updated_at, \
                deleted_at, purge_at, version from users) to stdout",
        },
        Table {
            rows: Rows::make::<Post>(world.posts(), |number| world.post(number)),
            import: "ImportPosts",
            export: "ExportPosts",
            copy_out: "copy (select id, title, content, published_at, author_id, created_at, \
                updated_at, deleted_at, purge_at, version from posts) to stdout",
        },
    ]
}

/// `id` is that of the request, if it is an import: those that come from the command have one, too.
async fn take_in(
    site: &Site,
    server: &Server,
    table: &Table,
    way: Way,
    id: Uuid,
) -> Result<Duration, Failure> {
    let rows = &table.rows;
    if way == Way::Copy {
        let mut connection = site.connect().await?;
        let began = Instant::now();
        let mut copy = connection.copy_in_raw(rows.copy).await?;
        for chunk in &rows.chunks {
            copy.send(&chunk[..]).await?;
        }
        let count = copy.finish().await?;
        let took = began.elapsed();
        check(rows.copy, count, rows.count)?;
        return Ok(took);
    }
    let settings = std::iter::once(rows::settings(id));
    let messages = settings.chain(rows.messages.iter().cloned()).collect();
    let began = Instant::now();
    let answer = wire::import(&server.channel, table.import, messages).await?;
    let took = began.elapsed();
    let report = pb::ImportUsersResponse::decode(answer)?.report;
    let report = report.unwrap_or_default();
    if !report.applied {
        return Err(format!("{}: {report:?}", table.import).into());
    }
    check(
        table.import,
        u64::try_from(report.created_count)?,
        rows.count,
    )?;
    Ok(took)
}

async fn give_out(
    site: &Site,
    server: &Server,
    table: &Table,
    way: Way,
) -> Result<Duration, Failure> {
    if way == Way::Copy {
        let mut connection = site.connect().await?;
        let began = Instant::now();
        let mut chunks = connection.copy_out_raw(table.copy_out).await?;
        let mut lines = 0;
        while let Some(chunk) = chunks.try_next().await? {
            // A message of it is a row.
            lines += u64::from(!chunk.is_empty());
        }
        let took = began.elapsed();
        check(table.copy_out, lines, table.rows.count)?;
        return Ok(took);
    }
    // The same of posts, in the bytes of the wire.
    let request = pb::ExportUsersRequest {
        show_deleted: true,
        ..pb::ExportUsersRequest::default()
    };
    let request = Bytes::from(request.encode_to_vec());
    let began = Instant::now();
    let count = wire::export(&server.channel, table.export, request).await?;
    let took = began.elapsed();
    check(table.export, count, table.rows.count)?;
    Ok(took)
}

/// What was measured is what was meant.
fn check(what: &str, count: u64, expected: u64) -> Result<(), Failure> {
    if count == expected {
        return Ok(());
    }
    Err(format!("{what}: {count} rows, where there are {expected}").into())
}
