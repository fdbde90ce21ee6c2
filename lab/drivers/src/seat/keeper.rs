//! A journal that nobody can read before the end: what breaks, and when, stands in it.
//!
//! `lab __keep FOLDER` holds what is written to its standard input in memory and writes the file when
//! that ends: with the run, or with the lab, by whatever signal. So nothing of the record is lost
//! with the lab, and nothing of it can be found before. It carries no mark of the run.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};

use lab_engine::Failure;
use lab_engine::seam::Sink;
use lab_model::{Record, journal};
use rustix::process::setsid;

use crate::folder::JOURNAL;
use crate::processes::MARK;

/// Writes the journal into memory elsewhere.
pub struct Keeper {
    pipe: ChildStdin,
}

impl Keeper {
    /// Starts the process; it ends once the keeper is dropped and the file is written.
    pub fn start(program: &Path, folder: &Path) -> Result<(Self, Child), Failure> {
        let broken = |error: io::Error| Failure::new("journal", error);
        let mut child = Command::new(program)
            .arg("__keep")
            .arg(folder)
            .env_remove(MARK)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(broken)?;
        let pipe = child.stdin.take();
        let pipe = pipe.ok_or_else(|| Failure::new("journal", "its keeper has no pipe"))?;
        Ok((Self { pipe }, child))
    }
}

impl Sink for Keeper {
    fn take(&mut self, record: &Record) -> Result<(), Failure> {
        let written = self.pipe.write_all(journal::line(record).as_bytes());
        written.map_err(|error| Failure::new("journal", format!("its keeper is gone: {error}")))
    }
}

/// Keeps what comes until there is no more, then writes the journal.
pub fn keep(folder: &Path) -> ExitCode {
    // Neither the lab's terminal nor its group ends it.
    let _ = setsid();
    let mut all = Vec::new();
    // What was read before an error is kept.
    let _ = io::stdin().lock().read_to_end(&mut all);
    if all.is_empty() {
        return ExitCode::SUCCESS;
    }
    let mut options = OpenOptions::new();
    let file = options
        .create_new(true)
        .append(true)
        .open(folder.join(JOURNAL));
    match file.and_then(|mut file| file.write_all(&all)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab: the journal cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}
