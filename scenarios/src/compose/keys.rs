//! What is understood of a compose file. Everything else is listed at its place: something that is
//! dropped in silence would be a system that differs from the user's without anybody knowing.

use lab_diagnostic::Finding;

use crate::code::Code;
use crate::tree::{Node, Report, Value};

const TOP: &[&str] = &["services", "networks", "volumes", "version", "name"];
const SERVICE: &[&str] = &[
    "image",
    "build",
    "command",
    "entrypoint",
    "environment",
    "ports",
    "expose",
    "healthcheck",
    "depends_on",
    "networks",
    "volumes",
    "tmpfs",
    "user",
    "working_dir",
    "container_name",
    "hostname",
    "restart",
    "labels",
    "mem_limit",
    "cpus",
    "deploy",
];
/// What is accepted without effect, with the reason.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("container_name", "containers are named after the run"),
    ("hostname", "services are known by their names in the file"),
    (
        "restart",
        "a service that ends stays away, so that the run shows it",
    ),
    ("labels", "containers carry the labels of the run"),
];

pub(super) fn check_top(tree: &Node, report: &Report) {
    check(tree, TOP, "the file", report);
    if let Some(Value::Map(networks)) = tree.get("networks").map(|node| &node.value)
        && networks.len() > 1
    {
        let place = tree.key_place("networks").unwrap_or(tree.place);
        let message = "all services share one network of the run";
        report.add(
            Finding::new(Code::NotUnderstood, place, message)
                .help("what separate networks keep apart is not kept apart here"),
        );
    }
}

pub(super) fn check_service(name: &str, node: &Node, report: &Report) {
    check(node, SERVICE, &format!("`{name}`"), report);
    for (key, reason) in WITHOUT_EFFECT {
        if let Some(place) = node.key_place(key) {
            let message = format!("`{key}` of `{name}` has no effect: {reason}");
            report.add(Finding::new(Code::NotUnderstood, place, message));
        }
    }
}

/// Lists the keys of a mapping that are not among those known.
pub(super) fn check(node: &Node, known: &[&str], of: &str, report: &Report) {
    let Value::Map(entries) = &node.value else {
        return;
    };
    for (key, _) in entries.iter() {
        let text = key.text().unwrap_or_default();
        // Extensions are the file's own notes.
        if !known.contains(&text) && !text.starts_with("x-") {
            let message = format!("`{text}` of {of} is not understood and has no effect");
            report.add(Finding::new(Code::NotUnderstood, key.place, message));
        }
    }
}
