//! The gRPC server: what it serves, within which bounds, and how it stops.

use std::sync::Arc;
use std::time::Duration;

use byline_domain::audit::AuditRetention;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::server::Router;
use tonic::transport::{self, Server};
use tower::layer::util::{Identity, Stack};

use crate::access::Gate;
use crate::bootstrap::App;
use crate::health::Health;
use crate::layers::access::Access;
use crate::layers::admission::Admission;
use crate::layers::arrival::Arrival;
use crate::layers::call::CallLog;
use crate::layers::deadline::Deadline;
use crate::pb;
use crate::service::{AuditRpc, CredentialRpc, PostRpc, TransactionRpc, TransferRpc, UserRpc};
use crate::sweeping::sweep;
use crate::transport::{Incoming, Transport};

/// The largest message that is read, in bytes; answers stay below it too.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
const MAX_STREAMS_PER_CONNECTION: u32 = 100;
/// Of which a token takes up to 8 KiB.
const MAX_HEADER_BYTES: u32 = 12 * 1024;
/// The same of messages that everybody may send: they name a service, or a file of the contract.
const MAX_HEALTH_MESSAGE_BYTES: usize = 1024;
const MAX_REFLECTION_MESSAGE_BYTES: usize = 4 * 1024;
/// How many bytes of requests a connection may send that nobody has read yet; as many on
/// one stream, or an import from afar would be slow.
const RECEIVE_WINDOW: u32 = 1024 * 1024;
/// How many streams a connection may reset before they were looked at, and how many of its streams
/// may be reset for errors, before it is closed.
const MAX_PENDING_RESETS: usize = 20;
const MAX_ERROR_RESETS: usize = 100;

/// How long a request may take to come as a whole, or of a stream the first message; of what
/// everybody may ask it is less, and as long as that may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const ANYBODYS_TIMEOUT: Duration = Duration::from_secs(5);

/// How long calls under way may take to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(7);
/// How long health says NOT_SERVING before the streams of watchers end.
const FAREWELL: Duration = Duration::from_millis(250);
/// How long transfers under way may take to finish after that: less, so that those
/// that did not can be told.
const LAST_TRANSFERS: Duration = Duration::from_secs(5);

/// The bounds of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Calls under way at once, over all connections.
    pub(crate) max_calls: usize,
    /// How long a call may take whose caller does not say.
    pub(crate) default_deadline: Duration,
    /// How long a call may take whatever its caller says.
    pub(crate) max_deadline: Duration,
    /// Reads of the audit log under way at once, over all connections.
    pub(crate) max_audit_reads: usize,
    /// Transfers under way at once, over all connections.
    pub(crate) max_transfers: usize,
    /// How long a transfer may take whatever its caller says.
    pub(crate) transfer_timeout: Duration,
    /// How long the other side of a transfer may take or send nothing.
    pub(crate) transfer_idle_timeout: Duration,
    /// How often what has had its time is removed; never if it is no time.
    pub(crate) sweep_interval: Duration,
    /// How long events of the audit log are kept.
    pub(crate) audit_retention: AuditRetention,
}

/// Who is let in, and to what.
pub(crate) struct Doors {
    /// Takes their connections.
    pub(crate) transport: Transport,
    /// Knows callers.
    pub(crate) gate: Arc<Gate>,
    /// Whether everybody may read the contract by reflection.
    pub(crate) reflection: bool,
}

