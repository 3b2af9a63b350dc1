//! A wire to PostgreSQL on which the types are read that the program gives to parameters,
//! since the server's log does not tell them.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use prost::bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::proxy::{split, text};

/// The number of each parameter's type, by statement.
pub(super) type Types = Arc<Mutex<HashMap<String, Vec<u32>>>>;

/// Listens for programs, and passes on what they say to the server of that folder.
pub(super) async fn listen(folder: &Path, types: &Types) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (socket, types) = (folder.join(".s.PGSQL.5432"), types.clone());
    tokio::spawn(async move {
        while let Ok((program, _)) = listener.accept().await {
            tokio::spawn(relay(program, socket.clone(), types.clone()));
        }
    });
    address
}

async fn relay(mut program: TcpStream, socket: PathBuf, types: Types) -> io::Result<()> {
    program.set_nodelay(true)?;
    let mut postgres = UnixStream::connect(socket).await?;
    let (mut asked, mut answered) = (BytesMut::new(), BytesMut::new());
    let mut has_begun = false;
    loop {
        tokio::select! {
            read = program.read_buf(&mut asked) => {
                if read? == 0 {
                    return Ok(());
                }
                // The first message has no type.
                while let Some(message) = split(&mut asked, usize::from(has_begun)) {
                    has_begun = true;
                    note(&message, &types);
                    postgres.write_all(&message).await?;
                }
            }
            read = postgres.read_buf(&mut answered) => {
                if read? == 0 {
                    return Ok(());
                }
                program.write_all_buf(&mut answered).await?;
            }
        }
    }
}

/// Reads a message that prepares a statement: its name, its text and its types.
fn note(message: &[u8], types: &Types) {
    if message[0] != b'P' {
        return;
    }
    let mut body = &message[5..];
    text(&mut body);
    let sql = String::from_utf8_lossy(text(&mut body)).trim().to_owned();
    let count = body.get_u16();
    let given = (0..count).map(|_| body.get_u32()).collect();
    types
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(sql, given);
}
