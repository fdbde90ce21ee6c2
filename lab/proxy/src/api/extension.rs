//! What Toxiproxy's API cannot say, beside it under `/lab`: every kind of toxic, links that refuse
//! or hang, the tap, counters, and events while they happen.

use super::toxics::{self, Scope};
use super::{answer, body};
use crate::error::Error;
use crate::events::{Event, Listener, Told};
use crate::observe::{Snapshot, ToxicSnapshot};
use crate::proxy::Proxy;
use crate::spec::Down;
use crate::toxics::kinds;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream::{Stream, StreamExt, unfold};
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often it is told what toxics did.
const WITNESS_EVERY: Duration = Duration::from_secs(1);

/// The routes of the extension.
pub(super) fn routes() -> Router<Proxy> {
    Router::new()
        .route("/lab/kinds", get(show_kinds))
        .route("/lab/witness", get(witness))
        .route("/lab/events", get(events))
        .route("/lab/authority", get(authority))
        .route("/lab/proxies/{link}/down", post(down))
        .route("/lab/proxies/{link}/up", post(up))
        .route("/lab/proxies/{link}/tap", post(tap))
        .route("/lab/proxies/{link}/requests", get(requests))
        .route("/lab/proxies/{link}/tls", post(tls))
        .merge(toxics::routes("/lab/proxies", Scope::Every))
}

/// `GET /lab/kinds`: every kind of toxic.
async fn show_kinds() -> Response {
    let shown: Vec<_> = kinds()
        .iter()
        .map(|kind| {
            json!({
                "type": kind.name(),
                "about": kind.about(),
                "extension": kind.is_extension(),
            })
        })
        .collect();
    answer::value(StatusCode::OK, Ok(shown))
}

/// `GET /lab/witness`: all counters; see [`Snapshot`].
async fn witness(State(proxy): State<Proxy>) -> Response {
    answer::value(StatusCode::OK, proxy.observe().await)
}

/// `GET /lab/authority`: the certificate of who signs what faults of TLS show, as PEM.
async fn authority(State(proxy): State<Proxy>) -> Response {
    match proxy.authority().pem() {
        Ok(pem) => ([(header::CONTENT_TYPE, "application/x-pem-file")], pem).into_response(),
        Err(reason) => (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response(),
    }
}

/// `POST /lab/proxies/{link}/down` with `{"how": "refuse" | "reset" | "hang"}`
async fn down(State(proxy): State<Proxy>, Path(link): Path<String>, sent: Bytes) -> Response {
    let how = match body::text(&sent, "how") {
        Ok(how) => how,
        Err(error) => return answer::error(&error),
    };
    let down = match how.as_deref() {
        Some("refuse") => Down::Refuse,
        None | Some("reset") => Down::Reset,
        Some("hang") => Down::Hang,
        Some(other) => {
            let text = format!("how must be refuse, reset or hang, got {other:?}");
            return answer::error(&Error::BadRequest(text));
        }
    };
    answer::nothing(proxy.disable(&link, down).await)
}

/// `POST /lab/proxies/{link}/up`
async fn up(State(proxy): State<Proxy>, Path(link): Path<String>) -> Response {
    answer::nothing(proxy.enable(&link).await)
}

/// `POST /lab/proxies/{link}/tap` with `{"on": true | false}`
async fn tap(State(proxy): State<Proxy>, Path(link): Path<String>, sent: Bytes) -> Response {
    match body::flag(&sent, "on") {
        Ok(on) => answer::nothing(proxy.tap(&link, on.unwrap_or(true)).await),
        Err(error) => answer::error(&error),
    }
}

/// `POST /lab/proxies/{link}/tls` with `{"ends": true | false}`
async fn tls(State(proxy): State<Proxy>, Path(link): Path<String>, sent: Bytes) -> Response {
    match body::flag(&sent, "ends") {
        Ok(ends) => answer::nothing(proxy.end_tls(&link, ends.unwrap_or(true)).await),
        Err(error) => answer::error(&error),
    }
}

/// `GET /lab/events`: one JSON object a line, until the caller leaves.
async fn events(State(proxy): State<Proxy>) -> Response {
    let (listener, seen) = match (proxy.events().await, proxy.observe().await) {
        (Ok(listener), Ok(seen)) => (listener, seen),
        (Err(error), _) | (_, Err(error)) => return answer::error(&error),
    };
    let mut ticks = interval(WITNESS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is now.
    ticks.reset();
    let feed = Feed {
        proxy,
        listener,
        ticks,
        seen,
        waiting: VecDeque::new(),
    };
    lines(unfold(feed, |mut feed| async move {
        Some((feed.next().await?, feed))
    }))
}

/// `GET /lab/proxies/{link}/requests`: one JSON object for each, until the caller leaves or the link
/// is gone.
async fn requests(State(proxy): State<Proxy>, Path(link): Path<String>) -> Response {
    let listener = match proxy.follow(&link).await {
        Ok(listener) => listener,
        Err(error) => return answer::error(&error),
    };
    lines(unfold(listener, |mut listener| async move {
        Some((listener.next().await?, listener))
    }))
}

/// One JSON object a line, for as long as there are any.
fn lines(told: impl Stream<Item = Told> + Send + 'static) -> Response {
    let lines = told.map(|told| {
        let mut line = serde_json::to_string(&told).unwrap_or_default();
        line.push('\n');
        Ok::<_, Infallible>(line)
    });
    let kind = HeaderValue::from_static("application/x-ndjson");
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(lines)).into_response()
}

/// Events, and each second what toxics did.
struct Feed {
    proxy: Proxy,
    listener: Listener,
    ticks: Interval,
    seen: Snapshot,
    waiting: VecDeque<Told>,
}

impl Feed {
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.waiting.pop_front() {
                return Some(told);
            }
            tokio::select! {
                told = self.listener.next() => return told,
                _ = self.ticks.tick() => {
                    let now = self.proxy.observe().await.ok()?;
                    self.waiting.extend(acted(&now.since(&self.seen)));
                    self.seen = now;
                }
            }
        }
    }
}

/// The toxics that acted.
fn acted(news: &Snapshot) -> Vec<Told> {
    let toxics = news
        .links
        .iter()
        .flat_map(|(link, news)| news.toxics.iter().map(move |toxic| (link, toxic)));
    let acted = toxics.filter_map(|(link, toxic)| witness_of(link, toxic));
    acted.map(Told::now).collect()
}

fn witness_of(link: &str, toxic: &ToxicSnapshot) -> Option<Event> {
    let witness = &toxic.witness;
    let acted = witness.bytes + witness.connections + witness.resets + witness.closes;
    (acted + witness.delay.count() > 0).then(|| Event::Witness {
        link: link.to_owned(),
        toxic: toxic.name.clone(),
        kind: toxic.kind.clone(),
        connections: witness.connections,
        requests: witness.requests,
        bytes: witness.bytes,
        dropped_bytes: witness.dropped_bytes,
        resets: witness.resets,
        closes: witness.closes,
        delay_p50_us: witness.delay.quantile_us(0.5),
        delay_max_us: witness.delay.max_us(),
    })
}
