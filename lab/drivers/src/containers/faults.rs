//! Faults on services that are containers: carried out through the engine, read back from it, and
//! taken back.

mod disk;
mod throttle;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use lab_engine::seam::{Signal, Signals};
use lab_model::Name;
use lab_model::action::Action;
use lab_model::event::ServiceState;
use testcontainers::bollard::errors::Error;
use testcontainers::bollard::models::{
    ContainerInspectResponse, ContainerState, ContainerUpdateBody, NetworkConnectRequest,
    NetworkDisconnectRequest,
};
use testcontainers::bollard::query_parameters::{
    InspectContainerOptions, KillContainerOptionsBuilder, RestartContainerOptionsBuilder,
    StopContainerOptionsBuilder,
};

use super::engine::Engine;
use super::fleet::{Fleet, Started, address};
use super::launch::PERIOD;
use super::watch::{self, Expected};
use crate::acts::Hands;
use crate::folder;

/// How long a service may finish what it does when it is stopped, in seconds.
const COURTESY: i32 = 1;

/// Acts on the containers of a run.
pub(super) struct Faults {
    engine: Engine,
    fleet: Arc<Fleet>,
    signals: Signals,
    expected: Expected,
    folder: PathBuf,
}

/// What was before, as far as it is needed to tell or to take it back.
#[derive(Debug, Clone, Default)]
pub(super) struct Before {
    started_at: Option<String>,
    networks: Vec<String>,
    /// The limits it was started with; zero where it had none.
    quota: i64,
    memory: i64,
}

impl Faults {
    pub(super) fn new(
        engine: Engine,
        fleet: Arc<Fleet>,
        signals: Signals,
        expected: Expected,
        folder: PathBuf,
    ) -> Self {
        Self {
            engine,
            fleet,
            signals,
            expected,
            folder,
        }
    }

    fn started(&self, service: &Name) -> Result<Started, String> {
        let fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
        fleet
            .get(service)
            .cloned()
            .ok_or_else(|| "it was never started".to_owned())
    }

    async fn inspect(&self, id: &str) -> Result<ContainerInspectResponse, String> {
        self.engine
            .docker
            .inspect_container(id, None::<InspectContainerOptions>)
            .await
            .map_err(text)
    }

    async fn limit_memory(&self, id: &str, most: i64, with_swap: i64) -> Result<(), String> {
        let limits = |swap| ContainerUpdateBody {
            memory: Some(most),
            memory_swap: swap,
            ..ContainerUpdateBody::default()
        };
        let docker = &self.engine.docker;
        // A kernel that does not count swap refuses its limit.
        if docker
            .update_container(id, limits(Some(with_swap)))
            .await
            .is_ok()
        {
            return Ok(());
        }
        docker
            .update_container(id, limits(None))
            .await
            .map_err(text)
    }

    /// A container runs again, or is on its network again: its address may be another one.
    async fn back(&self, service: &Name, id: &str) -> Result<(), String> {
        self.expected.forget(service);
        let found = address(&self.engine, id).await?;
        let address = found.ok_or("it ended as soon as it was started again")?;
        let port = {
            let mut fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
            let started = fleet.get_mut(service).ok_or("it was never started")?;
            started.address = address;
            started.port
        };
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        watch::logs(
            self.engine.docker.clone(),
            id.to_owned(),
            i64::try_from(since).unwrap_or(0),
            folder::log_path(&self.folder, service),
        );
        let state = ServiceState::Started {
            address: format!("{address}:{port}"),
        };
        let _ = self.signals.send(Signal::Service(service.clone(), state));
        Ok(())
    }
}

#[async_trait]
impl Hands for Faults {
    type Before = Before;

    async fn carry_out(&self, service: &Name, action: &Action) -> Result<Before, String> {
        let Started { id, .. } = self.started(service)?;
        let docker = &self.engine.docker;
        let found = self.inspect(&id).await?;
        let limits = found.host_config.as_ref();
        let before = Before {
            started_at: state(&found).started_at,
            networks: networks(&found),
            quota: limits.and_then(|limits| limits.cpu_quota).unwrap_or(0),
            memory: limits.and_then(|limits| limits.memory).unwrap_or(0),
        };
        match action {
            Action::Kill { signal } => {
                self.expected.expect(service, format!("killed by {signal}"));
                let options = KillContainerOptionsBuilder::new()
                    .signal(&format!("SIG{signal}"))
                    .build();
                docker
                    .kill_container(&id, Some(options))
                    .await
                    .map_err(text)?;
            }
            Action::Stop => {
                self.expected.expect(service, "stopped".to_owned());
                let options = StopContainerOptionsBuilder::new().t(COURTESY).build();
                docker
                    .stop_container(&id, Some(options))
                    .await
                    .map_err(text)?;
            }
            Action::Restart => {
                self.expected.expect(service, "restarted".to_owned());
                let options = RestartContainerOptionsBuilder::new().t(COURTESY).build();
                docker
                    .restart_container(&id, Some(options))
                    .await
                    .map_err(text)?;
                self.back(service, &id).await?;
            }
            Action::Pause => docker.pause_container(&id).await.map_err(text)?,
            Action::CpuLimit { share } => {
                #[expect(clippy::cast_possible_truncation, reason = "at most one period")]
                let quota = (share.get() * PERIOD as f64).round() as i64;
                let limits = ContainerUpdateBody {
                    cpu_period: Some(PERIOD),
                    cpu_quota: Some(quota),
                    ..ContainerUpdateBody::default()
                };
                docker.update_container(&id, limits).await.map_err(text)?;
            }
            Action::MemoryLimit { most } => {
                let most = i64::try_from(most.0).unwrap_or(i64::MAX);
                self.limit_memory(&id, most, most).await?;
            }
            Action::IoLimit { rate } => {
                throttle::set(&self.engine, pid(&found)?, Some(rate.0)).await?;
            }
            Action::DiskFull => disk::fill(pid(&found)?).await?,
            Action::Disconnect => {
                for network in &before.networks {
                    let request = NetworkDisconnectRequest {
                        container: id.clone(),
                        force: Some(true),
                    };
                    docker
                        .disconnect_network(network, request)
                        .await
                        .map_err(text)?;
                }
            }
            Action::ClockSkew { .. } => return Err("containers share the host's clock".to_owned()),
        }
        Ok(before)
    }

