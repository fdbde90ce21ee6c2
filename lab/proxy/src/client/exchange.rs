//! One request, one answer.

use super::ClientError;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Display;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server that has not answered by then will not.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the server is.
pub(super) struct Server<'a> {
    at: &'a str,
}

impl<'a> Server<'a> {
    /// The server at `host:port`; a leading `http://` is allowed.
    pub(super) fn at(at: &'a str) -> Self {
        let at = at.strip_prefix("http://").unwrap_or(at);
        Self {
            at: at.trim_end_matches('/'),
        }
    }

    /// Reads a value.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.send("GET", path, None).await
    }

    /// Sends a body and reads the value it comes to.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        let answer = self.exchange(method, path, body).await?;
        serde_json::from_slice(&answer).map_err(|error| ClientError::Answer {
            server: self.at.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Deletes something.
    pub(super) async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.exchange("DELETE", path, None).await.map(drop)
    }

    fn unreachable(&self, reason: impl Display) -> ClientError {
        ClientError::Unreachable {
            server: self.at.to_owned(),
            reason: reason.to_string(),
        }
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Bytes, ClientError> {
        let (status, answer) = timeout(PATIENCE, self.ask(method, path, body))
            .await
            .map_err(|_| self.unreachable("no answer in ten seconds"))??;
        if status.is_success() {
            return Ok(answer);
        }
        let said: Option<Value> = serde_json::from_slice(&answer).ok();
        let error = said.as_ref().and_then(|said| said.get("error")?.as_str());
        Err(ClientError::Refused {
            status: status.as_u16(),
            error: error.map_or_else(
                || String::from_utf8_lossy(&answer).trim().to_owned(),
                str::to_owned,
            ),
        })
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let stream = TcpStream::connect(self.at).await;
        let stream = TokioIo::new(stream.map_err(|error| self.unreachable(error))?);
        let connected = http1::handshake(stream).await;
        let (mut sender, connection) = connected.map_err(|error| self.unreachable(error))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.at)
            .header(USER_AGENT, "lab")
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "close")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.unreachable(error))?;
        let answer = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            Ok::<_, hyper::Error>((status, answer.into_body().collect().await?.to_bytes()))
        };
        // The connection only moves while it is polled.
        let (answer, _) = tokio::join!(answer, connection);
        answer.map_err(|error| self.unreachable(error))
    }
}
