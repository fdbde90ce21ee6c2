//! Load from another process: the generator, or plain goose.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use lab_model::Histogram;
use lab_model::traffic::Executor;
use lab_wire::{Assignment, FromGenerator, ToGenerator, VERSION};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// A running generator.
pub(crate) struct Generator {
    pub(crate) child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// The sum of a generator's reports.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) due: u64,
    pub(crate) good: u64,
    pub(crate) bad: u64,
    pub(crate) unsent: u64,
    pub(crate) from_intended: Histogram,
    pub(crate) from_sent: Histogram,
    pub(crate) lag: Histogram,
}

/// This program again, as something else.
pub(crate) fn this_program(arguments: &[&str]) -> Result<Child, Box<dyn Error>> {
    Ok(Command::new(std::env::current_exe()?)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?)
}

impl Generator {
    /// Ready for `GET /` at a rate.
    pub(crate) fn ready(
        executor: Executor,
        target: SocketAddr,
        rate: u32,
        length: Duration,
        timeout: Duration,
    ) -> Result<Self, Box<dyn Error>> {
        let arrivals = json!({ "constant": { "rate": format!("{rate}/s") } });
        Self::prepared(executor, target, &arrivals, length, timeout)
    }

    /// Ready for `GET /` by users who do not pause.
    pub(crate) fn closed(
        executor: Executor,
        target: SocketAddr,
        users: u32,
        length: Duration,
    ) -> Result<Self, Box<dyn Error>> {
        let arrivals = json!({ "closed": { "users": users, "think": "0s" } });
        Self::prepared(executor, target, &arrivals, length, Duration::from_secs(2))
    }

    fn prepared(
        executor: Executor,
        target: SocketAddr,
        arrivals: &Value,
        length: Duration,
        timeout: Duration,
    ) -> Result<Self, Box<dyn Error>> {
        let mut child = this_program(&["generator"])?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut generator = Self {
            input: input.ok_or("no input")?,
            output: BufReader::new(output.ok_or("no output")?),
            child,
        };
        let millis = |span: Duration| format!("{}ms", span.as_millis());
        let assignment: Assignment = serde_json::from_value(json!({
            "version": VERSION,
            "seed": 7,
            "load": {
                "journeys": [{ "name": "get", "weight": 1, "steps": [{
                    "name": "get", "service": "server", "method": "GET", "path": "/",
                    "timeout": millis(timeout),
                }] }],
                "arrivals": arrivals,
                "executor": executor,
            },
            "phases": [{ "name": "all", "kind": "baseline", "start": "0s", "length": millis(length) }],
            "limits": {},
            "targets": { "server": target.to_string() },
        }))?;
        generator.say(&ToGenerator::Prepare(Box::new(assignment)))?;
        match generator.hear()? {
            Some(FromGenerator::Ready) => Ok(generator),
            other => Err(format!("not ready: {other:?}").into()),
        }
    }

    /// Starts the load a little later; says when on this process's clock.
    pub(crate) fn start(&mut self) -> Result<Instant, Box<dyn Error>> {
        let ahead = Duration::from_millis(200);
        let (clock, now) = (clock_gettime(ClockId::Monotonic), Instant::now());
        let nanos = u64::try_from(clock.tv_sec * 1_000_000_000 + clock.tv_nsec)?;
        self.say(&ToGenerator::Start {
            monotonic_nanos: nanos + 200_000_000,
        })?;
        Ok(now + ahead)
    }

    pub(crate) fn say(&mut self, message: &ToGenerator) -> Result<(), Box<dyn Error>> {
        let line = serde_json::to_string(message)? + "\n";
        Ok(self.input.write_all(line.as_bytes())?)
    }

    fn hear(&mut self) -> Result<Option<FromGenerator>, Box<dyn Error>> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(if line.is_empty() {
            None
        } else {
            Some(serde_json::from_str(&line)?)
        })
    }

    /// Listens to the end.
    pub(crate) fn listen(&mut self) -> Result<Sum, Box<dyn Error>> {
        let mut sum = Sum::default();
        while let Some(message) = self.hear()? {
            match message {
                FromGenerator::Report(report) => {
                    for slot in report.slots {
                        sum.due += slot.due;
                        sum.good += slot.good;
                        sum.bad += slot.bad;
                        sum.unsent += slot.unsent;
                        sum.from_intended.merge(&slot.from_intended);
                        sum.from_sent.merge(&slot.from_sent);
                        sum.lag.merge(&slot.lag);
                    }
                }
                FromGenerator::Failed { reason } => return Err(reason.into()),
                _ => {}
            }
        }
        Ok(sum)
    }
}

/// wrk on so many connections, one thread.
pub(crate) fn wrk(
    target: SocketAddr,
    connections: u32,
    length: Duration,
) -> Result<Child, Box<dyn Error>> {
    let child = Command::new("wrk")
        .args(["-t1", "-c", &connections.to_string()])
        .args(["-d", &format!("{}s", length.as_secs())])
        .arg(format!("http://{target}/"))
        .stdout(Stdio::piped())
        .spawn();
    child.map_err(|error| format!("failed to start wrk: {error}").into())
}

/// Processor time that a process has used, user and system; also of one that has ended and was not
/// waited for. Linux, in ticks of 10 ms.
pub(crate) fn processor_time(process: u32) -> Result<Duration, Box<dyn Error>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the program's name, which may hold anything: fields 3 and on; 14 and 15 are wanted.
    let fields = stat.rsplit_once(')').ok_or("no name")?.1;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let mut next = || ticks.next().ok_or("too few fields");
    let sum = next()?? + next()??;
    Ok(Duration::from_millis(sum * 10))
}

/// The resident memory of a process, in KiB.
pub(crate) fn memory_kib(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
