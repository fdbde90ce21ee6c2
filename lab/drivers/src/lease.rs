//! Leases: who owns a run, written before anything is started, so that a later start can remove
//! what a dead owner left.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_engine::Failure;
use lab_engine::seam::Context;
use lab_model::RunId;
use serde::{Deserialize, Serialize};

use crate::processes::tree;

const FILE: &str = "lease.json";

/// A lease as it stands in a run's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    run: RunId,
    /// The lab's process.
    pid: i32,
    /// When it started, in clock ticks after boot: pids come again.
    started: u64,
    /// Which boot of the host.
    boot: String,
}

/// A lease that this process holds.
#[derive(Debug)]
pub(crate) struct Lease {
    path: PathBuf,
}

impl Lease {
    pub(crate) fn write(run: &Context) -> Result<Self, Failure> {
        let path = run.folder.join(FILE);
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        let entry = Entry {
            run: run.run.clone(),
            pid,
            started: tree::started(pid).unwrap_or_default(),
            boot: boot_id(),
        };
        let broken =
            |error: io::Error| Failure::new("lease", format!("{}: {error}", path.display()));
        let text = serde_json::to_vec(&entry).map_err(|error| Failure::new("lease", error))?;
        fs::write(&path, text).map_err(broken)?;
        Ok(Self { path })
    }

    /// Everything of the run is gone.
    pub(crate) fn end(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// What a sweep found of one run whose owner is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// The run's folder name.
    pub run: String,
    /// How many processes were ended.
    pub ended: usize,
    /// What could not be removed.
    pub left: Vec<String>,
}

/// Ends what dead owners left running, below a folder of runs. Runs whose owner lives are not
/// touched.
pub fn sweep(runs: &Path) -> Vec<Swept> {
    let Ok(entries) = fs::read_dir(runs) else {
        return vec![];
    };
    let mut swept = Vec::new();
    for folder in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let Ok(folder) = folder.canonicalize() else {
            continue;
        };
        let path = folder.join(FILE);
        let Ok(text) = fs::read(&path) else { continue };
        if serde_json::from_slice(&text).is_ok_and(|entry| is_alive(&entry)) {
            continue;
        }
        let ended = tree::marked(&folder).len();
        let left = tree::kill_until_none(|| tree::marked(&folder), Duration::from_secs(3));
        if left.is_empty() {
            let _ = fs::remove_file(&path);
        }
        let run = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        swept.push(Swept {
            run: run.unwrap_or_default(),
            ended,
            left: left.iter().map(|pid| format!("process {pid}")).collect(),
        });
    }
    swept.sort_by(|a, b| a.run.cmp(&b.run));
    swept
}

fn is_alive(entry: &Entry) -> bool {
    entry.boot == boot_id() && tree::started(entry.pid) == Some(entry.started)
}

/// Whether a run's folder belongs to a lab that is running now.
pub fn is_running(folder: &Path) -> bool {
    fs::read(folder.join(FILE))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .is_some_and(|entry| is_alive(&entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(home: &Path) -> Context {
        let folder = home.join("r");
        fs::create_dir_all(&folder).unwrap();
        Context {
            run: RunId::new("r").unwrap(),
            folder,
        }
    }

    #[test]
    fn a_living_owner_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let run = context(home.path());
        let lease = Lease::write(&run).unwrap();
        assert!(is_running(&run.folder));
        assert_eq!(sweep(home.path()), []);
        lease.end();
        assert!(!is_running(&run.folder));
    }

    #[test]
    fn a_dead_owner_is_swept_once() {
        let home = tempfile::tempdir().unwrap();
        let run = context(home.path());
        Lease::write(&run).unwrap();
        let text = fs::read_to_string(run.folder.join(FILE)).unwrap();
        let mut entry: Entry = serde_json::from_str(&text).unwrap();
        entry.started += 1;
        fs::write(run.folder.join(FILE), serde_json::to_vec(&entry).unwrap()).unwrap();
        let swept = sweep(home.path());
        assert_eq!(
            (swept.len(), swept[0].ended, swept[0].left.len()),
            (1, 0, 0)
        );
        assert_eq!(sweep(home.path()), []);
    }
}
