//! A run that is ended by `kill -9` at any moment, and what is left of it: on this host and in the
//! container engine, compared with what was there before it began.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::engine::Things;
use crate::leftovers;

/// How long what a run made may take to go.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// The earliest moment.
pub const EARLIEST: Duration = Duration::from_millis(50);

/// What is run.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The program.
    pub lab: PathBuf,
    /// The scenario's file.
    pub scenario: PathBuf,
    /// `processes` or `containers`.
    pub driver: &'static str,
}

/// One experiment.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// How long after its start the run is ended.
    pub moment: Duration,
    /// Whether whoever cleans up for it is ended at the same time, so that only the next start is
    /// left to do it.
    pub with_keeper: bool,
}

/// What was found afterwards, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// In the container engine.
    pub things: Things,
    /// Processes, with their commands.
    pub processes: Vec<String>,
    /// Addresses that are listened on.
    pub ports: Vec<String>,
    /// Files outside the run's folder.
    pub files: Vec<String>,
}

impl Left {
    /// How much there is.
    pub fn count(&self) -> usize {
        self.things.count() + self.processes.len() + self.ports.len() + self.files.len()
    }

    /// For a line of results.
    pub fn json(&self) -> Value {
        json!({
            "containers": self.things.containers.len(),
            "networks": self.things.networks.len(),
            "volumes": self.things.volumes.len(),
            "images": self.things.images.len(),
            "processes": self.processes.len(),
            "ports": self.ports.len(),
            "files": self.files.len(),
        })
    }
}

/// What came of a trial.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was there right after the end: what had to be removed.
    pub found: Left,
    /// What was still there in the end.
    pub left: Left,
    /// How long after the end nothing was left.
    pub gone_after: Duration,
}

/// A home folder of a run, and what was in the engine before it.
struct Home {
    folder: tempfile::TempDir,
    before: Things,
    driver: &'static str,
}

impl Home {
    fn new(driver: &'static str) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("tmp"))?;
        Ok(Self {
            before: things(driver)?,
            folder,
            driver,
        })
    }

    fn command(&self, subject: &Subject, scenario: &Path) -> Command {
        let mut command = Command::new(&subject.lab);
        command
            .args(["run", "--driver", subject.driver])
            .arg(scenario)
            .current_dir(self.folder.path())
            // What is written to the place for temporary files is outside the run's folder too.
            .env("TMPDIR", self.folder.path().join("tmp"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn look(&self) -> io::Result<Left> {
        let home = self.folder.path();
        let names = |folder: &Path, but: &[&str]| -> io::Result<Vec<String>> {
            let names = fs::read_dir(folder)?;
            let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            Ok(names.filter(|name| !but.contains(&name.as_str())).collect())
        };
        let mut files = names(home, &[".lab", "tmp"])?;
        files.extend(names(&home.join("tmp"), &[])?);
        let ports = leftovers::ports(home);
        Ok(Left {
            things: things(self.driver)?.since(&self.before),
            processes: leftovers::processes(home),
            ports: ports.iter().map(ToString::to_string).collect(),
            files,
        })
    }

    /// Whoever cleans up when the lab is gone: its reaper or its supervisor.
    fn keepers(&self) -> Vec<i32> {
        let is_keeper = |line: &&String| {
            ["__reap", "__supervise"]
                .iter()
                .any(|word| line.contains(word))
        };
        let found = leftovers::processes(self.folder.path());
        let pids = found.iter().filter(is_keeper);
        pids.filter_map(|line| line.split(':').next()?.parse().ok())
            .collect()
    }
}

/// Nothing of the engine matters to a run that uses none.
fn things(driver: &str) -> io::Result<Things> {
    if driver == "containers" {
        Things::now()
    } else {
        Ok(Things::default())
    }
}

/// How long a run takes that nobody ends, and what is left of it.
pub fn undisturbed(subject: &Subject) -> io::Result<(Duration, Left)> {
    let home = Home::new(subject.driver)?;
    let begun = Instant::now();
    let status = home.command(subject, &subject.scenario).status()?;
    let took = begun.elapsed();
    // Failing its objectives on a busy machine is a run to its end as well.
    if !matches!(status.code(), Some(0..=2)) {
        return Err(io::Error::other(format!("the run ended with {status}")));
    }
    Ok((took, home.look()?))
}

/// Starts a run, ends it at its moment, and looks until nothing is left.
pub fn run(subject: &Subject, trial: Trial) -> io::Result<Outcome> {
    let home = Home::new(subject.driver)?;
    let mut run = home.command(subject, &subject.scenario).spawn()?;
    std::thread::sleep(trial.moment);
    if trial.with_keeper {
        for pid in home.keepers() {
            if let Some(pid) = Pid::from_raw(pid) {
                // One that has ended meanwhile has done its work.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
    run.kill()?;
    run.wait()?;
    let ended = Instant::now();
    let found = home.look()?;
    if trial.with_keeper {
        // The next start sweeps before anything else; this one ends as soon as it has.
        let broken = home.folder.path().join(".lab/next.yaml");
        if let Some(folder) = broken.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&broken, NEXT)?;
        home.command(subject, &broken).status()?;
    }
    loop {
        let left = home.look()?;
        if left.count() == 0 || ended.elapsed() > PATIENCE {
            return Ok(Outcome {
                found,
                left,
                gone_after: ended.elapsed(),
            });
        }
        std::thread::sleep(PAUSE);
    }
}

/// A start that sweeps and fails: its service ends at once.
const NEXT: &str = "\
scenario: next
about: Sweeps, and ends.
services:
  web: { command: [\"false\", \"{port}\"], image: lab/shop, containers: { command: [nothing] } }
links: [client -> web]
load:
  journeys: { look: { weight: 1, steps: [{ get: / }] } }
  arrivals: { constant: { rate: 20/s } }
phases:
  - baseline: 5s
  - fault: { for: 5s, inject: [{ on: client -> web, fault: { latency: { delay: 10ms } } }] }
objectives:
  - availability: { of: look, at_least: 80% }
";

/// Moments from the earliest to a length, drawn evenly: a plain linear congruential generator, so
/// that they differ and are the same every time.
pub fn moments(seed: u64, count: usize, length: Duration) -> Vec<Duration> {
    let mut state = seed;
    let span = length.saturating_sub(EARLIEST).as_secs_f64();
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The upper half: the lower bits of such a generator are poor.
        f64::from(u32::try_from(state >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    };
    draw();
    (0..count)
        .map(|_| EARLIEST + Duration::from_secs_f64(span * draw()))
        .collect()
}
