//! The folder of a run: `.lab/runs/<id>/` with journal, ledger, lease, logs and data of services.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lab_engine::Failure;
use lab_engine::seam::Sink;
use lab_model::{Name, Record, RunId, journal};
use lab_wire::hexadecimal;
use sha2::{Digest, Sha256};

/// The journal's file name.
pub const JOURNAL: &str = "journal.jsonl";
/// The ledger of acknowledged writes.
pub const LEDGER: &str = "ledger.jsonl";
/// Where services' logs are.
pub const LOGS: &str = "logs";
/// Where services keep their data.
pub const DATA: &str = "data";

/// Makes the folder of a new run below `runs`; a name that exists gets a number: `…-7.2`.
pub fn create(runs: &Path, name: &str) -> Result<(RunId, PathBuf), Failure> {
    let broken = |path: &Path, error: &io::Error| {
        Failure::new(
            "run folder",
            format!("cannot create {}: {error}", path.display()),
        )
    };
    fs::create_dir_all(runs).map_err(|error| broken(runs, &error))?;
    for number in 1_u32.. {
        let text = if number == 1 {
            name.to_owned()
        } else {
            format!("{name}.{number}")
        };
        let run = RunId::new(&text).map_err(|error| Failure::new("run folder", error))?;
        let folder = runs.join(run.as_str());
        match fs::create_dir(&folder) {
            Ok(()) => {
                let folder = folder
                    .canonicalize()
                    .map_err(|error| broken(&folder, &error))?;
                for part in [LOGS, DATA] {
                    let part = folder.join(part);
                    fs::create_dir(&part).map_err(|error| broken(&part, &error))?;
                }
                return Ok((run, folder));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(broken(&folder, &error)),
        }
    }
    Err(Failure::new("run folder", "no free name"))
}

/// The log of a service.
pub(crate) fn log_path(folder: &Path, service: &Name) -> PathBuf {
    folder.join(LOGS).join(format!("{service}.log"))
}

/// The last lines of a text file, at most `count`, each cut at 400 characters.
pub(crate) fn last_lines(path: &Path, count: usize) -> Vec<String> {
    let Ok(bytes) = read_tail(path, 32 << 10) else {
        return vec![];
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(count);
    lines[from..]
        .iter()
        .map(|line| line.chars().take(400).collect())
        .collect()
}

fn read_tail(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// SHA-256 of bytes, hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// SHA-256 of a journal as it is written: who else writes to its file is found out.
#[derive(Debug, Clone, Default)]
pub struct Seal(std::sync::Arc<std::sync::Mutex<Sha256>>);

impl Seal {
    /// Of everything taken so far, hexadecimal.
    pub fn digest(&self) -> String {
        let hash = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        hexadecimal(&hash.clone().finalize())
    }

    pub(crate) fn add(&self, bytes: &[u8]) {
        let mut hash = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        hash.update(bytes);
    }
}

impl Sink for Seal {
    fn take(&mut self, record: &Record) -> Result<(), Failure> {
        self.add(journal::line(record).as_bytes());
        Ok(())
    }
}

/// Writes the journal: one line an entry, handed to the operating system at once, so that a crash
/// of the lab loses nothing that happened before it.
pub struct JournalFile {
    file: File,
}

impl JournalFile {
    /// Creates the journal in a run's folder.
    pub fn create(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(JOURNAL);
        OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(&path)
            .map(|file| Self { file })
            .map_err(|error| {
                Failure::new(
                    "journal",
                    format!("cannot create {}: {error}", path.display()),
                )
            })
    }
}

impl Sink for JournalFile {
    fn take(&mut self, record: &Record) -> Result<(), Failure> {
        self.file
            .write_all(journal::line(record).as_bytes())
            .map_err(|error| Failure::new("journal", format!("cannot be written: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_of_the_same_name_gets_a_number() {
        let home = tempfile::tempdir().unwrap();
        let (first, _) = create(home.path(), "2026-01-01-a-7").unwrap();
        let (second, folder) = create(home.path(), "2026-01-01-a-7").unwrap();
        assert_eq!(
            (first.as_str(), second.as_str()),
            ("2026-01-01-a-7", "2026-01-01-a-7.2")
        );
        assert!(folder.join(LOGS).is_dir());
    }

    #[test]
    fn the_last_lines_of_a_log() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.log");
        let lines: Vec<String> = (1..=30).map(|n| format!("line {n}")).collect();
        fs::write(
            &path,
            lines.join(
                "
",
            ),
        )
        .unwrap();
        assert_eq!(last_lines(&path, 2), ["line 29", "line 30"]);
        assert!(last_lines(&home.path().join("none"), 2).is_empty());
    }
}
