//! Volumes of a compose file. Named ones become volumes of the run and go with it; folders of the
//! user's own are only read, so that no rehearsal changes them.

use std::path::{Path, PathBuf};

use lab_diagnostic::{Finding, Place};
use lab_model::Name;
use lab_model::container::{Mount, MountSource};

use super::words;
use crate::code::Code;
use crate::tree::{Node, Report, Value};

pub(super) fn read(service: &Name, node: &Node, folder: &Path, report: &Report) -> Vec<Mount> {
    let mut mounts = Vec::new();
    if let Some(Value::List(items)) = node.get("volumes").map(|node| &node.value) {
        for (index, item) in items.iter().enumerate() {
            let parts = match &item.value {
                Value::Map(_) => long(item, report),
                _ => words::text(item, report).and_then(|text| short(&text)),
            };
            let Some((source, target, read_only)) = parts else {
                let message = "this mount is not understood and has no effect";
                report.add(Finding::new(Code::NotUnderstood, item.place, message));
                continue;
            };
            let from = from(service, index, source.as_deref(), folder);
            mounts.extend(from.map(|from| mount(from, target, read_only, item.place, report)));
        }
    }
    mounts.extend(memory(node, report));
    mounts
}

type Parts = (Option<String>, String, bool);

/// `[SOURCE:]TARGET[:ro]`
fn short(text: &str) -> Option<Parts> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        [target] => Some((None, (*target).to_owned(), false)),
        [source, target] => Some((Some((*source).to_owned()), (*target).to_owned(), false)),
        [source, target, mode] => {
            let read_only = mode.split(',').any(|word| word == "ro");
            Some((Some((*source).to_owned()), (*target).to_owned(), read_only))
        }
        _ => None,
    }
}

fn long(node: &Node, report: &Report) -> Option<Parts> {
    let text = |key: &str| node.get(key).and_then(|node| words::text(node, report));
    let source = match text("type")?.as_str() {
        "tmpfs" => Some(MEMORY.to_owned()),
        "bind" => Some(match text("source")? {
            path if path.starts_with(['.', '/', '~']) => path,
            path => format!("./{path}"),
        }),
        "volume" => text("source"),
        _ => return None,
    };
    let read_only = text("read_only").is_some_and(|text| text == "true");
    Some((source, text("target")?, read_only))
}

/// No path and no name of a volume.
const MEMORY: &str = "\0memory";

fn from(service: &Name, index: usize, source: Option<&str>, folder: &Path) -> Option<MountSource> {
    match source {
        Some(MEMORY) => Some(MountSource::Memory),
        Some(path) if path.starts_with(['.', '/', '~']) => {
            let path = Path::new(path);
            Some(MountSource::Host(lexical(&folder.join(path))))
        }
        Some(name) => Name::new(&name.to_lowercase())
            .ok()
            .map(MountSource::Volume),
        None => Name::new(&format!("{service}-{index}"))
            .ok()
            .map(MountSource::Volume),
    }
}

/// A path without `.` and `..`, as an engine wants it; nothing is looked up.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

fn mount(from: MountSource, to: String, read_only: bool, place: Place, report: &Report) -> Mount {
    let own = matches!(from, MountSource::Host(_));
    if own && !read_only {
        let message = "a folder of yours is only read";
        report.add(
            Finding::new(Code::NotUnderstood, place, message)
                .help("write `:ro` behind it, or use a named volume, which goes with the run"),
        );
    }
    Mount {
        from,
        to,
        read_only: read_only || own,
    }
}

fn memory(node: &Node, report: &Report) -> Vec<Mount> {
    let Some(tmpfs) = node.get("tmpfs") else {
        return Vec::new();
    };
    let targets = match &tmpfs.value {
        Value::List(items) => items
            .iter()
            .filter_map(|i| words::text(i, report))
            .collect(),
        _ => words::text(tmpfs, report).into_iter().collect::<Vec<_>>(),
    };
    let mount = |to| Mount {
        from: MountSource::Memory,
        to,
        read_only: false,
    };
    targets.into_iter().map(mount).collect()
}
