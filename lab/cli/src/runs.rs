//! Kept runs: by id, by the beginning of one, by path, or the last.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use lab_drivers::folder::JOURNAL;
use lab_model::Journal;

/// Why there is no such run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// No run is kept at all.
    #[error("no runs are kept in {}", .0.display())]
    None(PathBuf),
    /// Nothing fits.
    #[error("no run is called `{0}`")]
    Unknown(String),
    /// More than one fits.
    #[error("`{wanted}` is the beginning of {}", names.join(" and of "))]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The runs.
        names: Vec<String>,
    },
    /// The journal is not readable.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The journal.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The folders of kept runs, oldest first.
pub(crate) fn list(runs: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(runs) else {
        return vec![];
    };
    let mut found: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let written = fs::metadata(path.join(JOURNAL)).ok()?;
            Some((written.modified().ok()?, path))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// All folders below that of runs, in the order of their names; of some no journal can be read yet.
pub(crate) fn folders(runs: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(runs).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    found.sort();
    found
}

/// The folder of the run that is meant.
pub(crate) fn find(runs: &Path, wanted: &str) -> Result<PathBuf, RunError> {
    let kept = list(runs);
    if wanted == "last" {
        return kept
            .last()
            .cloned()
            .ok_or_else(|| RunError::None(runs.to_owned()));
    }
    let path = Path::new(wanted);
    if path.join(JOURNAL).is_file() {
        return Ok(path.to_owned());
    }
    if path.file_name().is_some_and(|name| name == JOURNAL) && path.is_file() {
        return Ok(path.parent().unwrap_or(Path::new(".")).to_owned());
    }
    let called = |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().into_owned());
    let fits = |exact: bool| -> Vec<&PathBuf> {
        kept.iter()
            .filter(|path| {
                called(path).is_some_and(|n| {
                    if exact {
                        n == wanted
                    } else {
                        n.starts_with(wanted)
                    }
                })
            })
            .collect()
    };
    for exact in [true, false] {
        match fits(exact).as_slice() {
            [] => {}
            [one] => return Ok((*one).clone()),
            several => {
                let names = several.iter().filter_map(|path| called(path)).collect();
                return Err(RunError::Ambiguous {
                    wanted: wanted.to_owned(),
                    names,
                });
            }
        }
    }
    Err(RunError::Unknown(wanted.to_owned()))
}

/// A run's journal.
pub(crate) fn journal(folder: &Path) -> Result<Journal, RunError> {
    let path = folder.join(JOURNAL);
    let unreadable = |reason: String| RunError::Unreadable {
        path: path.clone(),
        reason,
    };
    let bytes = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
    Journal::read(&bytes).map_err(|error| unreadable(error.to_string()))
}
