//! What a run could leave: processes that carry its mark or stand in its folder, and the ports they
//! listened on.

use std::fs;
use std::path::Path;

/// Living processes (zombies are none) that mention a folder in their environment or command line,
/// but for the tests themselves.
pub(crate) fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let wanted = folder.to_string_lossy().into_owned();
    let mine = std::process::id().to_string();
    let Ok(entries) = fs::read_dir("/proc") else {
        return vec![];
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()) && *pid != mine)
        .filter_map(|pid| {
            let read = |what: &str| fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
            let stat = String::from_utf8_lossy(&read("stat")).into_owned();
            let state = stat.rsplit_once(") ")?.1.chars().next()?;
            let text = [read("environ"), read("cmdline")].concat();
            let text = String::from_utf8_lossy(&text).replace('\0', " ");
            let found = !matches!(state, 'Z' | 'X') && text.contains(&wanted);
            found.then(|| format!("{pid}: {}", text.chars().take(200).collect::<String>()))
        })
        .collect()
}

/// The ports of a run that are still listened on: those its journal names, of proxies and services.
/// Ports of others on this host are none of its business.
pub(crate) fn ports(home: &Path) -> Vec<u16> {
    let listening = listening();
    let Ok(runs) = fs::read_dir(home.join(".lab/runs")) else {
        return vec![];
    };
    let mut found: Vec<u16> = runs
        .filter_map(|run| fs::read_to_string(run.ok()?.path().join("journal.jsonl")).ok())
        .flat_map(|journal| {
            let ports = journal.split("127.0.0.1:").skip(1);
            let digits = |text: &str| {
                text.chars()
                    .take_while(char::is_ascii_digit)
                    .collect::<String>()
            };
            ports
                .filter_map(|text| digits(text).parse().ok())
                .collect::<Vec<u16>>()
        })
        .filter(|port| listening.contains(port))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Ports on which this host listens now.
fn listening() -> Vec<u16> {
    let Ok(table) = fs::read_to_string("/proc/net/tcp") else {
        return vec![];
    };
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (_, port) = fields.get(1)?.split_once(':')?;
            (*fields.get(3)? == "0A").then(|| u16::from_str_radix(port, 16).ok())?
        })
        .collect()
}
