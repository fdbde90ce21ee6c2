//! `lab rehearse`: a system, a shell, and a failure that somebody handles by hand.
//!
//! | file | what lives there |
//! |---|---|
//! | `hidden` | the program begins anew, so that no command line tells what is rehearsed |
//! | `stage` | from the command line to a plan and what is brought about |
//! | `sitting` | the run, with somebody in the seat |
//! | `terminal` | the user's terminal, lent to the shell and recorded |
//! | `program` | a program in the seat, over HTTP |
//! | `say` | what is said from inside: `declare`, `message`, `done` and the others |
//! | `status` | how it stands, in a second terminal |
//! | `prompt` | the line above each prompt of the shell |
//! | `replay` | the recording, with what broke and what held |

mod hidden;
mod program;
pub(crate) mod prompt;
pub(crate) mod replay;
pub(crate) mod say;
mod sitting;
mod stage;
mod status;
mod terminal;

use std::fs;
use std::path::Path;

use lab_drivers::folder::{self, JOURNAL};
use lab_model::container::Runtime;
use lab_model::{Exit, Journal};
use lab_report::{debrief, retro as minutes};
use lab_runbooks::grade::Verdict;
use lab_runbooks::seat::{Ending, Review, review};

pub(crate) use hidden::again;

use crate::arguments::{Color, Driver, Rehearse, Retro};
use crate::commands::run::{exit_of, help_for};
use crate::{runs, sweep, text};

/// The file with the digest of the journal as the lab wrote it.
const SEAL: &str = "seal";

pub(crate) fn run(options: &Rehearse, color: Color) -> Exit {
    if options.status {
        return status::run(options, color);
    }
    if options.hidden {
        return hidden::begin();
    }
    rehearse(options, color)
}

/// From the brief to the debrief.
fn rehearse(options: &Rehearse, color: Color) -> Exit {
    if options.api.is_none() && !lab_drivers::seat::Terminal::is_there() {
        let help = "start it in a terminal of your own, or with --api for a program";
        text::error("a rehearsal needs a terminal", help);
        return Exit::Usage;
    }
    if options.driver != Driver::Processes {
        lab_drivers::containers::engine::point_client();
    }
    let staged = match stage::stage(options, color) {
        Ok(staged) => staged,
        Err(exit) => return exit,
    };
    let uses_engine = staged.planned.runtime == Runtime::Containers;
    for swept in sweep::sweep(&options.kept.out, uses_engine) {
        text::note(&format!("swept {swept}"));
    }
    let style = text::style(color, &std::io::stdout());
    if options.api.is_none() {
        text::out(&lab_report::brief::text(
            &staged.sitting.rehearsal,
            &staged.planned.plan,
            staged.runbook.as_deref(),
            &style,
        ));
    }
    let sat = sitting::sit(options, staged);
    match sat {
        Ok((folder, digest)) => {
            let _ = fs::write(folder.join(SEAL), digest);
            conclude(&folder, options.api.is_some(), color)
        }
        Err(failure) => {
            text::error(&failure.to_string(), help_for(&failure));
            exit_of(&failure)
        }
    }
}

/// Reviews a kept rehearsal; `None` where the folder's run is none.
fn reviewed(folder: &Path) -> Option<Review> {
    let bytes = fs::read(folder.join(JOURNAL)).ok()?;
    let journal = Journal::read(&bytes).ok()?;
    let sealed = fs::read_to_string(folder.join(SEAL)).ok();
    let tampered = sealed.is_some_and(|sealed| sealed.trim() != folder::digest(&bytes));
    review(&journal, tampered)
}

/// Says what it came to.
fn conclude(folder: &Path, json: bool, color: Color) -> Exit {
    let Some(review) = reviewed(folder) else {
        let help = "the services' logs are in its folder, under logs";
        let message = format!("{}: the system never ran", folder.display());
        text::error(&message, help);
        return Exit::Environment;
    };
    let style = text::style(color, &std::io::stdout());
    text::out(&if json {
        debrief::json(&review)
    } else {
        debrief::terminal(&review, &style)
    });
    exit(&review)
}

fn exit(review: &Review) -> Exit {
    match review.verdict {
        Verdict::Unknown if review.ending == Ending::Interrupted => Exit::Interrupted,
        Verdict::Pass => Exit::Pass,
        Verdict::Fail => Exit::Fail,
        Verdict::Unknown => Exit::Inconclusive,
    }
}

/// Shows a debrief again, if a name is that of a rehearsal: for `lab report`.
pub(crate) fn shown_again(out: &Path, wanted: &str, format: &str, color: Color) -> Option<Exit> {
    let json = match format {
        "terminal" => false,
        "json" => true,
        _ => return None,
    };
    let folder = runs::find(out, wanted).ok()?;
    reviewed(&folder)?;
    Some(conclude(&folder, json, color))
}

/// `lab retro`: the retrospective in Markdown.
pub(crate) fn retro(options: &Retro) -> Exit {
    let found = runs::find(&options.kept.out, &options.run);
    match found.map(|folder| reviewed(&folder)) {
        Ok(Some(review)) => {
            text::out(&minutes::markdown(&review));
            Exit::Pass
        }
        Ok(None) => {
            let message = format!("{} is no rehearsal", options.run);
            text::error(&message, "lab rehearse SCENARIO makes one");
            Exit::Usage
        }
        Err(error) => {
            text::error(&error.to_string(), "lab list --runs");
            Exit::Usage
        }
    }
}
