//! Calls in the bytes of the wire: what is asked, and what is answered.

use std::time::Duration;

use http::uri::PathAndQuery;
use prost::bytes::{Buf, BufMut};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// Callers of these tests wait for longer than two busy cores ever take: whoever gives up first
/// tells nothing of the server.
const PATIENCE: Duration = Duration::from_mins(1);

/// Calls the method of that path with one message, and answers as it was answered.
pub(crate) async fn call(
    channel: &Channel,
    path: &'static str,
    body: Vec<u8>,
) -> Result<Vec<u8>, Status> {
    call_with(channel, path, vec![body]).await
}

/// Calls it with any number of messages.
pub(crate) async fn call_with(
    channel: &Channel,
    path: &'static str,
    messages: Vec<Vec<u8>>,
) -> Result<Vec<u8>, Status> {
    call_as(channel, path, Request::new(messages)).await
}

/// The same with the headers of that request.
pub(crate) async fn call_as(
    channel: &Channel,
    path: &'static str,
    request: Request<Vec<Vec<u8>>>,
) -> Result<Vec<u8>, Status> {
    let mut client = Grpc::new(channel.clone());
    client
        .ready()
        .await
        .map_err(|error| Status::unknown(error.to_string()))?;
    let mut request = request.map(tokio_stream::iter);
    request.set_timeout(PATIENCE);
    let path = PathAndQuery::from_static(path);
    let answer = client.client_streaming(request, path, Bytes).await?;
    Ok(answer.into_inner())
}

/// Calls the method of that path, of whatever kind it is, and takes the first message that is
/// answered.
pub(crate) async fn call_any(
    channel: &Channel,
    path: &str,
    request: Request<Vec<u8>>,
) -> Result<Option<Vec<u8>>, Status> {
    let mut client = Grpc::new(channel.clone());
    client
        .ready()
        .await
        .map_err(|error| Status::unknown(error.to_string()))?;
    let mut request = request.map(|message| tokio_stream::iter([message]));
    request.set_timeout(PATIENCE);
    let path = path.parse().expect("a path");
    let answer = client.streaming(request, path, Bytes).await?;
    answer.into_inner().message().await
}

/// Calls the method of that path and never says with what, until it is told how that ends. Has
/// more time than the server gives any call.
pub(crate) async fn call_and_stall(
    channel: &Channel,
    path: &'static str,
    request: Request<()>,
) -> Status {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let mut request = request.map(|()| tokio_stream::pending::<Vec<u8>>());
    request.set_timeout(PATIENCE);
    let path = PathAndQuery::from_static(path);
    let answer = client.client_streaming(request, path, Bytes).await;
    answer.map(drop).expect_err("nothing was asked")
}

/// All that came back of a call.
pub(crate) struct Whole {
    /// Its metadata, at the beginning and at the end, whether it failed or not.
    pub(crate) metadata: Vec<MetadataMap>,
    pub(crate) messages: Vec<Vec<u8>>,
    /// How it failed, if it did.
    pub(crate) failure: Option<Status>,
}

/// Calls the method of that path, of whatever kind it is, and takes all that comes back. Sets no
/// deadline, which the client would keep too.
pub(crate) async fn call_whole(channel: &Channel, path: &str, request: Request<Vec<u8>>) -> Whole {
    let mut whole = Whole {
        metadata: Vec::new(),
        messages: Vec::new(),
        failure: None,
    };
    let collecting = collect(channel, path, request, &mut whole);
    let collected = tokio::time::timeout(PATIENCE, collecting).await;
    if let Err(status) = collected.expect("calls end") {
        whole.metadata.push(status.metadata().clone());
        whole.failure = Some(status);
    }
    whole
}

async fn collect(
    channel: &Channel,
    path: &str,
    request: Request<Vec<u8>>,
    whole: &mut Whole,
) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    let ready = client.ready().await;
    ready.map_err(|error| Status::unknown(error.to_string()))?;
    let request = request.map(|message| tokio_stream::iter([message]));
    let path = path.parse().expect("a path");
    let answer = client.streaming(request, path, Bytes).await?;
    whole.metadata.push(answer.metadata().clone());
    let mut messages = answer.into_inner();
    while let Some(message) = messages.message().await? {
        whole.messages.push(message);
    }
    whole.metadata.extend(messages.trailers().await?);
    Ok(())
}

/// Messages as the bytes that they are.
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; source.remaining()];
        source.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}
