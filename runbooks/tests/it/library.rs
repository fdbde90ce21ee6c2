//! The library's runbooks are read without a word, and have all that a runbook should have.

use std::fs;
use std::path::Path;

use lab_runbooks::mutation::{Mutant, mutants};
use lab_runbooks::{Kind, Runbook, Runnable, plan, target};

use crate::of;

/// The runbooks of a folder of this crate, each with its file's name.
fn folder(name: &str) -> Vec<(String, Runbook)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let entries = fs::read_dir(folder).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.is_file()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let reading = of(&name, fs::read(path).unwrap());
        assert_eq!(
            reading.diagnostics().count(),
            (0, 0),
            "{name}: {}",
            reading.diagnostics()
        );
        (name, reading.into_runbook().unwrap().0)
    };
    files.iter().map(read).collect()
}

#[test]
fn every_runbook_of_the_library_is_whole() {
    let library = folder("library");
    assert!(library.len() >= 6);
    for (name, runbook) in library {
        let header = runbook.header().unwrap();
        assert!(
            !header.faults.is_empty() && !header.not_for.is_empty(),
            "{name}"
        );
        assert!(
            header.oracles.iter().all(|oracle| target(oracle).is_some()),
            "{name}"
        );
        let reference = header.reference.as_deref().unwrap();
        let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("library")
            .join(reference);
        assert!(beside.is_file(), "{name}: {reference}");
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Manual) {
            let mut blocks = runbook.blocks().iter().filter(|block| block.kind == kind);
            let runs = blocks.any(|block| matches!(block.runnable, Runnable::Runnable { .. }));
            assert!(runs, "{name} has no {kind} that runs");
        }
    }
}

#[test]
fn references_are_read_without_a_word() {
    assert_eq!(folder("library/references").len(), folder("library").len());
}

#[test]
fn what_is_declared_equivalent_exists() {
    for (name, runbook) in folder("library") {
        let names: Vec<String> = mutants(&runbook, &plan(&runbook))
            .iter()
            .map(Mutant::name)
            .collect();
        for declared in &runbook.header().unwrap().equivalents {
            assert!(
                names.contains(&declared.mutant),
                "{name}: {} of {names:?}",
                declared.mutant
            );
        }
    }
}
