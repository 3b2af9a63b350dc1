//! What the servers that Byline is compared with have in common.

use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;

use crate::Failure;

/// Listens on a free port of this machine, and says which.
pub(crate) async fn listen() -> Result<TcpIncoming, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    Ok(TcpIncoming::from(listener).with_nodelay(Some(true)))
}