    async fn take_back(
        &self,
        service: &Name,
        action: &Action,
        before: &Before,
    ) -> Result<(), String> {
        let Started { id, .. } = self.started(service)?;
        let docker = &self.engine.docker;
        match action {
            Action::Kill { .. } | Action::Stop => {
                docker.start_container(&id, None).await.map_err(text)?;
                self.back(service, &id).await
            }
            Action::Restart | Action::ClockSkew { .. } => Ok(()),
            Action::Pause => {
                let found = self.inspect(&id).await?;
                if state(&found).paused == Some(true) {
                    docker.unpause_container(&id).await.map_err(text)?;
                }
                Ok(())
            }
            Action::CpuLimit { .. } => {
                let limits = ContainerUpdateBody {
                    cpu_quota: Some(if before.quota > 0 { before.quota } else { -1 }),
                    ..ContainerUpdateBody::default()
                };
                docker
                    .update_container(&id, limits)
                    .await
                    .map(drop)
                    .map_err(text)
            }
            Action::MemoryLimit { .. } => {
                if before.memory > 0 {
                    return self.limit_memory(&id, before.memory, before.memory).await;
                }
                // Engines take no limit off; the host's whole memory is none.
                let info = docker.info().await.map_err(text)?;
                self.limit_memory(&id, info.mem_total.unwrap_or(i64::MAX), -1)
                    .await
            }
            Action::IoLimit { .. } => {
                let found = self.inspect(&id).await?;
                throttle::set(&self.engine, pid(&found)?, None).await
            }
            Action::DiskFull => {
                let found = self.inspect(&id).await?;
                disk::empty(pid(&found)?).await
            }
            Action::Disconnect => {
                for network in &before.networks {
                    let request = NetworkConnectRequest {
                        container: id.clone(),
                        ..NetworkConnectRequest::default()
                    };
                    docker
                        .connect_network(network, request)
                        .await
                        .map_err(text)?;
                }
                self.back(service, &id).await
            }
        }
    }

    async fn read(
        &self,
        service: &Name,
        action: &Action,
        before: &Before,
    ) -> Result<Option<String>, String> {
        let Started { id, .. } = self.started(service)?;
        let found = self.inspect(&id).await?;
        let state = state(&found);
        let runs = state.running == Some(true);
        let limits = found.host_config.clone().unwrap_or_default();
        let unless = |holds: bool, instead: String| (!holds).then_some(instead);
        Ok(match action {
            Action::Kill { .. } | Action::Stop => unless(!runs, "it runs".to_owned()),
            Action::Restart if !runs => Some("it does not run".to_owned()),
            Action::Restart => unless(
                state.started_at != before.started_at,
                "it was not started again".to_owned(),
            ),
            Action::Pause => unless(state.paused == Some(true), "it is not paused".to_owned()),
            Action::CpuLimit { share } => {
                let quota = limits.cpu_quota.unwrap_or(0) as f64 / PERIOD as f64;
                unless(
                    (quota - share.get()).abs() < 0.001,
                    format!("its processor limit is {quota}"),
                )
            }
            Action::MemoryLimit { most } => {
                let memory = limits.memory.unwrap_or(0);
                unless(
                    u64::try_from(memory) == Ok(most.0),
                    format!("its memory limit is {memory} bytes"),
                )
            }
            Action::IoLimit { rate } => throttle::read(&self.engine, pid(&found)?, rate.0).await?,
            Action::DiskFull => disk::read(pid(&found)?).await?,
            Action::Disconnect => {
                let on = networks(&found);
                unless(on.is_empty(), format!("it is on {}", on.join(", ")))
            }
            Action::ClockSkew { .. } => Some("its clock is the host's".to_owned()),
        })
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` asks for"
)]
fn text(error: Error) -> String {
    error.to_string()
}

fn state(found: &ContainerInspectResponse) -> ContainerState {
    found.state.clone().unwrap_or_default()
}

fn pid(found: &ContainerInspectResponse) -> Result<i64, String> {
    state(found)
        .pid
        .filter(|pid| *pid > 0)
        .ok_or_else(|| "it does not run".to_owned())
}

/// The networks that a container has an address on.
fn networks(found: &ContainerInspectResponse) -> Vec<String> {
    let settings = found.network_settings.clone();
    let networks: HashMap<_, _> = settings
        .and_then(|settings| settings.networks)
        .unwrap_or_default();
    let mut names: Vec<String> = networks.into_keys().collect();
    names.sort_unstable();
    names
}
