//! `lab grade`: a runbook executed against the failures it is for, and what that was worth.
//!
//! | file | what lives there |
//! |---|---|
//! | `subject` | the runbook with its reference, variables and mutants |
//! | `incident` | from a trial to a plan and what happens in it |
//! | `trial` | one trial: a run, conducted |
//! | `store` | the session's file: what is over, and where to go on |

pub(super) mod incident;
mod store;
mod subject;
mod trial;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use lab_engine::stop::Urgency;
use lab_engine::{Failure, Stop};
use lab_model::Exit;
use lab_model::container::Runtime;
use lab_report::{graded, html, junit};
use lab_runbooks::grade::Verdict;
use lab_runbooks::session::{Report, Trial, trials};

use self::store::Store;
use self::subject::Subject;
use crate::arguments::{Color, Driver, Kept};
use crate::commands::run::listen;
use crate::{sweep, text};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[command(after_help = "\
Exit codes: 0 pass, 1 fail, 2 the lab cannot say, 3 the runbook or the usage is wrong, 4 the
environment or the lab failed, 130 or 143 interrupted: the same command goes on from there.
Example: lab grade rollback.md --quick")]
pub(crate) struct Grade {
    /// A Markdown file, written for the lab.
    pub(crate) runbook: String,

    /// The failure, instead of those that the runbook names: a scenario's name or path; may be
    /// given several times.
    #[arg(long = "scenario", value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<String>,

    /// One run against each failure, and no mutants.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Run it against its own failures alone, not in a healthy system nor under another failure.
    #[arg(long)]
    pub(crate) own_only: bool,

    /// Runs against each failure: 3, or 1 with --quick.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) runs: Option<u32>,

    /// Runs of each mutant: 3, or none with --quick.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) mutant_runs: Option<u32>,

    /// Give a variable of the runbook a value; may be given several times.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<String>,

    /// Decides every random choice.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto)]
    pub(crate) driver: Driver,

    /// Begin anew, also where an interrupted session of the same could go on.
    #[arg(long)]
    pub(crate) fresh: bool,

    /// The report as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

/// What a trial takes until one has been timed.
const GUESS: Duration = Duration::from_secs(30);

pub(crate) fn run(options: &Grade, color: Color) -> Exit {
    let subject = match Subject::read(options, color) {
        Ok(subject) => subject,
        Err(exit) => return exit,
    };
    for swept in sweep::sweep(&options.kept.out, options.driver == Driver::Containers) {
        text::note(&format!("swept {swept}"));
    }
    if options.driver.runtime() == Some(Runtime::Containers) {
        lab_drivers::containers::engine::point_client();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = runtime
        .map_err(|error| Failure::new("lab", error))
        .and_then(|runtime| runtime.block_on(session(options, &subject)));
    match ended {
        Ok(Ended::Over(store)) => {
            let shape = if options.json {
                Shape::Json
            } else {
                Shape::Terminal
            };
            conclude(&store, shape, color)
        }
        Ok(Ended::Stopped(signal)) => {
            text::note("stopped · the same command goes on from here");
            if signal == 15 {
                Exit::Terminated
            } else {
                Exit::Interrupted
            }
        }
        Err(failure) => {
            text::error(
                &failure.to_string(),
                "lab doctor says what this machine can do",
            );
            Exit::Environment
        }
    }
}

enum Ended {
    Over(Box<Store>),
    Stopped(i32),
}

/// Runs every trial that is not over yet.
async fn session(options: &Grade, subject: &Subject) -> Result<Ended, Failure> {
    let stop = Stop::new();
    listen(&stop)?;
    let failed = |error: std::io::Error| Failure::new("session", error);
    let mut store =
        Store::open(&options.kept.out, &subject.session, options.fresh).map_err(failed)?;
    let all = trials(&subject.session);
    let open: Vec<&Trial> = all.iter().filter(|trial| !store.has(trial)).collect();
    if open.len() < all.len() {
        let over = all.len() - open.len();
        text::note(&format!("goes on: {over} of {} trials are over", all.len()));
    }
    let (begun, count) = (Instant::now(), open.len());
    for (number, trial) in open.into_iter().enumerate() {
        let each = match u32::try_from(number) {
            Ok(number @ 1..) => begun.elapsed() / number,
            _ => GUESS,
        };
        let left = each * u32::try_from(count - number).unwrap_or(u32::MAX);
        text::note(&format!(
            "trial {} of {}  {trial} · about {} left",
            all.len() - count + number + 1,
            all.len(),
            minutes(left)
        ));
        let done = trial::run(options, subject, &store, trial, &stop).await?;
        if let Some(signal) = stopped(&stop).await {
            return Ok(Ended::Stopped(signal));
        }
        store.add(done).map_err(failed)?;
    }
    store.close().map_err(failed)?;
    Ok(Ended::Over(Box::new(store)))
}

/// The signal that asked for the end, if one did.
async fn stopped(stop: &Stop) -> Option<i32> {
    tokio::select! {
        biased;
        signal = stop.at_least(Urgency::Orderly) => Some(signal),
        () = std::future::ready(()) => None,
    }
}

fn minutes(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=90 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// In which form a grade is shown.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Terminal,
    Json,
    Junit,
    Html,
}

impl Shape {
    fn named(name: &str) -> Option<Self> {
        match name {
            "terminal" => Some(Self::Terminal),
            "json" => Some(Self::Json),
            "junit" => Some(Self::Junit),
            "html" => Some(Self::Html),
            _ => None,
        }
    }
}

/// Judges the session from what is on disk, and prints.
fn conclude(store: &Store, shape: Shape, color: Color) -> Exit {
    let report = store.report();
    let style = text::style(color, &std::io::stdout());
    let name = store.name();
    text::out(&match shape {
        Shape::Terminal => graded::terminal(&report, &name, &style),
        Shape::Json => graded::json(&report),
        Shape::Junit => junit::graded(&report, &name),
        Shape::Html => html::graded(&report, &name),
    });
    exit(&report)
}

fn exit(report: &Report) -> Exit {
    match report.verdict {
        Verdict::Pass => Exit::Pass,
        Verdict::Fail => Exit::Fail,
        Verdict::Unknown => Exit::Inconclusive,
    }
}

/// Shows a grade again, if a name is that of one: for `lab report`.
pub(crate) fn again(out: &Path, wanted: &str, format: &str, color: Color) -> Option<Exit> {
    let format = Shape::named(format)?;
    let store = Store::find(out, wanted)?;
    Some(conclude(&store, format, color))
}

/// The folders of sessions among those of runs: for `lab clean`.
pub(crate) fn sessions(out: &Path) -> impl Iterator<Item = PathBuf> {
    store::list(out).into_iter()
}
