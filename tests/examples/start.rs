//! How long three services take until all are healthy: as processes, in containers, and by plain
//! `docker run`, together and one after the other. Prints the table of `lab/drivers/BENCHMARKS.md`.
//!
//! ```text
//! lab images build redis
//! cargo build --release -p lab
//! cargo run --release -p lab-tests --example start -- target/release/lab [ROUNDS]
//! ```
//!
//! Needs `redis-server` and the `docker` command. Each round visits all ways in a rotated order;
//! only ratios of medians mean anything, as the machine's speed changes.

use std::error::Error;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

type Failed = Box<dyn Error>;

/// Between two looks at a service that is not healthy yet; as long as the lab's own.
const PAUSE: Duration = Duration::from_millis(25);
/// What a start may take.
const PATIENCE: Duration = Duration::from_secs(60);
const IMAGE: &str = "lab/redis:7";
const SERVICES: [&str; 3] = ["one", "two", "three"];

/// A way to start three services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Lab { driver: &'static str },
    Docker,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Lab {
                driver: "processes",
            } => "lab, processes",
            Self::Lab { .. } => "lab, containers",
            Self::Docker => "docker run",
        }
    }
}

const WAYS: [Way; 3] = [
    Way::Docker,
    Way::Lab {
        driver: "containers",
    },
    Way::Lab {
        driver: "processes",
    },
];

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let lab = arguments
        .next()
        .ok_or("name the program: target/release/lab")?;
    let lab = PathBuf::from(lab).canonicalize()?;
    let rounds: usize = arguments.next().map_or(Ok(7), |text| text.parse())?;
    let all: Vec<(Way, bool)> = WAYS
        .iter()
        .flat_map(|way| [(*way, true), (*way, false)])
        .collect();
    let mut times = vec![Vec::new(); all.len()];
    for round in 0..rounds {
        for turn in 0..all.len() {
            let index = (round + turn) % all.len();
            let (way, together) = all[index];
            let took = match way {
                Way::Lab { driver } => by_lab(&lab, driver, together)?,
                Way::Docker => by_docker(together)?,
            };
            eprintln!("{} together={together} {took:?}", way.name());
            times[index].push(took.as_secs_f64());
        }
    }
    let median = |index: usize| {
        let mut times = times[index].clone();
        times.sort_unstable_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let plain = [median(0), median(1)];
    println!(
        "| three services | together | × docker run | one by one | × docker run | × together |"
    );
    println!("|---|---|---|---|---|---|");
    for (index, way) in WAYS.iter().enumerate() {
        let (together, apart) = (median(2 * index), median(2 * index + 1));
        println!(
            "| {} | {:.0} ms | {:.2} | {:.0} ms | {:.2} | {:.2} |",
            way.name(),
            together * 1e3,
            together / plain[0],
            apart * 1e3,
            apart / plain[1],
            apart / together,
        );
    }
    println!("\n{rounds} rounds");
    Ok(())
}

/// From the opening of the run to the last service that is ready, as the journal has it: networks,
/// lease and reaper are within, planning is not.
fn by_lab(lab: &Path, driver: &str, together: bool) -> Result<Duration, Failed> {
    let home = tempfile::tempdir()?;
    fs::write(home.path().join("three.yaml"), scenario(together))?;
    let mut run = Command::new(lab)
        .args(["run", "three.yaml", "--driver", driver])
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let begun = Instant::now();
    let last = loop {
        if let Some(at) = all_ready(home.path()) {
            break at;
        }
        if begun.elapsed() > PATIENCE || run.try_wait()?.is_some() {
            run.kill()?;
            return Err(format!("{driver}: the services were never ready").into());
        }
        std::thread::sleep(PAUSE);
    };
    if let Some(pid) = Pid::from_raw(i32::try_from(run.id())?) {
        kill_process(pid, Signal::INT)?;
    }
    run.wait()?;
    Ok(last)
}

