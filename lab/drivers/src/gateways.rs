//! The system's gateway on a thread of this process; who may change its routes finds address and
//! token in a file of the run's folder that only this user reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{Context, GatewayDriver, OpenGateway, Signal, Signals};
use lab_gateway::{Options, Running};
use lab_model::Name;
use lab_model::gateway::Gateway;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file with the admin API's address and token.
pub const FILE: &str = "gateway.json";

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const MOST: u64 = 4 << 20;

/// Where a gateway's admin API is, and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// `127.0.0.1:PORT`.
    pub admin: SocketAddr,
    /// Sent as `authorization: Bearer …`.
    pub token: String,
}

impl Access {
    /// Reads the access to the gateway of a run.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let text = fs::read(folder.join(FILE))?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }

    /// Calls the admin API; blocks until the answer is there.
    ///
    /// # Errors
    /// Outside: the gateway does not answer. Inside: it refuses, with words and help.
    pub fn call(
        &self,
        method: &str,
        path: &str,
        by: &str,
        body: Option<&Value>,
    ) -> io::Result<Result<Value, (String, String)>> {
        let mut stream = TcpStream::connect_timeout(&self.admin, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let by: String = by.chars().filter(char::is_ascii_graphic).collect();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\nauthorization: Bearer {}\r\nx-lab-by: {by}\r\n\
             content-length: {}\r\n\r\n{body}",
            self.admin,
            self.token,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        let mut reply = String::new();
        stream.take(MOST).read_to_string(&mut reply)?;
        let no_http = || io::Error::other("something else answers there");
        let (head, body) = reply.split_once("\r\n\r\n").ok_or_else(no_http)?;
        let status = head.split(' ').nth(1).ok_or_else(no_http)?;
        let value: Value = serde_json::from_str(body).map_err(io::Error::other)?;
        if status.starts_with('2') {
            return Ok(Ok(value));
        }
        let word = |name: &str| value["error"][name].as_str().unwrap_or_default().to_owned();
        Ok(Err((word("message"), word("help"))))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(&text)
    }
}

/// Runs gateways in this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gateways;

struct Open {
    running: Option<Running>,
    address: SocketAddr,
    file: PathBuf,
}

fn failure(error: impl std::fmt::Display) -> Failure {
    Failure::new("gateway", error)
}

/// 256 bits that nobody can guess, in hexadecimal.
pub(crate) fn token() -> io::Result<String> {
    let mut bytes = [0_u8; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut text = String::with_capacity(64);
    for byte in bytes {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[async_trait]
impl GatewayDriver for Gateways {
    async fn open(
        &self,
        run: &Context,
        gateway: &Gateway,
        seed: u64,
        host: IpAddr,
        upstreams: BTreeMap<Name, SocketAddr>,
        signals: Signals,
    ) -> Result<Box<dyn OpenGateway>, Failure> {
        let token = token().map_err(failure)?;
        let running = lab_gateway::start(Options {
            gateway: gateway.clone(),
            host,
            upstreams,
            seed,
            token: token.clone(),
            // After the run's end nobody listens, and nobody needs to.
            news: Box::new(move |event| drop(signals.send(Signal::Gateway(event)))),
        })
        .map_err(failure)?;
        let file = run.folder.join(FILE);
        let (address, admin) = (running.address, running.admin);
        let open = Open {
            running: Some(running),
            address,
            file,
        };
        Access { admin, token }.write(&open.file).map_err(failure)?;
        Ok(Box::new(open))
    }
}

impl OpenGateway for Open {
    fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}
