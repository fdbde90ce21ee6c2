//! `lab doctor`: what this machine can do, what it cannot, and why.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use lab_drivers::containers::engine::{self, Engine};
use lab_drivers::containers::host;
use lab_model::action::Action;
use lab_model::{ByteRate, Exit, Span};
use tokio::runtime::Builder;

use crate::text;

struct Finding {
    what: &'static str,
    works: bool,
    /// Whether `lab run` needs it.
    needed: bool,
    detail: String,
}

pub(crate) fn run() -> Exit {
    engine::point_client();
    let mut findings = vec![ports(), proc(), own_program(), folder(), files()];
    findings.extend(runbooks());
    findings.extend(containers());
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

/// What blocks of runbooks call: `bash` runs them, the others are what those of the library use.
fn runbooks() -> Vec<Finding> {
    let programs = [
        ("run blocks of runbooks", "bash"),
        ("run the library's runbooks", "curl"),
        ("run the library's runbooks", "jq"),
        ("read certificates in runbooks", "openssl"),
    ];
    let find = |(what, program)| {
        let missing = || format!("{program} is not in PATH; only runbooks need it");
        let found = std::env::var_os("PATH").and_then(|path| {
            std::env::split_paths(&path)
                .map(|folder| folder.join(program))
                .find(|path| path.is_file())
        });
        let outcome = found.map(|path| path.display().to_string());
        finding(what, false, outcome.ok_or_else(missing))
    };
    programs.into_iter().map(find).collect()
}

/// Containers: whether an engine answers, and which faults on services it can carry out.
fn containers() -> Vec<Finding> {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return vec![];
    };
    runtime.block_on(async {
        let engine = match Engine::find().await {
            Ok(engine) => engine,
            Err(failure) => {
                let reason = failure.reason.lines().next().unwrap_or_default().to_owned();
                let detail = format!("{reason}; not needed where systems run as processes");
                return vec![finding("a container engine answers", false, Err(detail))];
            }
        };
        let here = host::abilities(&engine).await;
        let place = format!(
            "{} {}, cgroup {}, {}",
            engine.place, engine.version, here.cgroup, here.storage
        );
        let mut found = vec![finding("a container engine answers", false, Ok(place))];
        let clock = Action::ClockSkew {
            by: Span::from_secs(1),
            behind: false,
        };
        let rate = ByteRate(1_000_000);
        let faults = [
            ("limit a container's disk", Action::IoLimit { rate }),
            ("fill a container's disk", Action::DiskFull),
            ("skew a container's clock", clock),
        ];
        for (what, action) in faults {
            let outcome = match host::refusal(&action, &here) {
                Some(reason) => Err(reason),
                None => Ok("can be done".to_owned()),
            };
            found.push(finding(what, false, outcome));
        }
        let netem = if here.netem {
            Ok("not needed: delay and loss come from the proxies".to_owned())
        } else {
            Err("this kernel has no netem; delay and loss come from the proxies".to_owned())
        };
        found.push(finding("delay packets in the kernel", false, netem));
        found
    })
}
