//! The generator as a child process, spoken to by its protocol.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use lab_model::Histogram;
use lab_model::ledger::Write as Written;
use lab_model::load::Outcome;
use lab_model::traffic::Executor;
use lab_wire::{Assignment, FromGenerator, ToGenerator};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// A running generator.
#[derive(Debug)]
pub(crate) struct Generator {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Everything a generator said after its start, summed up.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// By journey and phase: due, good, bad, unsent.
    pub(crate) counts: BTreeMap<(String, usize), [u64; 4]>,
    /// How often latency limits were exceeded, all journeys.
    pub(crate) over: u64,
    /// Arrivals with a latency from the intended start, from the actual one, and a lag.
    pub(crate) timed: [u64; 3],
    /// How late arrivals were sent.
    pub(crate) lag: Histogram,
    /// By step.
    pub(crate) outcomes: BTreeMap<(String, Outcome), u64>,
    pub(crate) writes: Vec<Written>,
    pub(crate) reports: usize,
    pub(crate) last: Option<FromGenerator>,
}

impl Said {
    /// Due, good, bad and unsent of the whole run.
    pub(crate) fn total(&self) -> [u64; 4] {
        self.counts.values().fold([0; 4], |mut total, counts| {
            for (total, count) in total.iter_mut().zip(counts) {
                *total += count;
            }
            total
        })
    }

    pub(crate) fn outcome(&self, step: &str, outcome: Outcome) -> u64 {
        let key = (step.to_owned(), outcome);
        self.outcomes.get(&key).copied().unwrap_or_default()
    }
}

/// An assignment of one service at an address.
pub(crate) fn assignment(
    executor: Executor,
    address: SocketAddr,
    rate: &str,
    lengths: &[&str],
    journeys: &Value,
) -> Assignment {
    let mut start = Duration::ZERO;
    let phases: Vec<Value> = lengths
        .iter()
        .enumerate()
        .map(|(index, length)| {
            let phase = json!({
                "name": format!("phase-{index}"), "kind": "baseline",
                "start": format!("{}ms", start.as_millis()), "length": length,
            });
            start += length.parse::<lab_model::Span>().unwrap().duration();
            phase
        })
        .collect();
    let arrivals = json!({ "constant": { "rate": rate } });
    serde_json::from_value(json!({
        "version": lab_wire::VERSION,
        "seed": 7,
        "load": { "journeys": journeys, "arrivals": arrivals, "executor": executor },
        "phases": phases,
        "limits": {},
        "targets": { "shop": address.to_string() },
    }))
    .unwrap()
}

/// A journey of one step, `GET path`.
pub(crate) fn get(path: &str, timeout: &str) -> Value {
    json!([{ "name": "visit", "weight": 1, "steps": [step("get", "GET", path, timeout)] }])
}

pub(crate) fn step(name: &str, method: &str, path: &str, timeout: &str) -> Value {
    json!({ "name": name, "service": "shop", "method": method, "path": path, "timeout": timeout })
}

impl Generator {
    pub(crate) fn spawn() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_loadgen"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// A generator that is ready for this assignment.
    pub(crate) fn ready(assignment: Assignment) -> Self {
        let mut generator = Self::spawn();
        generator.say(&ToGenerator::Prepare(Box::new(assignment)));
        assert_eq!(generator.hear(), Some(FromGenerator::Ready));
        generator
    }

    pub(crate) fn say(&mut self, message: &ToGenerator) {
        let line = serde_json::to_string(message).unwrap();
        self.write(&(line + "\n"));
    }

    pub(crate) fn write(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
    }

    /// Time zero is now.
    pub(crate) fn start(&mut self) {
        let now = clock_gettime(ClockId::Monotonic);
        self.say(&ToGenerator::Start {
            monotonic_nanos: u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap(),
        });
    }

    /// Makes its output pipe hold no more than so many bytes.
    pub(crate) fn shrink_output(&self, bytes: usize) {
        rustix::pipe::fcntl_setpipe_size(self.output.get_ref(), bytes).unwrap();
    }

    pub(crate) fn hang_up(&mut self) {
        self.input = None;
    }

    /// The next line, which must be a message; `None` at the end.
    pub(crate) fn hear(&mut self) -> Option<FromGenerator> {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        (!line.is_empty()).then(|| serde_json::from_str(&line).expect(&line))
    }

    /// Listens to the end of the output.
    pub(crate) fn listen(&mut self) -> Said {
        let mut said = Said::default();
        while let Some(message) = self.hear() {
            match &message {
                FromGenerator::Report(report) => {
                    said.reports += 1;
                    for slot in &report.slots {
                        let key = (slot.journey.to_string(), slot.phase);
                        let counts = said.counts.entry(key).or_default();
                        let new = [slot.due, slot.good, slot.bad, slot.unsent];
                        for (count, new) in counts.iter_mut().zip(new) {
                            *count += new;
                        }
                        let series = [&slot.from_intended, &slot.from_sent, &slot.lag];
                        for (timed, histogram) in said.timed.iter_mut().zip(series) {
                            *timed += histogram.count();
                        }
                        said.lag.merge(&slot.lag);
                        said.over += slot.over.iter().sum::<u64>();
                    }
                    for step in &report.steps {
                        for counted in &step.outcomes {
                            let key = (step.step.to_string(), counted.outcome);
                            *said.outcomes.entry(key).or_default() += counted.count;
                        }
                    }
                }
                FromGenerator::Wrote(writes) => said.writes.extend(writes.clone()),
                _ => {}
            }
            said.last = Some(message);
        }
        said
    }

    /// Waits for the process to end, and says how long that took.
    pub(crate) fn wait(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        let deadline = began + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, began.elapsed());
            }
            assert!(Instant::now() < deadline, "the generator does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
