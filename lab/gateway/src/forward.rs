//! One request on its way and its reply back.

use std::cell::RefCell;
use std::error::Error as _;
use std::rc::Rc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::time::{Instant, timeout};

use crate::headers;
use crate::state::{Refusal, State, Way};
use crate::window::End;

/// A reply's body: what an upstream sends, or a few words of our own.
pub(crate) type Body = Either<Incoming, Full<Bytes>>;

/// What every request shares.
pub(crate) struct Gate {
    pub(crate) state: RefCell<State>,
    client: Client<HttpConnector, Incoming>,
}

impl Gate {
    pub(crate) fn new(state: State, keepalive: bool) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        if !keepalive {
            builder.pool_max_idle_per_host(0);
        }
        Self {
            state: state.into(),
            client: builder.build(connector),
        }
    }
}

/// A request that is on its way: how it ended is counted, also where its caller goes away and
/// nothing of this is polled again.
struct Underway<'a> {
    gate: &'a Gate,
    way: &'a Way,
    begun: Instant,
    end: Option<End>,
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        let end = self.end.unwrap_or(End::Abandoned);
        self.gate
            .state
            .borrow_mut()
            .ended(self.way.route, self.way.upstream, end);
    }
}

/// Serves one request.
pub(crate) async fn forward(gate: Rc<Gate>, request: Request<Incoming>) -> Response<Body> {
    if !headers::is_served(request.method()) {
        return words(&Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "no tunnels here",
            "",
        ));
    }
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", PathAndQuery::as_str);
    let way = gate.state.borrow_mut().way(target, request.headers());
    match way {
        Ok(way) => along(&gate, &way, request).await,
        Err(refusal) => words(&refusal),
    }
}

async fn along(gate: &Gate, way: &Way, mut request: Request<Incoming>) -> Response<Body> {
    let upgrade = headers::upgrade(request.headers());
    let caller = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    if let Err(refusal) = address(way, &mut request) {
        return words(&refusal);
    }
    let version = request.version();
    *request.version_mut() = http::Version::HTTP_11;
    let fields = request.headers_mut();
    headers::end_to_end(fields);
    headers::via(fields, version);
    // Whoever is outside does not set flags.
    fields.remove(headers::FLAGS);
    if let Some(flags) = &way.flags {
        fields.insert(headers::FLAGS, flags.clone());
    }
    let mut underway = Underway {
        gate,
        way,
        begun: Instant::now(),
        end: None,
    };
    let sent = gate.client.request(request);
    let answer = match way.timeout {
        Some(limit) => timeout(limit, sent)
            .await
            .map_err(|_| StatusCode::GATEWAY_TIMEOUT),
        None => Ok(sent.await),
    };
    let mut response = match answer {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            underway.end = Some(End::Failed);
            let cause = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            let message = format!("{} did not answer: {cause}", shown(way));
            return failed(way, StatusCode::BAD_GATEWAY, message);
        }
        Err(status) => {
            underway.end = Some(End::Failed);
            return failed(
                way,
                status,
                format!("{} did not answer in time", shown(way)),
            );
        }
    };
    let good = !response.status().is_server_error();
    underway.end = Some(End::Answered {
        good,
        after: underway.begun.elapsed().into(),
    });
    drop(underway);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(caller) = caller
    {
        let callee = hyper::upgrade::on(&mut response);
        tokio::task::spawn_local(join(caller, callee));
    }
    let version = response.version();
    let fields = response.headers_mut();
    headers::end_to_end(fields);
    headers::via(fields, version);
    fields.insert(headers::SERVED_BY, way.served_by.clone());
    response.map(Either::Left)
}

/// Gives the request its address on the way.
fn address(way: &Way, request: &mut Request<Incoming>) -> Result<(), Refusal> {
    let bad = |error: &dyn std::fmt::Display| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            format!("the target cannot be sent on: {error}"),
            "",
        )
    };
    let authority: Authority = way.address.to_string().parse().map_err(|e| bad(&e))?;
    let path: PathAndQuery = way.path.parse().map_err(|e| bad(&e))?;
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    parts.path_and_query = Some(path);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|e| bad(&e))?;
    Ok(())
}

/// Passes bytes both ways until both have ended. What breaks is seen by both ends.
async fn join(caller: hyper::upgrade::OnUpgrade, callee: hyper::upgrade::OnUpgrade) {
    if let (Ok(caller), Ok(callee)) = (caller.await, callee.await) {
        let _ = copy_bidirectional(&mut TokioIo::new(caller), &mut TokioIo::new(callee)).await;
    }
}

fn shown(way: &Way) -> &str {
    way.served_by.to_str().unwrap_or_default()
}

fn failed(way: &Way, status: StatusCode, message: String) -> Response<Body> {
    let mut response = words(&Refusal::new(status, message, ""));
    response
        .headers_mut()
        .insert(headers::SERVED_BY, way.served_by.clone());
    response
}

/// A refusal as a reply.
pub(crate) fn words(refusal: &Refusal) -> Response<Body> {
    let mut error = json!({ "message": refusal.message });
    if !refusal.help.is_empty() {
        error["help"] = refusal.help.clone().into();
    }
    reply(refusal.status, &json!({ "error": error }))
}

/// A JSON reply.
pub(crate) fn reply(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Either::Right(Full::from(value.to_string() + "\n")));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