/// When the last of the services was ready; `None` where not all are.
fn all_ready(home: &Path) -> Option<Duration> {
    let run = fs::read_dir(home.join(".lab/runs")).ok()?.next()?.ok()?;
    let journal = fs::read_to_string(run.path().join("journal.jsonl")).ok()?;
    let ready: Vec<u64> = journal
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|entry| !entry["event"]["service"]["state"]["ready"].is_null())
        .filter_map(|entry| entry["at"].as_u64())
        .collect();
    let last = ready.iter().max().copied()?;
    (ready.len() == SERVICES.len()).then(|| Duration::from_micros(last))
}

/// Three servers; each calls the next one where they start one by one.
fn scenario(together: bool) -> String {
    let next = |index: usize| SERVICES.get(index + 1).filter(|_| !together);
    let numbered = || SERVICES.iter().enumerate();
    let services: Vec<String> = numbered()
        .map(|(index, name)| {
            let env = next(index).map_or_else(String::new, |next| {
                format!("env: {{ NEXT: \"{{link:{next}}}\" }}, ")
            });
            format!(
                "  {name}:\n    {{ command: [redis-server, --port, \"{{port}}\", --save, \"\"], \
                 image: {IMAGE}, {env}containers: {{ port: 6379 }}, \
                 ready: {{ tcp: true, within: 30s }} }}\n"
            )
        })
        .collect();
    let links: Vec<String> = numbered()
        .filter_map(|(index, name)| match next(index) {
            Some(next) => Some(format!("  - {name} -> {next}\n")),
            None if together && index > 0 => Some(format!("  - client -> {name}\n")),
            None => None,
        })
        .collect();
    let (services, links) = (services.concat(), links.concat());
    format!(
        "\
scenario: three
about: Three services start.
services:
{services}links:
  - client -> one
{links}load:
  journeys: {{ look: {{ weight: 1, steps: [{{ get: / }}] }} }}
  arrivals: {{ constant: {{ rate: 20/s }} }}
phases:
  - baseline: 15s
  - fault: {{ for: 5s, inject: [{{ on: client -> one, fault: {{ latency: {{ delay: 10ms }} }} }}] }}
objectives:
  - availability: {{ of: look, at_least: 80% }}
"
    )
}

/// From the first command to the last server that accepts a connection; all with a network of
/// their own, as the lab gives them one.
fn by_docker(together: bool) -> Result<Duration, Failed> {
    let own = format!("start-{}", std::process::id());
    let begun = Instant::now();
    docker(&["network", "create", &own])?;
    let run = |name: &str| {
        let container = format!("{own}-{name}");
        docker(&[
            "run",
            "--detach",
            "--name",
            &container,
            "--network",
            &own,
            IMAGE,
        ])?;
        healthy(&container)
    };
    let outcome: Result<(), String> = if together {
        std::thread::scope(|scope| {
            let starts: Vec<_> = SERVICES
                .iter()
                .map(|name| scope.spawn(move || run(name)))
                .collect();
            starts
                .into_iter()
                .try_for_each(|start| start.join().map_err(|_| "a start died".to_owned())?)
        })
    } else {
        SERVICES.iter().try_for_each(|name| run(name))
    };
    let took = begun.elapsed();
    for name in SERVICES {
        docker(&["rm", "--force", "--volumes", &format!("{own}-{name}")])?;
    }
    docker(&["network", "rm", &own])?;
    outcome?;
    Ok(took)
}

fn healthy(container: &str) -> Result<(), String> {
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    let address = docker(&["inspect", "--format", format, container])?;
    let address: SocketAddr = format!("{}:6379", address.trim())
        .parse()
        .map_err(|error| format!("{container}: {error}"))?;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if TcpStream::connect_timeout(&address, PAUSE).is_ok() {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(format!("{container} never listened"))
}

fn docker(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("docker")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("docker: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("docker {}: {said}", arguments.join(" ")))
}
