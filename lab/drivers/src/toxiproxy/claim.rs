//! What a run holds on a server of somebody else's, written down before it is made: the names of
//! all of a run's proxies begin alike, and nothing else on that server does.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lab_engine::Failure;
use lab_engine::seam::Context;
use serde::{Deserialize, Serialize};

use super::http::Server;
use crate::lease::Owner;

const FILE: &str = "toxiproxy.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    server: SocketAddr,
    prefix: String,
    owner: Owner,
}

/// A claim that this process holds.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
    /// How the names of all of the run's proxies begin.
    pub(crate) prefix: String,
}

impl Claim {
    /// Writes it into the run's folder. The names carry the run, and what tells its lab from every
    /// other one that runs the same scenario on the same day.
    pub(crate) fn write(run: &Context, server: Server) -> Result<Self, Failure> {
        let owner = Owner::this();
        let mut hasher = DefaultHasher::new();
        (owner.pid, owner.started, &owner.boot, &run.folder).hash(&mut hasher);
        let prefix = format!("lab.{}.{:08x}.", run.run, hasher.finish() >> 32);
        let entry = Entry {
            server: server.0,
            prefix: prefix.clone(),
            owner,
        };
        let path = run.folder.join(FILE);
        let broken = |error: std::io::Error| {
            Failure::new("toxiproxy", format!("{}: {error}", path.display()))
        };
        let text = serde_json::to_vec(&entry).map_err(|error| Failure::new("toxiproxy", error))?;
        fs::write(&path, text).map_err(broken)?;
        Ok(Self { path, prefix })
    }

    /// Nothing of the run is left on the server.
    pub(crate) fn end(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What a sweep did on a server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// How many proxies were deleted.
    pub(crate) proxies: usize,
    /// What could not be.
    pub(crate) left: Vec<String>,
}

/// Deletes what the run of a folder left on a server, unless the run's lab lives; `None` where
/// there is nothing to do.
pub(crate) fn sweep(folder: &Path) -> Option<Removed> {
    let path = folder.join(FILE);
    let entry: Entry = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
    if entry.owner.is_alive() {
        return None;
    }
    let mut removed = Removed::default();
    let server = Server(entry.server);
    match server.names(&entry.prefix) {
        Ok(names) => {
            for name in names {
                match server.delete(&name) {
                    Ok(()) => removed.proxies += 1,
                    Err(error) => removed.left.push(format!("proxy {name} on {error}")),
                }
            }
        }
        Err(error) => removed
            .left
            .push(format!("proxies {}* on {error}", entry.prefix)),
    }
    if removed.left.is_empty() {
        let _ = fs::remove_file(&path);
    }
    Some(removed)
}

/// Whether a folder still names proxies on a server.
pub(crate) fn is_open(folder: &Path) -> bool {
    folder.join(FILE).exists()
}
