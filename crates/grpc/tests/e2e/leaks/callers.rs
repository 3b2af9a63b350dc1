//! What callers say beside their messages: who they are, headers, trailers and paths.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_domain::access::ApiKey;
use http::HeaderMap;
use http_body::Frame;
use prost::bytes::Bytes;
use secrecy::ExposeSecret;
use tonic::body::Body;
use tower::Service;

use super::fill::{About, well_made};
use super::marks::{ASKED, CALLER, TOKEN};
use super::stage::{Call, Headers, Stage, bearer};

/// Callers of whom nobody knows who they are, or who may not.
pub(super) async fn prove_nothing(stage: &Stage) {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = part(r#"{"alg":"ES256","kid":"first"}"#);
    let unknown = ApiKey::from_random(b"00000009tkzkqv84mtxb5rghtkzkqv84mtxb5rgh");
    let issuer = &stage.callers.issuer;
    let fill = well_made(About::Living);
    for headers in [
        vec![],
        vec![bearer(TOKEN)],
        vec![("authorization", format!("Basic {TOKEN}"))],
        vec![("authorization", TOKEN.to_owned())],
        vec![bearer(&format!("byl_{TOKEN}_{TOKEN}"))],
        vec![bearer(unknown.reveal().expose_secret())],
        vec![bearer(&stage.callers.admin[..80])],
        vec![bearer(&stage.callers.admin), bearer(TOKEN)],
        vec![bearer(&format!(
            "{}.{}.{}",
            part(TOKEN),
            part(TOKEN),
            part(TOKEN)
        ))],
        vec![bearer(&format!("{header}.{}.{}", part(TOKEN), part(TOKEN)))],
        vec![bearer(&issuer.token("users.read", -600))],
        vec![bearer(&format!(
            "{}{TOKEN}",
            issuer.token("users.read", 600)
        ))],
        vec![bearer(&issuer.token(TOKEN, 600))],
        vec![bearer(&issuer.token_but("kid", TOKEN))],
        vec![bearer(&issuer.token_but("kid", &format!("{TOKEN}\u{7}")))],
        vec![bearer(&issuer.token_but("aud", TOKEN))],
        vec![bearer(&issuer.token_but("iss", TOKEN))],
        vec![bearer(
            &issuer.token_but("sub", &format!("{TOKEN}\u{202e}")),
        )],
        vec![bearer(&issuer.token_but("sub", &TOKEN.repeat(17)))],
        // This one is let in.
        vec![bearer(
            &issuer.token_but("sub", &format!("{CALLER}@example.com")),
        )],
        vec![bearer(&stage.callers.nobody)],
    ] {
        stage.make(stage.calls(&fill, &headers)).await;
    }
}

/// Whatever else stands in headers, and paths that lead nowhere.
pub(super) async fn have_odd_headers(stage: &Stage, admin: &Headers) {
    stage.set().await;
    let fill = well_made(About::Living);
    let with = |name, value: &str| [&admin[..], &[(name, value.to_owned())]].concat();
    let asked = format!("{ASKED}@example.com");
    for headers in [
        with("x-request-id", &asked),
        with("x-request-id", &ASKED.repeat(5)),
        with("grpc-timeout", TOKEN),
        with("user-agent", ASKED),
        with("traceparent", &format!("00-{TOKEN}-{TOKEN}-01")),
        with("x-forwarded-for", ASKED),
        with("cookie", TOKEN),
        with("grpc-encoding", ASKED),
        with("x-request-id", CALLER),
        with("x-token-bin", TOKEN),
        with("grpc-status-details-bin", TOKEN),
        with("grpc-tags-bin", TOKEN),
    ] {
        stage.make(stage.calls(&fill, &headers)).await;
    }
    let paths = [
        format!("/byline.v1.UserService/{TOKEN}"),
        format!("/{TOKEN}/GetUser"),
        format!("/byline.v1.UserService/GetUser/{TOKEN}?{TOKEN}={TOKEN}"),
        format!("/byline.v1.UserService/GetUser?{TOKEN}={TOKEN}"),
        format!("/grpc.health.v1.Health/{TOKEN}"),
    ];
    for headers in [admin.clone(), vec![bearer(TOKEN)]] {
        let call = |path: &String| Call {
            path: path.clone(),
            body: TOKEN.into(),
            headers: headers.clone(),
        };
        stage.make(paths.iter().map(call).collect()).await;
    }
    for call in stage.calls(&fill, admin) {
        send_trailers(stage, call).await;
    }
}

/// Trailers, which are the server's to send.
async fn send_trailers(stage: &Stage, call: Call) {
    let mut trailers = HeaderMap::new();
    trailers.insert("authorization", TOKEN.parse().unwrap());
    trailers.insert("grpc-message", TOKEN.parse().unwrap());
    trailers.insert("x-request-id", TOKEN.parse().unwrap());
    let length = u32::try_from(call.body.len()).unwrap().to_be_bytes();
    let message = [&[0][..], &length, &call.body].concat();
    let frames = [Frame::data(message.into()), Frame::trailers(trailers)];
    let mut request = http::Request::post(format!("http://{}{}", stage.server.address, call.path))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::new(Frames(frames.into()))).unwrap();
    let mut channel = stage.channel.clone();
    std::future::poll_fn(|context| channel.poll_ready(context))
        .await
        .unwrap();
    // What is answered is what is answered without them.
    drop(channel.call(request).await);
}

/// A body of those frames.
struct Frames(VecDeque<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}
