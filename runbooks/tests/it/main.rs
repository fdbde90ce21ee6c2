//! Runbooks as people write them, read through the public interface.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

mod library;
mod robustness;
mod shown;
mod table;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use lab_runbooks::{Reading, Source, read};

/// The names of all files in `tests/files`, without `.md`.
fn files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = paths
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// Reads one of `tests/files`.
fn file(name: &str) -> Reading {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/files/{name}.md"));
    of(&format!("{name}.md"), fs::read(path).unwrap())
}

fn of(name: &str, bytes: impl Into<Vec<u8>>) -> Reading {
    read(&Arc::new(Source::new(name, bytes.into()).unwrap()))
}
