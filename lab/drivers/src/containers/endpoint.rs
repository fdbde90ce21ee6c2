//! Where an engine is: `DOCKER_HOST`, else Docker's current context, else a socket where engines
//! have theirs, podman's among them.

use std::env;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Where an engine is said to be, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `unix:///var/run/docker.sock`, `tcp://127.0.0.1:2375`.
    pub host: String,
    /// `DOCKER_HOST`, ``the context `remote` ``, `the default socket`.
    pub from: String,
}

/// Who said where the engine is, where this program set `DOCKER_HOST` for itself.
pub(super) const SAID_BY: &str = "LAB_ENGINE_FROM";

/// What tells where an engine is.
struct Surroundings {
    docker_host: Option<String>,
    /// [`SAID_BY`]
    said_by: Option<String>,
    docker_context: Option<String>,
    /// The folder of Docker's configuration.
    config: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR`
    runtime: Option<PathBuf>,
}

/// Where the user's engine is. Whether it answers is another question.
pub fn find() -> Endpoint {
    let text = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let home = text("HOME").map(PathBuf::from);
    let config = text("DOCKER_CONFIG").map(PathBuf::from);
    let surroundings = Surroundings {
        docker_host: text("DOCKER_HOST"),
        said_by: text(SAID_BY),
        docker_context: text("DOCKER_CONTEXT"),
        config: config.or_else(|| home.map(|home| home.join(".docker"))),
        runtime: text("XDG_RUNTIME_DIR").map(PathBuf::from),
    };
    surroundings.endpoint(|socket| UnixStream::connect(socket).is_ok())
}

impl Surroundings {
    fn endpoint(&self, answers: impl Fn(&Path) -> bool) -> Endpoint {
        if let Some(host) = &self.docker_host {
            return Endpoint {
                host: host.clone(),
                from: self
                    .said_by
                    .clone()
                    .unwrap_or_else(|| "DOCKER_HOST".to_owned()),
            };
        }
        if let Some(endpoint) = self.context() {
            return endpoint;
        }
        let sockets = self.sockets();
        let socket = sockets.iter().find(|(path, _)| answers(path));
        let (path, from) = socket.unwrap_or(&sockets[0]);
        Endpoint {
            host: format!("unix://{}", path.display()),
            from: (*from).to_owned(),
        }
    }

    /// Where engines have their sockets, Docker's first.
    fn sockets(&self) -> Vec<(PathBuf, &'static str)> {
        let mut sockets = vec![("/var/run/docker.sock".into(), "the default socket")];
        if let Some(runtime) = &self.runtime {
            sockets.push((runtime.join("docker.sock"), "the rootless engine's socket"));
            sockets.push((runtime.join("podman/podman.sock"), "podman's socket"));
        }
        sockets.push(("/run/podman/podman.sock".into(), "podman's socket"));
        sockets
    }

    /// The endpoint of the current context, unless it is the default one. Docker keeps each
    /// context's description below a folder that is named after its hash, so all are looked at.
    fn context(&self) -> Option<Endpoint> {
        let config = self.config.as_ref()?;
        let current = || -> Option<String> {
            let text = fs::read(config.join("config.json")).ok()?;
            let read: Value = serde_json::from_slice(&text).ok()?;
            Some(read.get("currentContext")?.as_str()?.to_owned())
        };
        let name = self.docker_context.clone().or_else(current)?;
        if name == "default" {
            return None;
        }
        let contexts = fs::read_dir(config.join("contexts/meta")).ok()?;
        contexts
            .filter_map(|entry| fs::read(entry.ok()?.path().join("meta.json")).ok())
            .filter_map(|text| serde_json::from_slice::<Value>(&text).ok())
            .find(|meta| meta.get("Name").and_then(Value::as_str) == Some(name.as_str()))
            .and_then(|meta| {
                Some(Endpoint {
                    host: meta.pointer("/Endpoints/docker/Host")?.as_str()?.to_owned(),
                    from: format!("the context `{name}`"),
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(config: &Path) -> Surroundings {
        Surroundings {
            docker_host: None,
            said_by: None,
            docker_context: None,
            config: Some(config.to_owned()),
            runtime: Some("/run/user/7".into()),
        }
    }

    fn check(surroundings: &Surroundings, answering: &str, host: &str, from: &str) {
        let found = surroundings.endpoint(|path| path == Path::new(answering));
        assert_eq!((found.host.as_str(), found.from.as_str()), (host, from));
    }

    #[test]
    fn what_the_user_says_comes_first() {
        let home = tempfile::tempdir().unwrap();
        let meta = home.path().join("contexts/meta/0123");
        fs::create_dir_all(&meta).unwrap();
        fs::write(
            meta.join("meta.json"),
            r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://10.0.0.7:2375"}}}"#,
        )
        .unwrap();
        let mut here = surroundings(home.path());
        check(
            &here,
            "",
            "unix:///var/run/docker.sock",
            "the default socket",
        );
        check(
            &here,
            "/run/user/7/podman/podman.sock",
            "unix:///run/user/7/podman/podman.sock",
            "podman's socket",
        );
        fs::write(
            home.path().join("config.json"),
            r#"{"currentContext":"far"}"#,
        )
        .unwrap();
        check(&here, "", "tcp://10.0.0.7:2375", "the context `far`");
        here.docker_context = Some("default".to_owned());
        check(
            &here,
            "",
            "unix:///var/run/docker.sock",
            "the default socket",
        );
        here.docker_host = Some("tcp://h:1".to_owned());
        check(&here, "", "tcp://h:1", "DOCKER_HOST");
        here.said_by = Some("podman's socket".to_owned());
        check(&here, "", "tcp://h:1", "podman's socket");
    }
}
