//! Accepted runs as they are kept in a repository: `FOLDER/SCENARIO/RUN.json`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use lab_model::accepted::Summary;
use lab_model::date::Date;
use lab_verdict::across;

use crate::runs;

/// More bytes than this no accepted run has.
const MOST_BYTES: u64 = 16 << 20;

/// The day, in UTC, as journals have it.
pub(crate) fn today() -> Date {
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    // Cannot fail in this millennium; a clock beyond it has no accepted runs either.
    today.parse().unwrap_or(Date::FIRST)
}

/// Every accepted run of a folder, the last one of a scenario first; none where there is no folder.
pub(crate) fn all(folder: &Path) -> Result<Vec<Summary>, String> {
    let mut found: Vec<Summary> = Vec::new();
    for scenario in entries(folder)? {
        if scenario.is_dir() {
            for path in entries(&scenario)? {
                if path.extension().is_some_and(|ending| ending == "json") {
                    found.push(read(&path)?);
                }
            }
        }
    }
    found.sort_by(|a, b| (b.on, b.run.as_str()).cmp(&(a.on, a.run.as_str())));
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{}: {error}", folder.display())),
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    Ok(paths)
}

/// One accepted run.
pub(crate) fn read(path: &Path) -> Result<Summary, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| named(&error))?;
    file.take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| named(&error))?;
    Summary::read(&bytes).map_err(|error| named(&error))
}

/// What a word on the command line means: the file of an accepted run, the name of a scenario that
/// has one, or a kept run.
pub(crate) fn find(word: &str, runs: &Path, accepted: &Path) -> Result<Summary, String> {
    let path = Path::new(word);
    if path.is_file() && path.extension().is_some_and(|ending| ending == "json") {
        return read(path);
    }
    let known = all(accepted)?;
    if let Some(summary) = known.into_iter().find(|one| one.scenario.as_str() == word) {
        return Ok(summary);
    }
    let folder = runs::find(runs, word).map_err(|error| error.to_string())?;
    let journal = runs::journal(&folder).map_err(|error| error.to_string())?;
    across::summary(&journal).ok_or_else(|| format!("{word}: its journal tells no day"))
}

/// Keeps an accepted run; never over another.
pub(crate) fn keep(folder: &Path, summary: &Summary) -> Result<PathBuf, String> {
    let folder = folder.join(summary.scenario.as_str());
    let path = folder.join(format!("{}.json", summary.run));
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(&folder).map_err(named)?;
    let mut file = File::create_new(&path).map_err(named)?;
    file.write_all(summary.text().as_bytes()).map_err(named)?;
    Ok(path)
}
