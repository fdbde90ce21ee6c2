//! Toxiproxy's API over plain HTTP/1.0, blocking: what the client library cannot say, every
//! reading back, and the sweep after a run whose lab was killed.
//!
//! HTTP/1.0, because an answer then ends with its connection, and reading one takes ten lines.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A server that has not answered by then will not.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest answer that is read.
const LARGEST: u64 = 16 << 20;

/// Where a Toxiproxy-compatible server serves its API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Server(pub(crate) SocketAddr);

/// A proxy as the server shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ProxyView {
    pub(crate) listen: String,
    pub(crate) upstream: String,
    pub(crate) enabled: bool,
    #[serde(default)]
    pub(crate) toxics: Vec<ToxicView>,
}

/// A toxic as the server shows it, whatever its attributes are.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ToxicView {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) stream: String,
    pub(crate) toxicity: f64,
    pub(crate) attributes: Map<String, Value>,
}

impl Server {
    /// A request; the answer's body where the server agrees, `None` where it knows no such thing.
    pub(crate) fn ask(
        self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Option<String>, String> {
        let answer = self.exchange(method, path, body);
        let answer = answer.map_err(|error| format!("{}: {error}", self.0))?;
        let (head, text) = answer
            .split_once("\r\n\r\n")
            .ok_or_else(|| format!("{} answers something else than HTTP", self.0))?;
        let status = head.split_whitespace().nth(1).and_then(|s| s.parse().ok());
        match status {
            Some(200..=299) => Ok(Some(text.to_owned())),
            Some(404) => Ok(None),
            Some(status) => Err(refusal(status, text)),
            None => Err(format!("{} answers something else than HTTP", self.0)),
        }
    }

    fn exchange(self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<String> {
        let Self(address) = self;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\nUser-Agent: lab\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all((head + &body).as_bytes())?;
        let mut answer = Vec::new();
        stream.take(LARGEST).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// The server's version, as it writes it.
    pub(crate) fn version(self) -> Result<String, String> {
        let text = self.ask("GET", "/version", None)?.unwrap_or_default();
        let version: Option<Value> = serde_json::from_str(&text).ok();
        let said = version.as_ref().and_then(|value| value.get("version"));
        // Old servers answer the bare text.
        let said = said.and_then(Value::as_str).unwrap_or(text.trim());
        Ok(said.to_owned())
    }

    /// A proxy; `None` where there is none of that name.
    pub(crate) fn proxy(self, name: &str) -> Result<Option<ProxyView>, String> {
        let text = self.ask("GET", &format!("/proxies/{name}"), None)?;
        let view = text.map(|text| serde_json::from_str(&text));
        view.transpose()
            .map_err(|error| format!("{} shows no proxy of Toxiproxy's: {error}", self.0))
    }

    /// The names of all proxies that begin like that.
    pub(crate) fn names(self, prefix: &str) -> Result<Vec<String>, String> {
        let text = self.ask("GET", "/proxies", None)?.unwrap_or_default();
        let all: Map<String, Value> = serde_json::from_str(&text)
            .map_err(|error| format!("{} lists no proxies: {error}", self.0))?;
        let names = all.into_iter().map(|(name, _)| name);
        Ok(names.filter(|name| name.starts_with(prefix)).collect())
    }

    /// Deletes a proxy, its toxics with it; it may be gone already.
    pub(crate) fn delete(self, name: &str) -> Result<(), String> {
        self.ask("DELETE", &format!("/proxies/{name}"), None)
            .map(drop)
    }
}

/// The server's own words where it says no.
fn refusal(status: u16, text: &str) -> String {
    let said: Option<Value> = serde_json::from_str(text).ok();
    let said = said.as_ref().and_then(|said| said.get("error")?.as_str());
    format!("{} (status {status})", said.unwrap_or(text.trim()))
}
