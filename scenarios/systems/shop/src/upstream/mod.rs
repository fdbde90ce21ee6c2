//! Calls to another service, through every pattern that the settings ask for.

mod error;
mod transport;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use error::CallError;
use transport::Transport;

use crate::config::ClientSettings;
use crate::context::Context;
use crate::resilience::{Bulkhead, CircuitBreaker, Retry, within};
use crate::tls::Trust;

/// One service that another calls.
#[derive(Debug)]
pub(crate) struct Upstream {
    name: &'static str,
    base: Uri,
    scheme: &'static str,
    settings: ClientSettings,
    transport: Transport,
    bulkhead: Bulkhead,
    retry: Retry,
    breaker: CircuitBreaker,
}

/// What is asked, in a form that can be sent more than once.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    body: Option<Bytes>,
}

/// A whole answer with a status below 500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: http::StatusCode,
    pub(crate) body: Bytes,
}

impl Call {
    /// `GET path`.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: None,
        }
    }

    /// A method with a JSON body.
    pub(crate) fn with_json(
        method: Method,
        path: impl Into<String>,
        body: &impl Serialize,
    ) -> Self {
        Self {
            method,
            path: path.into(),
            // Only maps with keys that are no text cannot be written; the shop has none.
            body: Some(serde_json::to_vec(body).unwrap_or_default().into()),
        }
    }
}

impl Reply {
    /// The body as JSON; `None` where it is something else.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Upstream {
    /// A service called `name` at `base`; with `secure` it has to show who it is to whoever trusts
    /// these.
    pub(crate) fn new(
        name: &'static str,
        base: Uri,
        settings: ClientSettings,
        (trust, secure): (&Trust, bool),
    ) -> Self {
        Self {
            name,
            base,
            scheme: if secure { "https" } else { "http" },
            transport: Transport::new(&settings, trust, secure),
            bulkhead: Bulkhead::new(settings.bulkhead),
            retry: Retry::new(settings.retry.clone()),
            breaker: CircuitBreaker::new(settings.breaker.clone()),
            settings,
        }
    }

    /// The name of the service.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Makes the call, with as many attempts as the settings allow.
    pub(crate) async fn call(&self, call: &Call, context: &Context) -> Result<Reply, CallError> {
        let _place = self.bulkhead.enter()?;
        let attempts = self.retry.run(|| self.attempt(call, context));
        within(self.settings.timeout, attempts).await
    }

    async fn attempt(&self, call: &Call, context: &Context) -> Result<Reply, CallError> {
        let permit = self.breaker.ask()?;
        let request = self.request(call, context)?;
        let sent = within(self.settings.attempt_timeout, self.transport.send(request));
        let reply = sent.await?;
        if reply.status.is_server_error() {
            return Err(CallError::Status(reply.status));
        }
        permit.succeeded();
        Ok(reply)
    }

    fn request(&self, call: &Call, context: &Context) -> Result<Request<Full<Bytes>>, CallError> {
        let authority = self.base.authority().map_or("", |part| part.as_str());
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}://{authority}{}", self.scheme, call.path))
            .body(Full::new(call.body.clone().unwrap_or_default()))
            .map_err(|error| CallError::Unsendable(error.to_string()))?;
        let headers = request.headers_mut();
        context.pass_on(headers);
        if call.body.is_some() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        if !self.settings.keepalive {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(request)
    }
}
