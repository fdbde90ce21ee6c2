//! Processes as `/proc` shows them: descendants, marks, and how they are ended.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

use super::protocol::MARK;

/// A process, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stat {
    parent: i32,
    zombie: bool,
    stopped: bool,
    /// Clock ticks after boot at which it started: with the pid it names a process for good.
    started: u64,
}

/// The fields behind the command's name, which may hold spaces and parentheses itself.
fn parse_stat(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat {
        zombie: matches!(*fields.first()?, "Z" | "X"),
        stopped: *fields.first()? == "T",
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// When a live process started, in clock ticks after boot; `None` when there is none (a zombie is
/// none).
pub(crate) fn started(pid: i32) -> Option<u64> {
    stat(pid)
        .filter(|stat| !stat.zombie)
        .map(|stat| stat.started)
}

/// Whether a process is frozen by a signal.
pub(crate) fn is_stopped(pid: i32) -> bool {
    stat(pid).is_some_and(|stat| stat.stopped)
}

fn processes() -> BTreeMap<i32, Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, stat(pid)?)))
        .collect()
}

/// Every living descendant of a process, children before grandchildren.
pub(crate) fn descendants(root: i32) -> Vec<i32> {
    let all = processes();
    let mut found = vec![root];
    let mut index = 0;
    while let Some(parent) = found.get(index).copied() {
        found.extend(
            all.iter()
                .filter(|(_, stat)| stat.parent == parent)
                .map(|(pid, _)| *pid),
        );
        index += 1;
    }
    found
        .into_iter()
        .skip(1)
        .filter(|pid| all.get(pid).is_some_and(|stat| !stat.zombie))
        .collect()
}

/// Every living process that carries the mark of a run's folder, but for this one.
pub(crate) fn marked(folder: &Path) -> Vec<i32> {
    let mine = rustix::process::getpid().as_raw_nonzero().get();
    let mark = [MARK.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
    processes()
        .into_iter()
        .filter(|(pid, stat)| *pid != mine && !stat.zombie)
        .map(|(pid, _)| pid)
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|value| value == mark))
        })
        .collect()
}

/// Sends a signal; a process that is gone is fine.
pub(crate) fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// Takes the exit statuses of children that have ended, whatever group they are in.
pub(crate) fn reap() -> Vec<(i32, String)> {
    let mut ended = Vec::new();
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        let text = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => format!("exit status: {code}"),
            (None, Some(signal)) => format!("signal: {signal}"),
            (None, None) => "unknown".to_owned(),
        };
        ended.push((pid.as_raw_nonzero().get(), text));
    }
    ended
}

/// Kills whatever `list` finds until it finds nothing twice, 50 ms apart, as a process may be
/// about to fork; returns what is still there when the time is over.
pub(crate) fn kill_until_none(list: impl Fn() -> Vec<i32>, within: Duration) -> Vec<i32> {
    let begun = Instant::now();
    let mut empty = 0;
    loop {
        reap();
        let found = list();
        for pid in &found {
            signal(*pid, Signal::KILL);
        }
        empty = if found.is_empty() { empty + 1 } else { 0 };
        if empty == 2 || begun.elapsed() > within {
            return found;
        }
        std::thread::sleep(Duration::from_millis(if found.is_empty() { 50 } else { 5 }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_are_read() {
        let tail = "S 7 1 1 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9";
        let parsed = parse_stat(&format!("12 (a) b (c)) {tail}"));
        assert_eq!(
            parsed,
            Some(Stat {
                parent: 7,
                zombie: false,
                stopped: false,
                started: 4242
            })
        );
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn this_process_runs() {
        let mine = rustix::process::getpid().as_raw_nonzero().get();
        assert!(started(mine).is_some());
        assert_eq!(started(i32::MAX), None);
    }
}
