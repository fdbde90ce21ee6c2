//! One request and its whole answer over HTTP/1.1; knows nothing of policies.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{CallError, Reply};

/// No answer of the shop comes near; whatever is larger is not ours.
const LARGEST_BODY: usize = 4 << 20;

/// A client for one upstream.
#[derive(Debug)]
pub(super) struct Transport(Client<HttpConnector, Full<Bytes>>);

impl Transport {
    /// With `keepalive` connections are pooled and used again, else each request has its own.
    pub(super) fn new(keepalive: bool) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        if !keepalive {
            builder.pool_max_idle_per_host(0);
        }
        Self(builder.build(connector))
    }

    /// Sends the request and reads the answer to its end, whatever its status.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Reply, CallError> {
        let response = self
            .0
            .request(request)
            .await
            .map_err(|error| classify(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST_BODY)
            .collect()
            .await
            .map_err(|error| CallError::Broken(error.to_string()))?
            .to_bytes();
        Ok(Reply { status, body })
    }
}

fn classify(error: &Error) -> CallError {
    // The outermost text says only "client error"; the cause is further in.
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_connect() {
        CallError::Connect(cause.to_string())
    } else {
        CallError::Broken(cause.to_string())
    }
}
