//! The container engine as it is, asked over its socket and past the lab: nothing of the lab's own
//! list of what it made is believed.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The engine's socket: `DOCKER_HOST`, else Docker's own.
pub fn address() -> String {
    let host = std::env::var("DOCKER_HOST").ok();
    let host = host.filter(|host| !host.is_empty());
    host.unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
}

/// `GET` of the engine's API: what it answers, as JSON.
pub fn get(path: &str) -> io::Result<Value> {
    let address = address();
    let text = if let Some(socket) = address.strip_prefix("unix://") {
        let stream = UnixStream::connect(Path::new(socket))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        ask(stream, path)?
    } else {
        let stream = TcpStream::connect(address.trim_start_matches("tcp://"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        ask(stream, path)?
    };
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| io::Error::other("the engine answered half a reply"))?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        return Err(io::Error::other(format!("{path}: {status} {body}")));
    }
    Ok(serde_json::from_str(body)?)
}

/// One question in the first version of HTTP: the reply's end is the connection's.
fn ask(mut stream: impl Read + Write, path: &str) -> io::Result<String> {
    write!(stream, "GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// Why nothing can be started in containers here: no engine, or an image that is missing.
pub fn lacks(images: &[&str]) -> Option<String> {
    if let Err(error) = get("/_ping").or_else(|error| match error.kind() {
        // The ping's answer is a word and no JSON.
        io::ErrorKind::InvalidData => Ok(Value::Null),
        _ => Err(error),
    }) {
        return Some(format!("no container engine answers ({error})"));
    }
    let missing = images
        .iter()
        .filter(|image| get(&format!("/images/{image}/json")).is_err());
    let missing: Vec<&str> = missing.copied().collect();
    (!missing.is_empty()).then(|| {
        let missing = missing.join(", ");
        format!("the container engine lacks {missing}; lab images build makes them")
    })
}

/// What stands in the engine now, whoever made it, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Things {
    /// Containers, running or not.
    pub containers: BTreeSet<String>,
    /// Networks.
    pub networks: BTreeSet<String>,
    /// Volumes.
    pub volumes: BTreeSet<String>,
    /// Images, those without a name among them.
    pub images: BTreeSet<String>,
}

impl Things {
    /// Looks.
    pub fn now() -> io::Result<Self> {
        let names = |path: &str, list: Option<&str>, key: &str| -> io::Result<BTreeSet<String>> {
            let answer = get(path)?;
            let list = list.map_or(&answer, |list| &answer[list]);
            let items = list.as_array().into_iter().flatten();
            Ok(items
                .map(|item| match &item[key] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
                .collect())
        };
        Ok(Self {
            containers: names("/containers/json?all=true", None, "Names")?,
            networks: names("/networks", None, "Name")?,
            volumes: names("/volumes", Some("Volumes"), "Name")?,
            images: names("/images/json", None, "Id")?,
        })
    }

    /// What was not there before.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let new = |now: &BTreeSet<String>, before: &BTreeSet<String>| {
            now.difference(before).cloned().collect()
        };
        Self {
            containers: new(&self.containers, &before.containers),
            networks: new(&self.networks, &before.networks),
            volumes: new(&self.volumes, &before.volumes),
            images: new(&self.images, &before.images),
        }
    }

    /// How much of it there is.
    pub fn count(&self) -> usize {
        self.containers.len() + self.networks.len() + self.volumes.len() + self.images.len()
    }
}
