//! `lab doctor`: what this machine can do, what it cannot, and why.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use lab_model::Exit;

use crate::text;

struct Finding {
    what: &'static str,
    works: bool,
    /// Whether `lab run` needs it.
    needed: bool,
    detail: String,
}

pub(crate) fn run() -> Exit {
    let findings = [ports(), proc(), own_program(), folder(), files(), docker()];
    let mut all = true;
    for finding in &findings {
        let word = match (finding.works, finding.needed) {
            (true, _) => "yes",
            (false, true) => "NO ",
            (false, false) => "no ",
        };
        all &= finding.works || !finding.needed;
        text::out(&format!(
            "{word}  {:<28} {}\n",
            finding.what, finding.detail
        ));
    }
    text::out(if all {
        "\nThis machine can run scenarios as processes: lab run slow-payments\n"
    } else {
        "\nSomething that a run needs is missing; see above.\n"
    });
    if all { Exit::Pass } else { Exit::Environment }
}

fn finding(what: &'static str, needed: bool, outcome: Result<String, String>) -> Finding {
    let works = outcome.is_ok();
    Finding {
        what,
        works,
        needed,
        detail: outcome.unwrap_or_else(|reason| reason),
    }
}

fn ports() -> Finding {
    let bound =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    finding(
        "listen on loopback",
        true,
        bound
            .map(|_| "free ports can be chosen".to_owned())
            .map_err(|error| error.to_string()),
    )
}

fn proc() -> Finding {
    let read = fs::read_to_string("/proc/self/stat").and(fs::read("/proc/self/environ"));
    finding(
        "find processes in /proc",
        true,
        read.map(|_| "what a dead run leaves can be found".to_owned())
            .map_err(|error| format!("/proc cannot be read: {error}")),
    )
}

fn own_program() -> Finding {
    finding(
        "start itself again",
        true,
        std::env::current_exe()
            .map(|path| path.display().to_string())
            .map_err(|error| format!("the program's own path is unknown: {error}")),
    )
}

fn folder() -> Finding {
    let here = std::env::current_dir().and_then(|folder| {
        let writable = !fs::metadata(&folder)?.permissions().readonly();
        let probe = folder.join(format!(".lab-doctor-{}", std::process::id()));
        if writable {
            fs::create_dir(&probe)?;
            fs::remove_dir(&probe)?;
        }
        Ok((folder, writable))
    });
    finding(
        "keep runs here",
        true,
        match here {
            Ok((folder, true)) => Ok(folder.join(".lab/runs").display().to_string()),
            Ok((folder, false)) => Err(format!("{} is read-only; use --out DIR", folder.display())),
            Err(error) => Err(format!("{error}; use --out DIR")),
        },
    )
}

fn files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let enough = limit.is_none_or(|limit| limit >= 1_024);
    let shown = limit.map_or("unlimited".to_owned(), |limit| limit.to_string());
    finding(
        "open files at once",
        true,
        if enough {
            Ok(shown)
        } else {
            Err(format!("{shown}; raise it: ulimit -n 4096"))
        },
    )
}

/// Containers are not driven by this version; whether an engine answers is worth knowing already.
fn docker() -> Finding {
    let socket = std::env::var("DOCKER_HOST")
        .ok()
        .and_then(|host| host.strip_prefix("unix://").map(str::to_owned))
        .unwrap_or_else(|| "/var/run/docker.sock".to_owned());
    let answer = std::os::unix::net::UnixStream::connect(Path::new(&socket));
    finding(
        "a container engine answers",
        false,
        match answer {
            Ok(_) => Ok(format!(
                "{socket}; this version runs systems as processes only"
            )),
            Err(error) => Err(format!(
                "{socket}: {error}; not needed, systems run as processes"
            )),
        },
    )
}
