//! Transfers in the bytes of the wire, so that a client makes as little of rows as a client of COPY
//! that passes them on.

use futures_util::StreamExt;
use futures_util::stream;
use http::uri::PathAndQuery;
use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::Failure;

const SERVICE: &str = "/byline.v1.TransferService/";

/// Sends messages and answers what comes back.
pub(super) async fn import(
    channel: &Channel,
    method: &str,
    messages: Vec<Bytes>,
) -> Result<Bytes, Failure> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await?;
    let request = Request::new(stream::iter(messages));
    let answer = client.client_streaming(request, path(method)?, Raw).await?;
    Ok(answer.into_inner())
}

/// How many rows there are in all messages that come.
pub(super) async fn export(
    channel: &Channel,
    method: &str,
    request: Bytes,
) -> Result<u64, Failure> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await?;
    let request = Request::new(request);
    let answer = client.server_streaming(request, path(method)?, Raw).await?;
    let mut messages = answer.into_inner();
    let mut count = 0;
    while let Some(message) = messages.next().await {
        let rows = Exported::decode(message?)?.rows.len();
        count += u64::try_from(rows)?;
    }
    Ok(count)
}

fn path(method: &str) -> Result<PathAndQuery, Failure> {
    Ok(format!("{SERVICE}{method}").parse()?)
}

/// A message of an export, whose rows are left as they are.
#[derive(Clone, PartialEq, Message)]
struct Exported {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    rows: Vec<Bytes>,
}

/// Messages as bytes.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let size = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(size)))
    }
}
