//! One service of a compose file, resolved.

use std::collections::BTreeMap;

use lab_diagnostic::{Finding, Place};
use lab_model::container::{Build, Container};
use lab_model::system::{Ready, ReadyCheck, Service};
use lab_model::{Name, Span};

use super::ports::Ports;
use super::{ComposeFile, keys, limits, mounts, ports, words};
use crate::code::Code;
use crate::tree::{Node, Report, Value};

/// How long a service may take to start.
const READY_WITHIN: Span = Span::from_secs(60);

/// A service with what its neighbours need to know of it.
pub(super) struct Composed {
    pub(super) model: Service,
    pub(super) ports: Ports,
    pub(super) depends_on: Vec<(String, Place)>,
}

pub(super) fn resolve(
    name: Name,
    key: Place,
    node: &Node,
    file: &ComposeFile,
    report: &Report,
) -> Composed {
    keys::check_service(name.as_str(), node, report);
    let text = |key: &str| node.get(key).and_then(|node| words::text(node, report));
    let words = |key: &str| node.get(key).map(|node| words::command(node, report));
    let image = text("image");
    let build = node.get("build").and_then(|node| build(node, file, report));
    if image.is_none() && build.is_none() {
        let message = format!("`{name}` has neither an `image` nor a `build`");
        report.add(Finding::new(Code::BadService, key, message));
    }
    let ports = ports::read(node, report);
    // An entry point of several words is one program with its first arguments.
    let mut entrypoint = words("entrypoint").unwrap_or_default().into_iter();
    let program = entrypoint.next();
    let mut command: Vec<String> = entrypoint.collect();
    command.extend(words("command").unwrap_or_default());
    let limits = limits::read(node, report);
    let container = Container {
        entrypoint: program,
        command,
        port: ports.main(image.as_deref()),
        mounts: mounts::read(&name, node, &file.folder, report),
        build,
        health: health(node, report),
        user: text("user"),
        working_dir: text("working_dir"),
        memory: limits.memory,
        cpus: limits.cpus,
        ..Container::default()
    };
    Composed {
        model: Service {
            name,
            command: Vec::new(),
            image,
            env: environment(node, report),
            container,
            ready: Ready {
                check: ReadyCheck::Tcp,
                within: READY_WITHIN,
            },
            fixtures: vec![],
            attached: None,
        },
        ports,
        depends_on: depends_on(node),
    }
}

fn build(node: &Node, file: &ComposeFile, report: &Report) -> Option<Build> {
    if node.text().is_some() {
        return Some(Build {
            context: file.folder.join(words::text(node, report)?),
            dockerfile: "Dockerfile".to_owned(),
            arguments: BTreeMap::new(),
            target: None,
        });
    }
    keys::check(
        node,
        &["context", "dockerfile", "args", "target"],
        "`build`",
        report,
    );
    let text = |key: &str| node.get(key).and_then(|node| words::text(node, report));
    let context = text("context").unwrap_or_else(|| ".".to_owned());
    Some(Build {
        context: file.folder.join(context.trim_start_matches("./")),
        dockerfile: text("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned()),
        arguments: node
            .get("args")
            .map_or_else(BTreeMap::new, |node| pairs(node, report)),
        target: text("target"),
    })
}

/// `KEY: value` or a list of `KEY=value`.
fn pairs(node: &Node, report: &Report) -> BTreeMap<String, String> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .filter_map(|(key, value)| Some((key.text()?.to_owned(), words::text(value, report)?)))
            .collect(),
        Value::List(items) => items
            .iter()
            .filter_map(|item| {
                let text = words::text(item, report)?;
                if let Some((key, value)) = text.split_once('=') {
                    return Some((key.to_owned(), value.to_owned()));
                }
                let message = format!("`{text}` has no value here, and is not set");
                report.add(Finding::new(Code::NotUnderstood, item.place, message));
                None
            })
            .collect(),
        Value::Scalar { .. } => BTreeMap::new(),
    }
}

fn environment(node: &Node, report: &Report) -> BTreeMap<String, String> {
    node.get("environment")
        .map_or_else(BTreeMap::new, |node| pairs(node, report))
}

/// The command of a health check; its pace is the lab's own.
fn health(node: &Node, report: &Report) -> Vec<String> {
    let Some(check) = node.get("healthcheck") else {
        return Vec::new();
    };
    keys::check(
        check,
        &[
            "test",
            "interval",
            "timeout",
            "retries",
            "start_period",
            "start_interval",
            "disable",
        ],
        "`healthcheck`",
        report,
    );
    let shell = |text: String| vec!["/bin/sh".to_owned(), "-c".to_owned(), text];
    let Some(test) = check.get("test") else {
        return Vec::new();
    };
    if test.text().is_some() {
        return words::text(test, report).map_or_else(Vec::new, shell);
    }
    let mut words = words::command(test, report).into_iter();
    match words.next().as_deref() {
        Some("CMD") => words.collect(),
        Some("CMD-SHELL") => words.next().map_or_else(Vec::new, shell),
        _ => Vec::new(),
    }
}

fn depends_on(node: &Node) -> Vec<(String, Place)> {
    let name = |node: &Node| Some((node.text()?.to_owned(), node.place));
    match node.get("depends_on").map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().filter_map(name).collect(),
        Some(Value::Map(entries)) => entries.iter().filter_map(|(key, _)| name(key)).collect(),
        _ => Vec::new(),
    }
}
