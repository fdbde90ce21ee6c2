//! What a run could leave on this host: processes that carry its mark or stand in its folder, and
//! the ports they listened on.

use std::fs;
use std::net::SocketAddrV4;
use std::path::Path;

/// Living processes (zombies are none) that mention a folder in their environment or command line,
/// but for the tests themselves.
pub fn processes(folder: &Path) -> Vec<String> {
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
            let text = [read("cmdline"), read("environ")].concat();
            let text = String::from_utf8_lossy(&text).replace('\0', " ");
            let found = !matches!(state, 'Z' | 'X') && text.contains(&wanted);
            found.then(|| format!("{pid}: {}", text.chars().take(200).collect::<String>()))
        })
        .collect()
}

/// The addresses of a run on which somebody still listens: those its journal names, of proxies and
/// services. Others on this host are none of its business.
pub fn ports(home: &Path) -> Vec<SocketAddrV4> {
    let listening = listening();
    let Ok(runs) = fs::read_dir(home.join(".lab/runs")) else {
        return vec![];
    };
    let mut found: Vec<SocketAddrV4> = runs
        .filter_map(|run| fs::read_to_string(run.ok()?.path().join("journal.jsonl")).ok())
        .flat_map(|journal| {
            let words = journal.split(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
            let addresses = words.filter_map(|word| word.trim_matches(':').parse().ok());
            addresses.collect::<Vec<SocketAddrV4>>()
        })
        .filter(|address| listening.contains(address))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Where this host listens now.
fn listening() -> Vec<SocketAddrV4> {
    let Ok(table) = fs::read_to_string("/proc/net/tcp") else {
        return vec![];
    };
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (address, port) = fields.get(1)?.split_once(':')?;
            // As the kernel has it in memory.
            let address = u32::from_str_radix(address, 16).ok()?.to_ne_bytes();
            let port = u16::from_str_radix(port, 16).ok()?;
            (*fields.get(3)? == "0A").then(|| SocketAddrV4::new(address.into(), port))
        })
        .collect()
}
