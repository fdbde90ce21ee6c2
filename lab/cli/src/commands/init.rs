//! `lab init`: a first scenario, a policy, and pipeline files; asks nothing, replaces nothing.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use lab_model::Exit;

use crate::text;

/// What is written, and where.
const FILES: [(&str, &str); 4] = [
    (
        "scenarios/first.yaml",
        include_str!("../init/scenario.yaml"),
    ),
    ("gate.yaml", include_str!("../init/policy.yaml")),
    (
        ".github/workflows/resilience.yml",
        include_str!("../init/github.yml"),
    ),
    (
        ".gitlab-ci.resilience.yml",
        include_str!("../init/gitlab.yml"),
    ),
];

pub(crate) fn run() -> Exit {
    let mut exit = Exit::Pass;
    for (path, content) in FILES {
        match written(Path::new(path), content) {
            Ok(()) => text::out(&format!("wrote {path}\n")),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                text::out(&format!("kept  {path}: it is there already\n"));
            }
            Err(error) => {
                text::error(&format!("{path}: {error}"), "");
                exit = Exit::Environment;
            }
        }
    }
    if exit == Exit::Pass {
        text::out("next: lab gate scenarios/first.yaml --policy gate.yaml\n");
    }
    exit
}

fn written(path: &Path, content: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create_new(path)?.write_all(content.as_bytes())
}