/// Serves until `stop` is done, then lets calls under way finish; returns within
/// 10 seconds of that, whatever clients do.
pub(crate) async fn serve(
    listener: TcpListener,
    app: &App,
    limits: Limits,
    doors: Doors,
    stop: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    let (reporter, health_service) = tonic_health::server::health_reporter();
    let mut health = Health::new(reporter).await;
    let health_service = health_service.max_decoding_message_size(MAX_HEALTH_MESSAGE_BYTES);
    let admission = Admission::new(limits.max_calls, doors.transport.everybody.clone());
    let router = Server::builder()
        .max_concurrent_streams(MAX_STREAMS_PER_CONNECTION)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .initial_stream_window_size(RECEIVE_WINDOW)
        .initial_connection_window_size(RECEIVE_WINDOW)
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(MAX_ERROR_RESETS))
        .http2_keepalive_interval(Some(doors.transport.patience.keepalive_interval))
        .http2_keepalive_timeout(Some(doors.transport.patience.keepalive_timeout))
        // Without a grace, which would cut calls off and send no GOAWAY.
        .max_connection_age(doors.transport.patience.age)
        .layer(CallLog::new(app.ids.clone()))
        .layer(Access::new(doors.gate.clone()))
        .layer(admission.clone())
        .layer(Deadline {
            default: limits.default_deadline,
            cap: limits.max_deadline,
            transfer: limits.transfer_timeout,
            of_anybody: ANYBODYS_TIMEOUT,
        })
        .layer(Arrival {
            of_callers: REQUEST_TIMEOUT,
            of_anybody: ANYBODYS_TIMEOUT,
        })
        .add_service(health_service);
    let (stop_transfers, transfers_stop) = watch::channel(false);
    let router = add_services(router, app, &limits, transfers_stop);
    let router = if doors.reflection {
        add_reflection(router)
    } else {
        router
    };

    let (drain, draining) = tokio::sync::oneshot::channel::<()>();
    let incoming = Incoming::new(listener, doors.transport);
    let serving = router.serve_with_incoming_shutdown(incoming, async {
        let _ = draining.await;
    });
    tokio::pin!(serving);
    {
        let probing = health.clone();
        let probe = probing.follow(&app.database);
        // Dropped with the signal to stop, so that a sweep under way lets go of what it holds
        // and calls may wait for.
        let sweeping = sweep(
            app,
            limits.sweep_interval,
            limits.audit_retention,
            Arc::new(admission),
        );
        let learning = doors.gate.follow();
        tokio::pin!(probe, sweeping, learning);
        tokio::select! {
            result = &mut serving => return result,
            () = &mut probe => {}
            () = &mut sweeping => {}
            () = &mut learning => {}
            () = stop => {}
        }
    }

    tracing::info!("stopping: calls under way may finish");
    health.stop_serving().await;
    let _ = drain.send(());
    let farewell = async {
        tokio::time::sleep(FAREWELL).await;
        health.end_watches().await;
        tokio::time::sleep(LAST_TRANSFERS).await;
        stop_transfers.send_replace(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = &mut serving => result,
        () = farewell => Ok(()),
        () = tokio::time::sleep(DRAIN) => {
            tracing::warn!("stopped with calls or connections still open");
            Ok(())
        }
    }
}

type Layers =
    Stack<Arrival, Stack<Deadline, Stack<Admission, Stack<Access, Stack<CallLog, Identity>>>>>;

fn add_services(
    router: Router<Layers>,
    app: &App,
    limits: &Limits,
    transfers_stop: watch::Receiver<bool>,
) -> Router<Layers> {
    use pb::audit_service_server::AuditServiceServer;
    use pb::credential_service_server::CredentialServiceServer;
    use pb::post_service_server::PostServiceServer;
    use pb::transaction_service_server::TransactionServiceServer;
    use pb::transfer_service_server::TransferServiceServer;
    use pb::user_service_server::UserServiceServer;

    router
        .add_service(
            UserServiceServer::new(UserRpc::new(app))
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(
            PostServiceServer::new(PostRpc::new(app))
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(
            CredentialServiceServer::new(CredentialRpc::new(app))
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(
            TransactionServiceServer::new(TransactionRpc::new(app))
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(
            TransferServiceServer::new(TransferRpc::new(app, limits, transfers_stop))
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
        .add_service(
            AuditServiceServer::new(AuditRpc::new(app, limits))
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
}

/// Lets everybody read the contract, by both versions of reflection.
fn add_reflection(router: Router<Layers>) -> Router<Layers> {
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // So that a client can show the details of errors.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(
                tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
            )
            .include_reflection_service(false)
    };
    router
        .add_service(
            reflection()
                .build_v1()
                .expect("the descriptors were made by this build")
                .max_decoding_message_size(MAX_REFLECTION_MESSAGE_BYTES),
        )
        .add_service(
            reflection()
                .build_v1alpha()
                .expect("the descriptors were made by this build")
                .max_decoding_message_size(MAX_REFLECTION_MESSAGE_BYTES),
        )
}
