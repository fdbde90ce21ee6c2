//! What this host and its engine cannot do, with the reason and what would be needed.

use std::path::Path;

use lab_model::Plan;
use lab_model::action::Action;

use super::engine::Engine;

/// What an engine and its host can do, as far as faults ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abilities {
    /// The version of cgroups: 1 or 2.
    pub cgroup: String,
    /// How containers' layers are stored.
    pub storage: String,
    /// Whether the engine is this host's own and its files can be reached.
    pub local: bool,
    /// Whether `tc netem` exists, for people who wonder.
    pub netem: bool,
}

/// Asks.
pub async fn abilities(engine: &Engine) -> Abilities {
    let info = engine.docker.info().await.unwrap_or_default();
    let root = info.docker_root_dir.unwrap_or_default();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let modules = format!("/lib/modules/{}/kernel/net/sched", release.trim());
    let netem = ["sch_netem.ko", "sch_netem.ko.xz", "sch_netem.ko.zst"]
        .iter()
        .any(|module| Path::new(&modules).join(module).exists());
    Abilities {
        cgroup: info
            .cgroup_version
            .map_or_else(|| "?".to_owned(), |version| version.to_string()),
        storage: info.driver.unwrap_or_default(),
        local: std::fs::read_dir(&root).is_ok(),
        netem,
    }
}

/// Why an action cannot be done to a container here; `None` where it can.
pub fn refusal(action: &Action, here: &Abilities) -> Option<String> {
    match action {
        Action::ClockSkew { .. } => Some(
            "a container shares the clock of its host, and Linux has no namespace for the wall \
             clock; needed: a virtual machine a service"
                .to_owned(),
        ),
        Action::IoLimit { .. } if here.cgroup != "2" => Some(format!(
            "cgroup {} slows no buffered write; needed: cgroup 2",
            here.cgroup
        )),
        Action::IoLimit { .. } if here.storage.starts_with("fuse") => Some(format!(
            "{} writes for the container, outside of its group; needed: overlay2",
            here.storage
        )),
        Action::IoLimit { .. } | Action::DiskFull if !here.local => Some(
            "the engine's files cannot be reached from here; needed: an engine on this host, and \
             the right to read its folder"
                .to_owned(),
        ),
        _ => None,
    }
}

/// What of a plan cannot be done.
pub(super) async fn obstacles(engine: &Engine, plan: &Plan) -> Vec<String> {
    let actions: Vec<_> = plan
        .faults
        .iter()
        .filter_map(|fault| Some((fault, fault.on_service()?)))
        .collect();
    if actions.is_empty() {
        return vec![];
    }
    let here = abilities(engine).await;
    let mut found = Vec::new();
    for (fault, on) in actions {
        if let Some(reason) = refusal(&on.action, &here) {
            found.push(format!("{} on {}: {reason}", fault.kind, on.service));
        }
        let limited = plan
            .system
            .service(&on.service)
            .is_some_and(|service| service.container.data.is_some());
        if on.action == Action::DiskFull && !limited {
            found.push(format!(
                "disk_full on {}: its folder has no size of its own, so the host's disk would be \
                 filled; needed: `containers: {{ data: 64MB }}`",
                on.service
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use lab_model::{ByteRate, Span};

    use super::*;

    #[test]
    fn what_cannot_be_done_says_what_is_needed() {
        let old = Abilities {
            cgroup: "1".to_owned(),
            storage: "overlay2".to_owned(),
            local: true,
            netem: false,
        };
        let io = Action::IoLimit { rate: ByteRate(1) };
        let skew = Action::ClockSkew {
            by: Span::from_secs(1),
            behind: false,
        };
        for action in [&io, &skew] {
            let reason = refusal(action, &old).unwrap();
            assert!(reason.contains("needed: "), "{reason}");
        }
        let new = Abilities {
            cgroup: "2".to_owned(),
            ..old
        };
        assert_eq!(refusal(&io, &new), None);
        assert_eq!(refusal(&Action::Pause, &new), None);
        let far = Abilities {
            local: false,
            ..new
        };
        assert!(refusal(&Action::DiskFull, &far).is_some());
    }
}
