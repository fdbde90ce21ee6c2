//! A connection to an engine, and what it can do.

use std::fmt::Display;
use std::time::Duration;

use lab_engine::Failure;
use testcontainers::bollard::Docker;
use testcontainers::core::client::docker_client_instance;
use tokio::time::timeout;

use super::endpoint;

/// How long an engine may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(5);

/// An engine that answers.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) docker: Docker,
    /// Its version, as it says.
    pub version: String,
    /// Where it is, and who says so.
    pub place: String,
}

/// A failure of the engine.
pub(crate) fn failure(error: impl Display) -> Failure {
    Failure::new("container engine", error)
}

impl Engine {
    /// Connects to the engine of the surroundings; a failure says what was tried.
    pub async fn find() -> Result<Self, Failure> {
        let endpoint = endpoint::find();
        let place = format!("{} ({})", endpoint.host, endpoint.from);
        let silent = |error: &dyn Display| {
            failure(format!(
                "no engine answers at {place}: {error}\ntry --driver processes, which needs none"
            ))
        };
        let docker = docker_client_instance()
            .await
            .map_err(|error| silent(&error))?;
        let version = timeout(ANSWER, docker.version())
            .await
            .map_err(|_| silent(&format!("no answer within {ANSWER:?}")))?
            .map_err(|error| silent(&error))?;
        Ok(Self {
            docker,
            version: version.version.unwrap_or_default(),
            place,
        })
    }
}

/// Makes sure that the client library looks where the surroundings point: it knows `DOCKER_HOST`
/// and Docker's own sockets, and neither contexts nor podman. Where another place is meant, this
/// program becomes itself again with `DOCKER_HOST` set; comes back where nothing has to change.
pub fn point_client() {
    use std::os::unix::process::CommandExt;
    if std::env::var_os("DOCKER_HOST").is_some_and(|host| !host.is_empty()) {
        return;
    }
    let found = endpoint::find();
    if found.host == "unix:///var/run/docker.sock" {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // Comes back only where the program cannot be started again; then the default is tried.
        let _ = std::process::Command::new(program)
            .args(std::env::args_os().skip(1))
            .env("DOCKER_HOST", found.host)
            .env(endpoint::SAID_BY, found.from)
            .exec();
    }
}
