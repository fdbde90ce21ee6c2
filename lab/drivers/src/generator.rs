//! The load generator as a child process: its plan goes in, reports come out, acknowledged writes
//! go to the ledger.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use lab_engine::Failure;
use lab_engine::seam::{Context, Load, LoadDriver, Signal, Signals};
use lab_model::ledger::{Held, LedgerCheck, LedgerReport, Write, WriteEnd};
use lab_model::{Name, Plan, Rate, Span};
use lab_wire::{Assignment, FromGenerator, Part, ToGenerator, VERSION};
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::processes::MARK;
use crate::{books, folder};

/// How long the generator may take until it is ready.
const READY: Duration = Duration::from_secs(15);
/// How long it may take to end after it was told to.
const END: Duration = Duration::from_secs(2);

/// Starts the generator as a process of its own.
#[derive(Debug, Clone)]
pub struct Generator {
    /// The lab's own program.
    pub program: PathBuf,
}

struct Running {
    /// The file that holds the ledger of writes.
    ledger: PathBuf,
    /// What it is compared with.
    ledgers: Vec<LedgerCheck>,
    /// What the system held of each before the load.
    before: Vec<Vec<Held>>,
    services: BTreeMap<Name, String>,
    child: Child,
    orders: Option<ChildStdin>,
    reader: Option<JoinHandle<()>>,
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
        let log = run.folder.join(folder::LOGS).join("load.log");
        let stderr = fs::File::create(&log).map_err(failure)?;
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
        let path = run.folder.join(folder::LEDGER);
        let ledger = fs::File::create(&path).map_err(failure)?;
        let (sender, ready) = oneshot::channel();
        let reader = Reader {
            lines: BufReader::new(lines).lines(),
            signals,
            ledger,
            acknowledged: 0,
            log,
        };
        let reader = tokio::spawn(reader.read(sender));
        let mut running = Running {
            ledger: path,
            ledgers: plan.ledgers.clone(),
            before: Vec::new(),
            services: BTreeMap::new(),
            child,
            orders: Some(orders),
            reader: Some(reader),
        };
        let journeys = plan
            .load
            .journeys
            .iter()
            .map(|journey| journey.name.clone());
        running
            .send(&ToGenerator::Prepare(Box::new(Assignment {
                version: VERSION,
                seed: plan.seed,
                load: plan.load.clone(),
                phases: plan.phases.clone(),
                limits: journeys
                    .map(|name| (name.clone(), plan.limits(&name)))
                    .collect(),
                targets,
                part: Part::WHOLE,
            })))
            .await?;
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

impl Running {
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

#[async_trait]
impl Load for Running {
    async fn start(&mut self, at: Instant) -> Result<(), Failure> {
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
            let held = books::held(&check.source, services).await;
            let held =
                held.map_err(|reason| Failure::new(format!("ledger {}", check.name), reason))?;
            self.before.push(held);
        }
        Ok(())
    }

    async fn compare_books(&mut self) -> Vec<LedgerReport> {
        let mut reports = Vec::new();
        for (index, (check, before)) in self.ledgers.iter().zip(&self.before).enumerate() {
            let report = books::compare(index, check, before, &self.ledger, &self.services).await;
            reports.push(report);
        }
        reports
    }

    async fn stop(&mut self) {
        let _ = self.send(&ToGenerator::Stop).await;
        if let Some(reader) = self.reader.take() {
            let _ = timeout(END, reader).await;
        }
        // The end of its standard input ends it as well.
        self.orders = None;
        if timeout(END, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// Reads the generator's lines until its last one.
struct Reader {
    lines: Lines<BufReader<ChildStdout>>,
    signals: Signals,
    ledger: fs::File,
    acknowledged: u64,
    log: PathBuf,
}

impl Reader {
    async fn read(mut self, ready: oneshot::Sender<Result<(), String>>) {
        let mut ready = Some(ready);
        let reason = loop {
            let line = match self.lines.next_line().await {
                Ok(Some(line)) => line,
                Ok(None) => break "the generator ended without its last report".to_owned(),
                Err(error) => break error.to_string(),
            };
            match serde_json::from_str(&line) {
                Ok(FromGenerator::Ready) => {
                    if let Some(ready) = ready.take() {
                        let _ = ready.send(Ok(()));
                    }
                }
                Ok(FromGenerator::Report(report)) => {
                    let _ = self.signals.send(Signal::Load(report));
                }
                Ok(FromGenerator::Wrote(writes)) => {
                    let acknowledged =
                        |write: &&Write| matches!(write.end, WriteEnd::Acknowledged(_));
                    self.acknowledged += writes.iter().filter(acknowledged).count() as u64;
                    let lines: String = writes
                        .iter()
                        .filter_map(|write| serde_json::to_string(write).ok())
                        .map(|line| line + "\n")
                        .collect();
                    if let Err(error) = self.ledger.write_all(lines.as_bytes()) {
                        break format!("the ledger cannot be written: {error}");
                    }
                }
                Ok(FromGenerator::Changed { from, rate }) => {
                    let _ = self.signals.send(Signal::LoadChanged { from, rate });
                }
                Ok(FromGenerator::Ended) => {
                    let acknowledged = self.acknowledged;
                    let _ = self.signals.send(Signal::LoadEnded { acknowledged });
                    return;
                }
                Ok(FromGenerator::Failed { reason }) => break reason,
                Err(error) => break format!("the generator wrote something else: {error}"),
            }
        };
        let last = folder::last_lines(&self.log, 10).join("\n  ");
        let reason = if last.is_empty() {
            reason
        } else {
            format!("{reason}\nits last lines:\n  {last}")
        };
        match ready.take() {
            Some(ready) => {
                let _ = ready.send(Err(reason));
            }
            None => {
                let _ = self
                    .signals
                    .send(Signal::Failed(Failure::new("load", reason)));
            }
        }
    }
}
