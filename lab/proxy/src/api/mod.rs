//! Toxiproxy's HTTP API over a [`Proxy`], and beside it, under `/lab`, what it cannot say.
//!
//! Every call is answered from state: none waits for a connection.

mod answer;
pub(crate) mod body;
mod extension;
mod links;
mod metrics;
pub(crate) mod toxics;

use crate::error::Error;
use crate::listen::{Listen, Reservation};
use crate::proxy::Proxy;
use crate::seed::Draw;
use answer::text;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{delete, get, patch, post};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;
use toxics::Scope;

/// The largest body that is read.
const LARGEST_BODY: usize = 16 << 20;
/// The level of Toxiproxy's API that is spoken, and who speaks it.
const VERSION: &str = concat!("2.12.0+lab.", env!("CARGO_PKG_VERSION"));

/// What an API server serves beside proxies and toxics.
#[derive(Debug, Clone, Copy, Default)]
pub struct ApiOptions {
    /// Bytes by link and direction at `/metrics`.
    pub proxy_metrics: bool,
    /// Figures of the process at `/metrics`.
    pub runtime_metrics: bool,
}

/// Listens at `host:port` and serves until the proxy ends.
pub(crate) async fn serve(
    proxy: Proxy,
    at: String,
    options: ApiOptions,
) -> Result<SocketAddr, Error> {
    let address = Listen::resolve(&at).await.address?;
    let reservation = Reservation::take(address)?;
    let listener = reservation.listen()?;
    let address = reservation.address;
    tokio::spawn(async move {
        // Keeps the port for as long as it is served.
        let _reservation = reservation;
        axum::serve(listener, router(proxy, options)).await
    });
    Ok(address)
}

fn router(proxy: Proxy, options: ApiOptions) -> Router {
    let router = Router::new()
        .route("/version", get(version))
        .route("/reset", post(reset))
        .route("/populate", post(links::populate))
        .route("/proxies", get(links::index).post(links::create))
        .route(
            "/proxies/{link}",
            get(links::show)
                .merge(post(links::update))
                .merge(patch(links::update))
                .merge(delete(links::remove)),
        )
        .merge(toxics::routes("/proxies", Scope::Toxiproxy))
        .merge(extension::routes());
    let router = if options.proxy_metrics || options.runtime_metrics {
        let metrics = move |State(proxy): State<Proxy>| metrics::show(proxy, options);
        router.route("/metrics", get(metrics))
    } else {
        router
    };
    router
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .fallback(|| async { text(StatusCode::NOT_FOUND, "404 page not found\n") })
        .route_layer(from_fn(guard))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(proxy)
}

/// Numbers each request and turns browsers away, so that no web page can drive the proxy.
async fn guard(request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD || request.method() == Method::OPTIONS {
        return answer::empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    let agent = request.headers().get(header::USER_AGENT);
    let mut response = if agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")) {
        text(StatusCode::FORBIDDEN, "User agent not allowed\n")
    } else {
        next.run(request).await
    };
    if response.status() != StatusCode::METHOD_NOT_ALLOWED
        && let Ok(id) = HeaderValue::from_str(&request_id())
    {
        response.headers_mut().insert("x-toxiproxy-request-id", id);
    }
    response
}

/// Twenty characters that do not come twice.
fn request_id() -> String {
    static SEQUENCE: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let micros = now.map_or(0, |now| now.as_micros());
    let micros = u64::try_from(micros).unwrap_or_default();
    let mut draw = Draw::new(micros, "", "request", SEQUENCE.fetch_add(1, Relaxed));
    let mut id = format!("{:016x}{:016x}", draw.bits(), draw.bits());
    id.truncate(20);
    id
}

async fn version() -> Response {
    let body = format!("{{\"version\": \"{VERSION}\"}}\n");
    answer::typed(StatusCode::OK, "application/json;charset=utf-8", body)
}

async fn reset(State(proxy): State<Proxy>, _body: Bytes) -> Response {
    answer::nothing(proxy.reset().await)
}
