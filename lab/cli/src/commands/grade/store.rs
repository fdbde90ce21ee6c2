//! The session's file: one line for each trial that is over, written at once.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lab_drivers::folder::{self, JOURNAL};
use lab_model::Journal;
use lab_runbooks::session::{Done, Line, Report, Session, Trial, judge, read};

/// The file's name.
const FILE: &str = "grade.jsonl";

/// A session on disk.
pub(super) struct Store {
    /// The folder of runs.
    runs: PathBuf,
    /// The session's own folder among them.
    folder: PathBuf,
    session: Session,
    done: Vec<Done>,
    closed: bool,
}

impl Store {
    /// Goes on with an interrupted session of the same, or begins one.
    pub(super) fn open(runs: &Path, session: &Session, fresh: bool) -> io::Result<Self> {
        let earlier = list(runs).into_iter().rev().filter(|_| !fresh);
        let same = |store: &Self| store.session == *session && !store.closed;
        if let Some(store) = earlier
            .filter_map(|folder| Self::read(runs, folder))
            .find(same)
        {
            return Ok(store);
        }
        fs::create_dir_all(runs)?;
        let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        let name = format!("{date}-graded-{}-{}", session.runbook, session.seed);
        let mut number = 1;
        let folder = loop {
            let name = match number {
                1 => name.clone(),
                _ => format!("{name}.{number}"),
            };
            let folder = runs.join(name);
            match fs::create_dir(&folder) {
                Ok(()) => break folder,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        };
        let mut store = Self {
            runs: runs.to_owned(),
            folder,
            session: session.clone(),
            done: Vec::new(),
            closed: false,
        };
        store.write(&Line::Opened(Box::new(session.clone())))?;
        Ok(store)
    }

    /// The session of that name: its folder, a path to it, or the beginning of its name.
    pub(super) fn find(runs: &Path, wanted: &str) -> Option<Self> {
        let path = Path::new(wanted);
        if path.join(FILE).is_file() {
            return Self::read(path.parent()?, path.to_owned());
        }
        let called = |folder: &PathBuf| {
            let name = folder
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            name.unwrap_or_default()
        };
        let folders = list(runs);
        let exact = folders.iter().find(|folder| called(folder) == wanted);
        let mut begin = folders
            .iter()
            .filter(|folder| called(folder).starts_with(wanted));
        let only = begin.next().filter(|_| begin.next().is_none());
        Self::read(runs, exact.or(only)?.clone())
    }

    fn read(runs: &Path, folder: PathBuf) -> Option<Self> {
        let text = fs::read_to_string(folder.join(FILE)).ok()?;
        let (session, done, closed) = read(&text)?;
        Some(Self {
            runs: runs.to_owned(),
            folder,
            session,
            done,
            closed,
        })
    }

    pub(super) fn name(&self) -> String {
        let name = self.folder.file_name();
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    pub(super) fn has(&self, trial: &Trial) -> bool {
        self.done.iter().any(|done| &done.trial == trial)
    }

    /// The journal of a trial's run that is over.
    pub(super) fn journal(&self, wanted: impl Fn(&Trial) -> bool) -> Option<Journal> {
        let done = self.done.iter().find(|done| wanted(&done.trial))?;
        let bytes = fs::read(self.runs.join(done.run.as_str()).join(JOURNAL)).ok()?;
        Journal::read(&bytes).ok()
    }

    pub(super) fn add(&mut self, done: Done) -> io::Result<()> {
        self.write(&Line::Trial(done.clone()))?;
        self.done.push(done);
        Ok(())
    }

    pub(super) fn close(&mut self) -> io::Result<()> {
        self.write(&Line::Closed)?;
        self.closed = true;
        Ok(())
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line).map_err(io::Error::other)?;
        text.push('\n');
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .append(true)
            .open(self.folder.join(FILE))?;
        file.write_all(text.as_bytes())
    }

    /// What the session comes to, from its journals as they are on disk.
    pub(super) fn report(&self) -> Report {
        let mut tampered = Vec::new();
        let mut tries = Vec::new();
        for done in &self.done {
            let path = self.runs.join(done.run.as_str()).join(JOURNAL);
            let bytes = fs::read(path).ok();
            if let Some(bytes) = &bytes
                && folder::digest(bytes) != done.journal
            {
                tampered.push(done.run.to_string());
            }
            let journal = bytes.and_then(|bytes| Journal::read(&bytes).ok());
            tries.push((done.clone(), journal));
        }
        judge(&self.session, &tries, &tampered, self.closed)
    }
}

/// The folders of sessions, oldest first.
pub(super) fn list(runs: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(runs).into_iter().flatten();
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<_> = folders
        .filter_map(|folder| {
            let written = fs::metadata(folder.join(FILE)).ok()?.modified().ok()?;
            Some((written, folder))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, folder)| folder).collect()
}
