//! Readiness over HTTP or TCP.

use std::time::Duration;

use async_trait::async_trait;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lab_engine::seam::Probe;
use lab_model::system::ReadyCheck;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What one question may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks over the network.
#[derive(Debug, Clone, Copy, Default)]
pub struct NetworkProbe;

#[async_trait]
impl Probe for NetworkProbe {
    async fn check(&self, endpoint: &str, check: &ReadyCheck) -> Result<(), String> {
        timeout(PATIENCE, ask(endpoint, check))
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")))
    }
}

async fn ask(endpoint: &str, check: &ReadyCheck) -> Result<(), String> {
    let stream = TcpStream::connect(endpoint)
        .await
        .map_err(|error| error.to_string())?;
    let ReadyCheck::Http(path) = check else {
        return Ok(());
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let request = hyper::Request::get(path)
        .header("host", endpoint)
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    // The connection is driven beside the request and dropped with it: no task is left behind.
    let status = tokio::select! {
        reply = sender.send_request(request) => reply.map_err(|error| error.to_string())?.status(),
        ended = connection => return Err(ended.map_or_else(|e| e.to_string(), |()| "closed".to_owned())),
    };
    if status.is_success() || status.is_redirection() {
        Ok(())
    } else {
        Err(format!("GET {path} answered {status}"))
    }
}
