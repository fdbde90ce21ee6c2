//! The load generator as child processes: the plan goes in, reports come out, acknowledged writes
//! go to the ledger. Where there are several, each has its share of the arrivals, by their numbers.
//!
//! | file | what lives there |
//! |---|---|
//! | `listener` | hears what the processes say |
//! | `assembly` | puts it together as if one had said it; pure |

mod assembly;
mod listener;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{Context, Load, LoadDriver, Signals};
use lab_model::ledger::{Held, LedgerCheck, LedgerReport};
use lab_model::{Name, Plan, Rate, Span};
use lab_wire::{Assignment, Part, ToGenerator, VERSION};
use rustix::time::{ClockId, clock_gettime};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use self::listener::Listener;
use crate::calibration::Calibration;
use crate::processes::MARK;
use crate::{books, folder};

/// How long the generator may take until it is ready.
const READY: Duration = Duration::from_secs(15);
/// How long it may take to end after it was told to.
const END: Duration = Duration::from_secs(2);

/// Starts the generator as processes of its own.
#[derive(Debug, Clone)]
pub struct Generator {
    /// The lab's own program.
    pub program: PathBuf,
}

struct Running {
    /// The file that holds the ledger of writes.
    ledger: PathBuf,
    /// SHA-256 of what was written there.
    seal: folder::Seal,
    /// What it is compared with.
    ledgers: Vec<LedgerCheck>,
    /// What the system held of each before the load.
    before: Vec<Vec<Held>>,
    services: BTreeMap<Name, String>,
    processes: Vec<Process>,
    listener: Option<JoinHandle<()>>,
    signals: Signals,
    /// From the start of the load to its stop.
    calibration: Option<Calibration>,
}

/// One process of the generator.
struct Process {
    child: Child,
    orders: Option<ChildStdin>,
}

fn failure(reason: impl std::fmt::Display) -> Failure {
    Failure::new("load", reason)
}

#[async_trait]
impl LoadDriver for Generator {
    async fn prepare(
        &self,
        run: &Context,
        plan: &Plan,
        targets: BTreeMap<Name, String>,
        signals: Signals,
    ) -> Result<Box<dyn Load>, Failure> {
        let path = run.folder.join(folder::LEDGER);
        let ledger = fs::File::create(&path).map_err(failure)?;
        let of = plan.load.processes;
        let (mut processes, mut outputs, mut logs) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..of.get() {
            let log = run.folder.join(folder::LOGS).join(match index {
                0 => "load.log".to_owned(),
                later => format!("load-{}.log", later + 1),
            });
            let (mut process, output) = self.spawn(run, &log)?;
            process
                .send(&assignment(plan, &targets, Part { index, of }))
                .await?;
            processes.push(process);
            outputs.push(output);
            logs.push(log);
        }
        let (sender, ready) = oneshot::channel();
        let aside = signals.clone();
        let seal = folder::Seal::default();
        let listener = Listener {
            signals,
            ledger,
            seal: seal.clone(),
            logs,
        };
        let running = Running {
            ledger: path,
            seal,
            ledgers: plan.ledgers.clone(),
            before: Vec::new(),
            services: BTreeMap::new(),
            processes,
            listener: Some(tokio::spawn(listener.listen(outputs, sender))),
            signals: aside,
            calibration: None,
        };
        match timeout(READY, ready).await {
            Ok(Ok(Ok(()))) => Ok(Box::new(running)),
            Ok(Ok(Err(reason))) => Err(failure(reason)),
            Ok(Err(_)) => Err(failure("the generator ended before it was ready")),
            Err(_) => Err(failure(format!(
                "the generator was not ready within {READY:?}"
            ))),
        }
    }
}

impl Generator {
    /// Starts one process.
    fn spawn(&self, run: &Context, log: &Path) -> Result<(Process, ChildStdout), Failure> {
        let stderr = fs::File::create(log).map_err(failure)?;
        let mine = rustix::process::getpid().as_raw_nonzero().to_string();
        let mut child = Command::new(&self.program)
            .arg("__exec")
            .arg(mine)
            .arg(&self.program)
            .arg("__load")
            .env(MARK, &run.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .map_err(failure)?;
        let (Some(orders), Some(lines)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failure("the generator has no pipes"));
        };
        let orders = Some(orders);
        Ok((Process { child, orders }, lines))
    }
}

/// What one process has to do.
fn assignment(plan: &Plan, targets: &BTreeMap<Name, String>, part: Part) -> ToGenerator {
    let journeys = plan.load.journeys.iter();
    let limits = journeys.map(|journey| (journey.name.clone(), plan.limits(&journey.name)));
    ToGenerator::Prepare(Box::new(Assignment {
        version: VERSION,
        seed: plan.seed,
        load: plan.load.clone(),
        phases: plan.phases.clone(),
        limits: limits.collect(),
        targets: targets.clone(),
        part,
    }))
}

impl Process {
    async fn send(&mut self, order: &ToGenerator) -> Result<(), Failure> {
        let mut line = serde_json::to_string(order).map_err(failure)?;
        line.push('\n');
        let orders = self
            .orders
            .as_mut()
            .ok_or_else(|| failure("the generator was stopped"))?;
        orders.write_all(line.as_bytes()).await.map_err(failure)
    }
}

impl Running {
    async fn send(&mut self, order: &ToGenerator) -> Result<(), Failure> {
        for process in &mut self.processes {
            process.send(order).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Load for Running {
    async fn start(&mut self, at: Instant) -> Result<(), Failure> {
        self.calibration = Some(Calibration::start(self.signals.clone()));
        // Both clocks are the host's monotonic one; only their zero differs.
        let now = clock_gettime(ClockId::Monotonic);
        let ahead = at.saturating_duration_since(Instant::now());
        let now = Duration::new(
            now.tv_sec.unsigned_abs(),
            u32::try_from(now.tv_nsec).unwrap_or(0),
        );
        let monotonic_nanos = u64::try_from((now + ahead).as_nanos()).unwrap_or(u64::MAX);
        self.send(&ToGenerator::Start { monotonic_nanos }).await
    }

    async fn change(&mut self, from: Span, rate: Rate) -> Result<(), Failure> {
        self.send(&ToGenerator::Change { rate, from }).await
    }

    async fn open_books(&mut self, services: &BTreeMap<Name, String>) -> Result<(), Failure> {
        self.services.clone_from(services);
        for check in &self.ledgers {
            let held = books::held_in_all(check, services).await;
            let held =
                held.map_err(|reason| Failure::new(format!("ledger {}", check.name), reason))?;
            self.before.push(held);
        }
        Ok(())
    }

    async fn compare_books(&mut self) -> Vec<LedgerReport> {
        let mut reports = Vec::new();
        let written = fs::read(&self.ledger).unwrap_or_default();
        let tampered = folder::digest(&written) != self.seal.digest();
        for (index, (check, before)) in self.ledgers.iter().zip(&self.before).enumerate() {
            let report = books::compare(index, check, before, &self.ledger, &self.services).await;
            reports.push(LedgerReport { tampered, ..report });
        }
        reports
    }

    async fn stop(&mut self) {
        self.calibration = None;
        for process in &mut self.processes {
            let _ = process.send(&ToGenerator::Stop).await;
        }
        if let Some(listener) = self.listener.take() {
            let _ = timeout(END, listener).await;
        }
        for Process { child, orders } in &mut self.processes {
            // The end of its standard input ends it as well.
            *orders = None;
            if timeout(END, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
        }
    }
}
