//! Listens to the generator's processes: reports go to the engine, writes to the ledger.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use lab_engine::Failure;
use lab_engine::seam::{Signal, Signals};
use lab_model::ledger::{Write, WriteEnd};
use lab_wire::FromGenerator;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStdout;
use tokio::sync::{mpsc, oneshot};

use super::assembly::Assembly;
use crate::folder;

/// What a process said, or why it says no more.
type Line = (usize, Result<FromGenerator, String>);

/// How many lines may wait: a process whose lines nobody takes waits, too.
const WAITING: usize = 64;

/// Hears all processes of a generator.
pub(super) struct Listener {
    pub(super) signals: Signals,
    /// Where writes go.
    pub(super) ledger: fs::File,
    /// What was written there.
    pub(super) seal: folder::Seal,
    /// What each process prints beside its lines.
    pub(super) logs: Vec<PathBuf>,
}

impl Listener {
    /// Listens until every process has said its last, or one fails. `ready` hears of the moment
    /// when all are ready, or why that never came.
    pub(super) async fn listen(
        mut self,
        outputs: Vec<ChildStdout>,
        ready: oneshot::Sender<Result<(), String>>,
    ) {
        let (sender, lines) = mpsc::channel(WAITING);
        let readers: Vec<_> = outputs
            .into_iter()
            .enumerate()
            .map(|(process, output)| tokio::spawn(read(process, output, sender.clone())))
            .collect();
        drop(sender);
        let mut ready = Some(ready);
        if let Err((process, reason)) = self.hear(readers.len(), lines, &mut ready).await {
            let log = self.logs.get(process);
            let last = log.map_or_else(Vec::new, |log| folder::last_lines(log, 10));
            let reason = if last.is_empty() {
                reason
            } else {
                format!("{reason}\nits last lines:\n  {}", last.join("\n  "))
            };
            if let Some(ready) = ready.take() {
                let _ = ready.send(Err(reason));
            } else {
                let failure = Failure::new("load", reason);
                let _ = self.signals.send(Signal::Failed(failure));
            }
        }
    }

    /// Takes lines until the last one; else which process failed, and why.
    async fn hear(
        &mut self,
        processes: usize,
        mut lines: mpsc::Receiver<Line>,
        ready: &mut Option<oneshot::Sender<Result<(), String>>>,
    ) -> Result<(), (usize, String)> {
        let mut assembly = Assembly::of(processes);
        let (mut waiting, mut acknowledged) = (processes, 0);
        while let Some((process, line)) = lines.recv().await {
            match line.map_err(|reason| (process, reason))? {
                FromGenerator::Ready => {
                    waiting = waiting.saturating_sub(1);
                    if let Some(ready) = ready.take_if(|_| waiting == 0) {
                        let _ = ready.send(Ok(()));
                    }
                }
                FromGenerator::Report(report) => {
                    if let Some(whole) = assembly.report(process, report) {
                        let _ = self.signals.send(Signal::Load(whole));
                    }
                }
                FromGenerator::Wrote(writes) => {
                    let is_acknowledged =
                        |write: &&Write| matches!(write.end, WriteEnd::Acknowledged(_));
                    acknowledged += writes.iter().filter(is_acknowledged).count() as u64;
                    self.keep(&writes).map_err(|reason| (process, reason))?;
                }
                FromGenerator::Changed { from, rate } => {
                    if let Some((from, rate)) = assembly.changed(process, from, rate) {
                        let _ = self.signals.send(Signal::LoadChanged { from, rate });
                    }
                }
                FromGenerator::Ended => {
                    let (rest, all) = assembly.ended(process);
                    if let Some(rest) = rest {
                        let _ = self.signals.send(Signal::Load(rest));
                    }
                    if all {
                        let _ = self.signals.send(Signal::LoadEnded { acknowledged });
                        return Ok(());
                    }
                }
                FromGenerator::Failed { reason } => return Err((process, reason)),
            }
        }
        Err((0, "the generator ended without its last report".to_owned()))
    }

    /// Appends writes to the ledger.
    fn keep(&mut self, writes: &[Write]) -> Result<(), String> {
        let lines: String = writes
            .iter()
            .filter_map(|write| serde_json::to_string(write).ok())
            .map(|line| line + "\n")
            .collect();
        self.seal.add(lines.as_bytes());
        let written = self.ledger.write_all(lines.as_bytes());
        written.map_err(|error| format!("the ledger cannot be written: {error}"))
    }
}

/// Reads the lines of one process until its last one.
async fn read(process: usize, output: ChildStdout, listener: mpsc::Sender<Line>) {
    let mut lines = BufReader::new(output).lines();
    loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) => serde_json::from_str(&line)
                .map_err(|error| format!("the generator wrote something else: {error}")),
            Ok(None) => Err("the generator ended without its last report".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let is_last = !matches!(
            line,
            Ok(FromGenerator::Ready
                | FromGenerator::Report(_)
                | FromGenerator::Wrote(_)
                | FromGenerator::Changed { .. })
        );
        if listener.send((process, line)).await.is_err() || is_last {
            return;
        }
    }
}
