//! The little language of the tests: a home folder, the program, what came of it.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

/// What a test returns.
pub(crate) type Outcome = Result<(), Failed>;

/// Trials that the machine was too busy for.
static BUSY: AtomicUsize = AtomicUsize::new(0);

/// How the message of such a trial begins.
const TOO_BUSY: &str = "skipped, the machine is too busy: ";

/// A test of that name. One whose verdict the machine took back is skipped, and says so.
pub(crate) fn trial(
    name: impl Into<String>,
    test: impl FnOnce() -> Outcome + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, || match test() {
        Ok(()) => Ok(Completion::Completed),
        Err(failed) => match failed.message().filter(|text| text.starts_with(TOO_BUSY)) {
            Some(reason) => {
                BUSY.fetch_add(1, Ordering::Relaxed);
                println!("{reason}");
                Ok(Completion::ignored_with(reason))
            }
            None => Err(failed),
        },
    })
}

/// How many trials the machine was too busy for.
pub(crate) fn busy() -> usize {
    BUSY.load(Ordering::Relaxed)
}

/// How late the generator may be, in milliseconds, for a trial that expects one verdict: 99 % of
/// arrivals. On a machine that does nothing else it is under one.
const HONEST: f64 = 25.0;

/// Why a run shows nothing, neither of the system nor of the lab: its machine did other things.
/// `None` where its load was paced as on a machine of its own.
pub(crate) fn lateness(report: &Value) -> Option<Failed> {
    let phases = report["offered"].as_array()?.iter();
    let lag = phases.filter_map(|phase| phase["lag_p99_ms"].as_f64());
    let lag = lag.fold(0.0, f64::max);
    (lag > HONEST).then(|| format!("{TOO_BUSY}1 % of arrivals were over {lag:.0} ms late").into())
}

/// Fails with a message unless something holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+).into());
        }
    };
}
pub(crate) use ensure;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Builds the program as the tests were built; `LAB_PROGRAM` names another one.
pub(crate) fn build() -> Result<(), String> {
    let program = match std::env::var_os("LAB_PROGRAM") {
        Some(program) => PathBuf::from(program),
        None => cargo_build()?,
    };
    let program = program
        .canonicalize()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let _ = PROGRAM.set(program);
    Ok(())
}

fn cargo_build() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "lab"]);
    // target/PROFILE/deps/end-to-end-HASH
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = own
        .ancestors()
        .nth(2)
        .ok_or("the test binary stands nowhere")?;
    if folder.file_name().is_some_and(|name| name == "release") {
        command.arg("--release");
    }
    command.current_dir(repository());
    let status = command.status().map_err(|error| error.to_string())?;
    if status.success() {
        Ok(folder.join("lab"))
    } else {
        Err(format!("cargo build: {status}"))
    }
}

/// The repository's root.
pub(crate) fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A home folder with the program in reach.
pub(crate) struct Lab {
    home: TempDir,
}

/// What came of a call.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    /// The last run's report as JSON, where the call ended with a verdict.
    report: Option<Value>,
}

impl Lab {
    /// An empty home.
    pub(crate) fn new() -> Result<Self, Failed> {
        Ok(Self {
            home: tempfile::tempdir()?,
        })
    }

    /// The program.
    pub(crate) fn program() -> &'static Path {
        PROGRAM.get().map_or(Path::new("lab"), PathBuf::as_path)
    }

    /// The home folder.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file into the home and returns its name.
    pub(crate) fn file<'a>(
        &self,
        name: &'a str,
        content: impl AsRef<[u8]>,
    ) -> Result<&'a str, Failed> {
        fs::write(self.home().join(name), content)?;
        Ok(name)
    }

    /// A call that was prepared: no colour, no terminal.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Self::program());
        command
            .args(arguments)
            .current_dir(self.home())
            .env_remove("NO_COLOR")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    /// Calls the program and waits for its end.
    pub(crate) fn call(&self, arguments: &[&str]) -> Result<Ended, Failed> {
        let mut ended: Ended = self.command(arguments).output()?.into();
        let judges = matches!(arguments.first(), Some(&("run" | "gate")));
        if judges && matches!(ended.code, Some(0..=2)) {
            let report = ["report", "last", "--format", "json"];
            let report = self.command(&report).output()?.stdout;
            ended.report = serde_json::from_slice(&report).ok();
        }
        Ok(ended)
    }

    /// Starts the program in the background.
    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Child, Failed> {
        Ok(self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?)
    }

    /// The folder of the run that was made last.
    pub(crate) fn last_run(&self) -> Result<PathBuf, Failed> {
        let runs = self.home().join(".lab/runs");
        let mut found: Vec<_> = fs::read_dir(runs)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter_map(|path| Some((fs::metadata(&path).ok()?.created().ok()?, path)))
            .collect();
        found.sort();
        Ok(found.pop().ok_or("no run was kept")?.1)
    }

    /// Everything in the home but for the folder of runs.
    pub(crate) fn strays(&self) -> Result<Vec<OsString>, Failed> {
        let names = fs::read_dir(self.home())?.filter_map(|entry| Some(entry.ok()?.file_name()));
        Ok(names.filter(|name| name != ".lab").collect())
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            report: None,
        }
    }
}

impl fmt::Debug for Ended {
    /// What a user saw; the report as JSON would bury it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended")
            .field("code", &self.code)
            .field("out", &self.out)
            .field("err", &self.err)
            .finish_non_exhaustive()
    }
}

impl Ended {
    /// Why a run shows nothing.
    pub(crate) fn lateness(&self) -> Option<Failed> {
        self.report.as_ref().and_then(lateness)
    }

    /// Checks the exit code; a failure shows all that was said. Another verdict than the expected
    /// one skips the trial where the machine was too busy for any.
    pub(crate) fn expect(self, code: i32) -> Result<Self, Failed> {
        if self.code != Some(code)
            && let Some(busy) = self.lateness()
        {
            return Err(busy);
        }
        ensure!(
            self.code == Some(code),
            "expected exit code {code}: {self:#?}"
        );
        Ok(self)
    }

    /// Checks that a text was said, on whatever stream.
    pub(crate) fn says(self, text: &str) -> Result<Self, Failed> {
        let said = self.out.contains(text) || self.err.contains(text);
        ensure!(said, "nobody said {text:?}: {self:#?}");
        Ok(self)
    }
}

/// Waits until something holds, for a generous while.
pub(crate) fn eventually(within: Duration, holds: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    loop {
        if holds() {
            return true;
        }
        if begun.elapsed() > within {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
