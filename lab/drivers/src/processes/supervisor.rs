//! `lab __supervise FOLDER`: starts the services of one run and ends them, whatever happens to the
//! lab.
//!
//! It stands in a session of its own and adopts every orphan among its descendants, so a service's
//! children cannot leave it by changing group or session. Its standard input is a pipe that only
//! the lab holds open: its end means that the lab is gone, by whatever signal. Should the supervisor
//! itself be killed, the death signal ends the services, and the next sweep finds the rest by mark.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use lab_model::Name;
use rustix::process::{Signal, getpid, set_child_subreaper, setsid};

use super::protocol::{MARK, News, Order, Spawn, Speed};
use super::tree;
use crate::toxiproxy::claim;

/// How often ended children are looked for.
const PULSE: Duration = Duration::from_millis(20);
/// How long services may take to end after SIGTERM.
const COURTESY: Duration = Duration::from_millis(1_500);
/// How long killing may take before what is left is reported.
const LIMIT: Duration = Duration::from_secs(5);

/// Runs until the lab says so or is gone.
pub fn run(folder: &Path) -> ExitCode {
    // Fails only where it leads a session already.
    let _ = setsid();
    if let Err(error) = set_child_subreaper(Some(getpid())) {
        eprintln!("lab: cannot adopt orphans: {error}");
        return ExitCode::FAILURE;
    }
    let (sender, orders) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            let Ok(order) = serde_json::from_str(&line) else {
                break;
            };
            if sender.send(order).is_err() {
                break;
            }
        }
    });
    let mut supervisor = Supervisor {
        folder,
        services: BTreeMap::new(),
    };
    let speed = supervisor.serve(&orders);
    let mut left = supervisor.end(speed);
    // Does nothing while the lab lives: it removes its proxies itself.
    if let Some(elsewhere) = claim::sweep(folder) {
        left.extend(elsewhere.left);
    }
    tell(&News::Stopped { left: left.clone() });
    if left.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One line to the lab; when the lab is gone nobody needs it.
fn tell(news: &News) {
    let Ok(mut line) = serde_json::to_string(news) else {
        return;
    };
    line.push('\n');
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

struct Supervisor<'a> {
    folder: &'a Path,
    services: BTreeMap<i32, Name>,
}

impl Supervisor<'_> {
    /// Until an order to stop, or the end of the pipe.
    fn serve(&mut self, orders: &Receiver<Order>) -> Speed {
        loop {
            match orders.recv_timeout(PULSE) {
                Ok(Order::Spawn(spawn)) => self.spawn(&spawn),
                Ok(Order::Stop(speed)) => return speed,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Speed::Fast,
            }
            for (pid, status) in tree::reap() {
                if let Some(name) = self.services.remove(&pid) {
                    tell(&News::Exited { name, status });
                }
            }
        }
    }

    fn spawn(&mut self, spawn: &Spawn) {
        let name = spawn.name.clone();
        match self.start(spawn) {
            Ok(pid) => {
                self.services.insert(pid, name.clone());
                tell(&News::Spawned { name, pid });
            }
            Err(error) => tell(&News::Refused {
                name,
                reason: error.to_string(),
            }),
        }
    }

    fn start(&self, spawn: &Spawn) -> std::io::Result<i32> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&spawn.log)?;
        let child = Command::new(std::env::current_exe()?)
            .arg("__exec")
            .arg(getpid().as_raw_nonzero().to_string())
            .arg(&spawn.program)
            .args(&spawn.arguments)
            .envs(spawn.env.iter().map(|(name, value)| (name, value)))
            .env(MARK, self.folder)
            .current_dir(&spawn.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        i32::try_from(child.id()).map_err(std::io::Error::other)
    }

    /// Ends every descendant and every marked process; returns what is left.
    fn end(&self, speed: Speed) -> Vec<String> {
        let mine = getpid().as_raw_nonzero().get();
        if speed == Speed::Orderly {
            for pid in self.services.keys() {
                tree::signal(*pid, Signal::TERM);
            }
            let begun = Instant::now();
            while begun.elapsed() < COURTESY && !tree::descendants(mine).is_empty() {
                tree::reap();
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        let list = || {
            let mut found = tree::descendants(mine);
            found.extend(tree::marked(self.folder));
            found
        };
        tree::kill_until_none(list, LIMIT)
            .iter()
            .map(|pid| format!("process {pid}"))
            .collect()
    }
}
