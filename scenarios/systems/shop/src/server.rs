//! The life of one service: open the store, listen, serve, drain.

use std::net::SocketAddr;
use std::time::Duration;

use axum::routing::get;
use axum::serve::ListenerExt as _;
use axum::{Json, Router, middleware};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::{Admission, admit};
use crate::config::{Config, ServiceSettings};
use crate::log::Log;
use crate::monolith::Monolith;
use crate::orders::{self, Orders};
use crate::payments;
use crate::store::{self, StoreError};
use crate::tls::{self, Identity};

/// How long requests in service may take to end once the service stops.
const DRAIN: Duration = Duration::from_millis(400);

/// Why a service did not start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(#[from] Reason);

/// The kinds of [`StartError`].
#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("store: {0}")]
    Store(#[from] StoreError),
    #[error("TLS: {0}")]
    Tls(String),
}

/// A service that listens.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
    server: JoinHandle<()>,
}

impl Running {
    /// Where it listens; the port that was chosen where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more, lets requests in service end for at most 400 ms, then drops them.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        let drained = async {
            let _ = self.server.await;
            self.tasks.wait().await;
        };
        // What takes longer is dropped with the runtime.
        let _ = tokio::time::timeout(DRAIN, drained).await;
    }
}

/// Starts the service; it is ready when this returns.
///
/// # Errors
/// The store cannot be opened, or the address cannot be listened on.
pub async fn start(config: Config) -> Result<Running, StartError> {
    let role = config.role();
    let log = Log::new(role);
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let database = store::open(role, &config.database)
        .await
        .map_err(Reason::from)?;
    let identity = config.identity().cloned();
    let trust = tls::trust(config.authority()).map_err(Reason::Tls)?;
    let (requests, books) = match config.service {
        ServiceSettings::Payments(settings) => payments::routes(&settings, database)
            .await
            .map_err(Reason::from)?,
        ServiceSettings::Orders(settings) => {
            let orders = Orders::new(settings, database, &trust, log.clone());
            let orders = orders.await.map_err(Reason::from)?;
            tasks.spawn(orders.clone().background(stop.clone()));
            orders.routes()
        }
        ServiceSettings::Monolith(settings) => {
            let monolith = Monolith::new(settings, database, &trust, log.clone());
            let monolith = monolith.await.map_err(Reason::from)?;
            tasks.spawn(monolith.clone().background(stop.clone()));
            monolith.routes()
        }
        ServiceSettings::Database => orders::database(database).await.map_err(Reason::from)?,
    };
    let health = json!({ "status": "ok", "service": role.name() });
    let admission = Admission::new(config.admission, tasks.clone(), log.clone());
    let metrics = admission.metrics();
    let routes = requests
        .layer(middleware::from_fn_with_state(admission, admit))
        .merge(books)
        .route("/health", get(Json(health)))
        .route("/metrics", get(move || async move { metrics.text() }));
    let (address, server) = serve(config.listen, identity.as_ref(), routes, stop.clone()).await?;
    log.event("started", &address.to_string());
    Ok(Running {
        address,
        stop,
        tasks,
        server,
    })
}

async fn serve(
    address: SocketAddr,
    identity: Option<&Identity>,
    routes: Router,
    stop: CancellationToken,
) -> Result<(SocketAddr, JoinHandle<()>), Reason> {
    let unusable = |source| Reason::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(unusable)?;
    let bound = listener.local_addr().map_err(unusable)?;
    if let Some(identity) = identity {
        let listener = tls::both(listener, identity).map_err(Reason::Tls)?;
        let stopped = async move { stop.cancelled().await };
        let server = axum::serve(listener, routes).with_graceful_shutdown(stopped);
        let server = tokio::spawn(async move {
            let _ = server.await;
        });
        return Ok((bound, server));
    }
    let listener = listener.tap_io(|stream| {
        // Small answers must not wait for acknowledgements; where this fails they just may.
        let _ = stream.set_nodelay(true);
    });
    // The only error is one of accepting, and axum retries those itself.
    let stopped = async move { stop.cancelled().await };
    let server = axum::serve(listener, routes).with_graceful_shutdown(stopped);
    let server = tokio::spawn(async move {
        let _ = server.await;
    });
    Ok((bound, server))
}
