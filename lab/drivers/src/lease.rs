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
use crate::toxiproxy::claim;

const FILE: &str = "lease.json";

/// The process that owns a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// The lab's process.
    pub(crate) pid: i32,
    /// When it started, in clock ticks after boot: pids come again.
    pub(crate) started: u64,
    /// Which boot of the host.
    pub(crate) boot: String,
}

impl Owner {
    /// This process.
    pub(crate) fn this() -> Self {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        Self {
            pid,
            started: tree::started(pid).unwrap_or_default(),
            boot: boot_id(),
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.boot == boot_id() && tree::started(self.pid) == Some(self.started)
    }
}

/// A lease as it stands in a run's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    run: RunId,
    owner: Owner,
    /// What marks everything of the run in a container engine; none where it uses none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

/// A lease that this process holds.
#[derive(Debug)]
pub(crate) struct Lease {
    path: PathBuf,
}

impl Lease {
    pub(crate) fn write(run: &Context, label: Option<String>) -> Result<Self, Failure> {
        let path = run.folder.join(FILE);
        let entry = Entry {
            run: run.run.clone(),
            owner: Owner::this(),
            label,
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

/// Ends the lease of a folder: everything of its run is gone.
pub(crate) fn end(folder: &Path) {
    let _ = fs::remove_file(folder.join(FILE));
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
    /// How many proxies were deleted on a server of somebody else's.
    pub proxies: usize,
    /// How many containers, networks, volumes and images were removed.
    pub removed: usize,
    /// What could not be removed.
    pub left: Vec<String>,
}

/// Ends what dead owners left running, below a folder of runs. Runs whose owner lives are not
/// touched.
///
/// `remove` removes what carries a label from the container engine: how much that was, and what is
/// left. It is asked only for runs that used one.
pub fn sweep(runs: &Path, mut remove: impl FnMut(&str) -> (usize, Vec<String>)) -> Vec<Swept> {
    let Ok(entries) = fs::read_dir(runs) else {
        return vec![];
    };
    let mut swept = Vec::new();
    for folder in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let Ok(folder) = folder.canonicalize() else {
            continue;
        };
        let path = folder.join(FILE);
        let text = fs::read(&path);
        if text.is_err() && !claim::is_open(&folder) {
            continue;
        }
        let entry = text.and_then(|text| Ok(serde_json::from_slice::<Entry>(&text)?));
        if entry.as_ref().is_ok_and(|entry| entry.owner.is_alive()) {
            continue;
        }
        let ended = tree::marked(&folder).len();
        let left = tree::kill_until_none(|| tree::marked(&folder), Duration::from_secs(3));
        let mut left: Vec<String> = left.iter().map(|pid| format!("process {pid}")).collect();
        let mut removed = 0;
        if let Some(label) = entry.as_ref().ok().and_then(|entry| entry.label.as_ref()) {
            let (number, remaining) = remove(label);
            removed = number;
            left.extend(remaining);
        }
        if left.is_empty() {
            let _ = fs::remove_file(&path);
        }
        let elsewhere = claim::sweep(&folder);
        if entry.is_err() && elsewhere.is_none() {
            // A lab that lives, and has only its proxies left to delete.
            continue;
        }
        let elsewhere = elsewhere.unwrap_or_default();
        left.extend(elsewhere.left);
        let run = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        swept.push(Swept {
            run: run.unwrap_or_default(),
            ended,
            proxies: elsewhere.proxies,
            removed,
            left,
        });
    }
    swept.sort_by(|a, b| a.run.cmp(&b.run));
    swept
}

/// The processes of a run, with their commands.
pub fn processes(folder: &Path) -> Vec<(i32, String)> {
    let Ok(folder) = folder.canonicalize() else {
        return vec![];
    };
    let command = |pid| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words)
            .replace('\0', " ")
            .trim()
            .to_owned()
    };
    tree::marked(&folder)
        .into_iter()
        .map(|pid| (pid, command(pid)))
        .collect()
}

/// Whether a run's folder belongs to a lab that is running now.
pub fn is_running(folder: &Path) -> bool {
    fs::read(folder.join(FILE))
        .ok()
        .and_then(|text| serde_json::from_slice::<Entry>(&text).ok())
        .is_some_and(|entry| entry.owner.is_alive())
}

/// Whether a run's folder still names what could not be removed elsewhere.
pub fn is_owed(folder: &Path) -> bool {
    claim::is_open(folder)
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

    fn nothing(_: &str) -> (usize, Vec<String>) {
        (0, vec![])
    }

    #[test]
    fn a_living_owner_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let run = context(home.path());
        let lease = Lease::write(&run, None).unwrap();
        assert!(is_running(&run.folder));
        assert_eq!(sweep(home.path(), nothing), []);
        lease.end();
        assert!(!is_running(&run.folder));
    }

    #[test]
    fn a_dead_owner_is_swept_once() {
        let home = tempfile::tempdir().unwrap();
        let run = context(home.path());
        Lease::write(&run, Some("l=r".to_owned())).unwrap();
        let text = fs::read_to_string(run.folder.join(FILE)).unwrap();
        let mut entry: Entry = serde_json::from_str(&text).unwrap();
        entry.owner.started += 1;
        fs::write(run.folder.join(FILE), serde_json::to_vec(&entry).unwrap()).unwrap();
        let stays = |label: &str| (2, vec![label.to_owned()]);
        let swept = sweep(home.path(), stays);
        assert_eq!((swept.len(), swept[0].ended, swept[0].removed), (1, 0, 2));
        assert_eq!(swept[0].left, ["l=r"]);
        // What could not be removed is tried again.
        assert_eq!(sweep(home.path(), nothing).len(), 1);
        assert_eq!(sweep(home.path(), nothing), []);
    }
}
