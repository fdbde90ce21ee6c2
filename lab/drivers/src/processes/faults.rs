//! Faults on services that are processes: signals to a service and all its children, and a start
//! with the same command and port.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::seam::{Signal as News, Signals};
use lab_model::action::Action;
use lab_model::event::ServiceState;
use lab_model::{Name, Plan};
use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::line::Line;
use super::protocol::Spawn;
use super::tree;
use crate::acts::Hands;

/// How long a service may finish what it does when it is stopped.
const COURTESY: Duration = Duration::from_secs(1);
/// How long the kernel may take to end a process that was killed.
const DEATH: Duration = Duration::from_secs(3);
/// Between two looks at a process that is to end.
const PAUSE: Duration = Duration::from_millis(10);

/// A service that was started.
#[derive(Debug, Clone)]
pub(super) struct Started {
    pub(super) pid: i32,
    pub(super) port: u16,
    /// How it was started, and is started again.
    pub(super) spawn: Spawn,
}

/// The processes of a run by service.
pub(super) type Fleet = Mutex<BTreeMap<Name, Started>>;

/// Acts on the processes of a run.
pub(super) struct Faults {
    pub(super) line: Arc<Line>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) signals: Signals,
}

/// Why an action cannot be done to a process; `None` where it can.
fn refusal(action: &Action) -> Option<&'static str> {
    match action {
        Action::Kill { .. } | Action::Stop | Action::Restart | Action::Pause => None,
        Action::CpuLimit { .. } | Action::MemoryLimit { .. } | Action::IoLimit { .. } => {
            Some("a limit needs a control group, which a service has as a container only")
        }
        Action::DiskFull => {
            Some("its folder is on the host's disk, which would be filled for everybody")
        }
        Action::Disconnect => Some(
            "it shares the host's network; `partition`, or `down` on a link, does the same to its calls",
        ),
        Action::ClockSkew { .. } => Some("it shares the host's clock"),
    }
}

/// What of a plan cannot be done to processes.
pub(super) fn obstacles(plan: &Plan) -> Vec<String> {
    let on_services = plan.faults.iter().filter_map(|fault| {
        let on = fault.on_service()?;
        let reason = refusal(&on.action)?;
        Some(format!(
            "{} on {}: {reason}; needed: --driver containers",
            fault.kind, on.service
        ))
    });
    on_services.collect()
}

fn signal(name: &str) -> Result<Signal, String> {
    Ok(match name {
        "KILL" => Signal::KILL,
        "TERM" => Signal::TERM,
        "INT" => Signal::INT,
        "HUP" => Signal::HUP,
        "QUIT" => Signal::QUIT,
        "ABRT" => Signal::ABORT,
        "SEGV" => Signal::SEGV,
        _ => return Err(format!("there is no signal {name}")),
    })
}

impl Faults {
    fn started(&self, service: &Name) -> Result<Started, String> {
        let fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
        let started = fleet.get(service).cloned();
        started.ok_or_else(|| "it was never started".to_owned())
    }

    /// A service's process and all its descendants.
    fn family(&self, service: &Name) -> Result<Vec<i32>, String> {
        let Started { pid, .. } = self.started(service)?;
        let mut family = tree::descendants(pid);
        if tree::started(pid).is_some() {
            family.insert(0, pid);
        }
        Ok(family)
    }

    /// Ends a service as asked, and for certain where it may not refuse.
    async fn end(&self, service: &Name, by: Signal, may_refuse: bool) -> Result<(), String> {
        let family = self.family(service)?;
        if family.is_empty() {
            return Err("it does not run".to_owned());
        }
        self.line.expect_end(service);
        signal_all(&family, by);
        if by != Signal::KILL && !gone(&family, COURTESY).await && !may_refuse {
            signal_all(&family, Signal::KILL);
        }
        if may_refuse || gone(&family, DEATH).await {
            return Ok(());
        }
        Err("it does not end".to_owned())
    }

    /// Starts a service again where it does not run, on the same port.
    async fn start(&self, service: &Name) -> Result<(), String> {
        let started = self.started(service)?;
        if tree::started(started.pid).is_some() {
            self.line.expect_no_end(service);
            return Ok(());
        }
        let pid = self.line.spawn(started.spawn.clone()).await?;
        let port = started.port;
        self.fleet
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(service.clone(), Started { pid, ..started });
        let address = format!("127.0.0.1:{port}");
        let state = ServiceState::Started { address };
        let _ = self.signals.send(News::Service(service.clone(), state));
        Ok(())
    }
}

fn signal_all(family: &[i32], by: Signal) {
    for pid in family {
        tree::signal(*pid, by);
    }
}

/// Whether all of a family end within a time.
async fn gone(family: &[i32], within: Duration) -> bool {
    let begun = Instant::now();
    while family.iter().any(|pid| tree::started(*pid).is_some()) {
        if begun.elapsed() > within {
            return false;
        }
        sleep(PAUSE).await;
    }
    true
}

#[async_trait]
impl Hands for Faults {
    /// The process that a restart replaced.
    type Before = Option<i32>;

    async fn carry_out(&self, service: &Name, action: &Action) -> Result<Self::Before, String> {
        let before = self.started(service)?.pid;
        match action {
            Action::Kill { signal: name } => {
                let by = signal(name)?;
                self.end(service, by, by != Signal::KILL).await?;
            }
            Action::Stop => self.end(service, Signal::TERM, false).await?,
            Action::Restart => {
                self.end(service, Signal::TERM, false).await?;
                self.start(service).await?;
            }
            Action::Pause => signal_all(&self.family(service)?, Signal::STOP),
            other => return Err(refusal(other).unwrap_or("it cannot be done").to_owned()),
        }
        Ok(Some(before))
    }

    async fn take_back(
        &self,
        service: &Name,
        action: &Action,
        _: &Self::Before,
    ) -> Result<(), String> {
        match action {
            Action::Kill { .. } | Action::Stop | Action::Restart => self.start(service).await,
            Action::Pause => {
                signal_all(&self.family(service)?, Signal::CONT);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn read(
        &self,
        service: &Name,
        action: &Action,
        before: &Self::Before,
    ) -> Result<Option<String>, String> {
        let Started { pid, .. } = self.started(service)?;
        let runs = tree::started(pid).is_some();
        let unless = |holds: bool, instead: &str| (!holds).then(|| instead.to_owned());
        Ok(match action {
            Action::Kill { .. } | Action::Stop => unless(!runs, "it runs"),
            Action::Restart if !runs => Some("it does not run".to_owned()),
            Action::Restart => unless(*before != Some(pid), "it was not started again"),
            Action::Pause => unless(tree::is_stopped(pid), "it is not paused"),
            _ => Some("it cannot be done".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use lab_model::Span;

    use super::*;

    #[test]
    fn what_a_process_cannot_have_is_refused_with_a_reason() {
        assert_eq!(refusal(&Action::Pause), None);
        let skew = Action::ClockSkew {
            by: Span::from_secs(1),
            behind: false,
        };
        for action in [Action::DiskFull, Action::Disconnect, skew] {
            assert!(refusal(&action).is_some(), "{action:?}");
        }
        assert_eq!(signal("SEGV"), Ok(Signal::SEGV));
        assert!(signal("STOP").is_err());
    }
}
