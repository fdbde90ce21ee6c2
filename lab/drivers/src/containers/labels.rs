//! Labels on everything that a run makes in an engine: whose it is, so that it can be found and
//! removed by whoever cleans up.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use lab_model::RunId;

use crate::lease::Owner;

/// The run as one word that no other run has, on any host.
pub(crate) const TOKEN: &str = "dev.failure-lab.token";
/// The run's id.
pub(crate) const RUN: &str = "dev.failure-lab.run";
/// The host of its owner: an engine may be shared.
pub(crate) const HOST: &str = "dev.failure-lab.host";
/// The boot of that host.
pub(crate) const BOOT: &str = "dev.failure-lab.boot";
/// The owner's process.
pub(crate) const PID: &str = "dev.failure-lab.pid";
/// When that started, in clock ticks after boot.
pub(crate) const STARTED: &str = "dev.failure-lab.started";
/// The run's folder.
pub(crate) const FOLDER: &str = "dev.failure-lab.folder";
/// The service.
pub(crate) const SERVICE: &str = "dev.failure-lab.service";

/// This host, whatever boots it: its machine id, else its name.
pub(crate) fn host() -> String {
    let read = |path| fs::read_to_string(path).map(|text| text.trim().to_owned());
    read("/etc/machine-id")
        .or_else(|_| read("/proc/sys/kernel/hostname"))
        .unwrap_or_default()
}

/// The token of a run: the owner, as its host cannot have it twice, and a trace of the folder.
pub(crate) fn token(run: &RunId, owner: &Owner) -> String {
    format!("{run}.{}-{}", owner.pid, owner.started)
}

/// The labels of a run.
pub(crate) fn of(run: &RunId, folder: &Path, owner: &Owner) -> HashMap<String, String> {
    [
        (TOKEN, token(run, owner)),
        (RUN, run.to_string()),
        (HOST, host()),
        (BOOT, owner.boot.clone()),
        (PID, owner.pid.to_string()),
        (STARTED, owner.started.to_string()),
        (FOLDER, folder.display().to_string()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

/// Whether labels say that their owner lived on this host and is gone.
pub(crate) fn is_dead(labels: &HashMap<String, String>) -> bool {
    let text = |key: &str| labels.get(key).map(String::as_str).unwrap_or_default();
    let number = |key: &str| text(key).parse::<u64>().ok();
    let (Some(pid), Some(started)) = (number(PID), number(STARTED)) else {
        return false;
    };
    let owner = Owner {
        pid: i32::try_from(pid).unwrap_or_default(),
        started,
        boot: text(BOOT).to_owned(),
    };
    text(HOST) == host() && !owner.is_alive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dead_owners_of_this_host_are_dead() {
        let run = RunId::new("r").unwrap();
        let owner = Owner::this();
        let alive = of(&run, Path::new("/r"), &owner);
        assert!(!is_dead(&alive));
        let gone = Owner {
            started: owner.started + 1,
            ..owner
        };
        let mut dead = of(&run, Path::new("/r"), &gone);
        assert!(is_dead(&dead));
        dead.insert(HOST.to_owned(), "elsewhere".to_owned());
        assert!(!is_dead(&dead));
        assert!(!is_dead(&HashMap::new()));
    }
}
