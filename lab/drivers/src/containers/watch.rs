//! What the engine tells about the containers of a run, and what they write.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use lab_engine::seam::{Signal, Signals};
use lab_model::Name;
use lab_model::event::ServiceState;
use testcontainers::bollard::Docker;
use testcontainers::bollard::models::EventMessage;
use testcontainers::bollard::query_parameters::{EventsOptionsBuilder, LogsOptionsBuilder};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;

use super::engine::failure;
use super::labels;

/// Which ends are the run's own doing and no news.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected(Arc<Mutex<BTreeMap<Name, String>>>);

impl Expected {
    /// From now on the end of a service is expected, for that reason.
    pub(super) fn expect(&self, service: &Name, reason: String) {
        self.lock().insert(service.clone(), reason);
    }

    /// From now on it is not.
    pub(super) fn forget(&self, service: &Name) {
        self.lock().remove(service);
    }

    fn reason(&self, service: &Name) -> Option<String> {
        self.lock().get(service).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Name, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the engine's events about a run's containers until the engine is gone.
pub(super) fn events(
    docker: Docker,
    label: &str,
    signals: Signals,
    expected: Expected,
) -> JoinHandle<()> {
    let filter: HashMap<&str, Vec<&str>> = [
        ("label", vec![label]),
        ("type", vec!["container"]),
        ("event", vec!["die", "oom"]),
    ]
    .into();
    let options = EventsOptionsBuilder::new().filters(&filter).build();
    tokio::spawn(async move {
        let mut events = docker.events(Some(options));
        while let Some(Ok(event)) = events.next().await {
            if let Some((name, status)) = ended(&event, &expected) {
                let state = ServiceState::Exited { status };
                let _ = signals.send(Signal::Service(name, state));
            }
        }
        let gone = failure("it stopped answering during the run");
        let _ = signals.send(Signal::Failed(gone));
    })
}

/// The service that has ended, and how.
fn ended(event: &EventMessage, expected: &Expected) -> Option<(Name, String)> {
    let attributes = event.actor.as_ref()?.attributes.as_ref()?;
    let name = Name::new(attributes.get(labels::SERVICE)?).ok()?;
    if event.action.as_deref() == Some("oom") {
        return Some((name, "out of memory".to_owned()));
    }
    if expected.reason(&name).is_some() {
        return None;
    }
    let code = attributes.get("exitCode").map_or("?", String::as_str);
    let status = match code.parse::<i32>() {
        Ok(code) if code > 128 => format!("signal: {}", code - 128),
        _ => format!("exit status: {code}"),
    };
    Some((name, status))
}

/// Copies what a container writes into a file, from now until the container ends.
pub(super) fn logs(docker: Docker, id: String, since: i64, path: PathBuf) -> JoinHandle<()> {
    tokio::spawn(async move {
        let Ok(mut file) = tokio::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .await
        else {
            return;
        };
        let options = LogsOptionsBuilder::new()
            .follow(true)
            .stdout(true)
            .stderr(true)
            .since(i32::try_from(since).unwrap_or(0))
            .build();
        let mut lines = docker.logs(&id, Some(options));
        while let Some(Ok(line)) = lines.next().await {
            if file.write_all(&line.into_bytes()).await.is_err() {
                return;
            }
        }
        let _ = file.flush().await;
    })
}
