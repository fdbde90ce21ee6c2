//! What a shell completes: names of the system that is running.

use clap_complete::CompletionCandidate;
use lab_drivers::{control, gateways};
use lab_engine::desk::{Answer, Command};
use lab_model::Plan;
use lab_model::rehearsal::SYMPTOMS;
use lab_scenarios::{catalog, systems};

use crate::arguments::{Kept, Running};
use crate::commands::sandbox::{find, plan};

type Candidates = Vec<CompletionCandidate>;

fn words(words: impl IntoIterator<Item = (String, String)>) -> Candidates {
    let candidate = |(word, help): (String, String)| {
        let help = Some(help.into()).filter(|_| true);
        CompletionCandidate::new(word).help(help)
    };
    words.into_iter().map(candidate).collect()
}

/// The only running system, where runs are kept by default.
fn running(file: &str) -> Option<(std::path::PathBuf, Plan)> {
    let here = Running {
        run: None,
        kept: Kept {
            out: ".lab/runs".into(),
        },
    };
    let folder = find(&here, file).ok()?;
    let plan = plan(&folder)?;
    Some((folder, plan))
}

/// Links, in the form that needs no quotes.
pub(crate) fn links() -> Candidates {
    let Some((_, plan)) = running(control::FILE) else {
        return Vec::new();
    };
    words(
        plan.system
            .links
            .iter()
            .map(|link| (link.slug(), link.to_string())),
    )
}

/// Kinds of fault.
pub(crate) fn kinds() -> Candidates {
    words(
        lab_faults::KINDS
            .iter()
            .map(|kind| (kind.name.to_owned(), kind.undo.to_owned())),
    )
}

/// Numbers of the faults that are injected.
pub(crate) fn faults() -> Candidates {
    let Some((folder, _)) = running(control::FILE) else {
        return Vec::new();
    };
    let Ok(Ok(Answer::Status(status))) = control::ask(&folder, "completion", Command::Status)
    else {
        return Vec::new();
    };
    let shown = |fault: &lab_model::status::FaultStatus| {
        (
            fault.number.to_string(),
            format!("{} on {}", fault.summary, fault.link),
        )
    };
    words(status.faults.iter().map(shown))
}

/// Routes of the gateway.
pub(crate) fn routes() -> Candidates {
    let gateway = running(gateways::FILE).and_then(|(_, plan)| plan.system.gateway);
    let routes = gateway.into_iter().flat_map(|gateway| gateway.routes);
    words(routes.map(|route| (route.name.to_string(), route.path)))
}

/// `UPSTREAM=`, of every route.
pub(crate) fn upstreams() -> Candidates {
    let gateway = running(gateways::FILE).and_then(|(_, plan)| plan.system.gateway);
    let routes = gateway.into_iter().flat_map(|gateway| gateway.routes);
    let upstreams = routes.flat_map(|route| {
        let of = format!("of {}", route.name);
        route
            .upstreams
            .into_iter()
            .map(move |upstream| (format!("{}=", upstream.name), of.clone()))
    });
    words(upstreams)
}

/// Flags of the gateway.
pub(crate) fn flags() -> Candidates {
    let gateway = running(gateways::FILE).and_then(|(_, plan)| plan.system.gateway);
    let flags = gateway.into_iter().flat_map(|gateway| gateway.flags);
    words(flags.map(|flag| (flag.name.to_string(), flag.about)))
}

/// Services of the running system.
pub(crate) fn services() -> Candidates {
    let Some((_, plan)) = running(control::FILE) else {
        return Vec::new();
    };
    words(
        plan.system
            .services
            .iter()
            .map(|service| (service.name.to_string(), String::new())),
    )
}

/// Systems and scenarios that come with the lab.
pub(crate) fn systems_and_scenarios() -> Candidates {
    let systems = systems::names().map(|name| (name.to_owned(), "a system".to_owned()));
    let scenarios = catalog::names().map(|name| (name.to_owned(), "a scenario".to_owned()));
    words(systems.chain(scenarios))
}

/// Scenarios that come with the lab.
pub(crate) fn scenarios() -> Candidates {
    words(catalog::names().map(|name| (name.to_owned(), String::new())))
}

/// Parts of the system that is rehearsed: services and links.
pub(crate) fn components() -> Candidates {
    let here = Running {
        run: None,
        kept: Kept {
            out: ".lab/runs".into(),
        },
    };
    let Ok(folder) = find(&here, control::FILE) else {
        return Vec::new();
    };
    let Ok(Ok(Answer::Status(status))) = control::ask(&folder, "completion", Command::Status)
    else {
        return Vec::new();
    };
    let mut parts: Vec<(String, String)> = Vec::new();
    for one in &status.links {
        let part = (one.link.to.to_string(), "a part".to_owned());
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let links = status.links.iter();
    parts.extend(links.map(|one| (one.link.slug(), one.link.to_string())));
    words(parts)
}

/// What can be wrong with a part.
pub(crate) fn symptoms() -> Candidates {
    words(SYMPTOMS.map(|symptom| (symptom.to_owned(), String::new())))
}
