//! The end of a report: the cause, what to try, how to run it again, and the verdict alone.

use lab_model::plan::Plan;
use lab_model::{Exit, Name};
use lab_verdict::outcome::Call;

use crate::format;
use crate::line::{Line, width};
use crate::page::Page;
use crate::run::Run;
use crate::style::Tone;
use crate::words;

/// The room of the words at the left.
const LABEL: usize = 9;

pub(super) fn write(page: &mut Page, run: &Run<'_>) {
    let plan = run.plan();
    if let Some(cause) = &run.verdict.cause {
        let cause = cause.strip_prefix("Because ").unwrap_or(cause);
        let label = Line::of(Tone::Strong, "Because");
        page.labelled(0, &label, LABEL, &Line::plain(cause));
    }
    if run.reached() && !run.verdict.limits.is_empty() {
        let limits = run.verdict.limits.join("; ");
        page.labelled(
            0,
            &Line::of(Tone::Quiet, "Unshown"),
            LABEL,
            &Line::plain(limits),
        );
    }
    if run.verdict.call == Call::Fail
        && let Some(arguments) = remedy(plan)
    {
        page.command("Try", LABEL, &arguments);
    }
    page.command("Again", LABEL, &plan.replay);
    kept(page, run);
    end(page, run);
}

/// The run again, with the author's setting; `None` where there is none or it is in force.
pub(crate) fn remedy(plan: &Plan) -> Option<Vec<String>> {
    let in_force = |setting: &&String| {
        let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
        let current = Name::new(name)
            .ok()
            .and_then(|name| plan.system.settings.get(&name));
        current.is_some_and(|current| current == value)
    };
    let open: Vec<&String> = plan
        .remedy
        .iter()
        .filter(|setting| !in_force(setting))
        .collect();
    if open.is_empty() {
        return None;
    }
    let with = open
        .into_iter()
        .flat_map(|setting| ["--with".to_owned(), setting.clone()]);
    Some(plan.replay.iter().cloned().chain(with).collect())
}

/// `Report   lab report RUN   kept in PATH`; the path is never broken.
fn kept(page: &mut Page, run: &Run<'_>) {
    let run_id = run.journal.opened.run.as_str();
    let command = format!("lab report {run_id}");
    let label = Line::of(Tone::Quiet, "Report").padded(LABEL);
    match run.kept {
        Some(path) if LABEL + command.len() + 10 + width(path) <= page.style().columns() => {
            page.whole(&label.join(Line::plain(format!("{command}  kept in {path}"))));
        }
        Some(path) => {
            page.whole(&label.join(Line::plain(command)));
            let label = Line::of(Tone::Quiet, "Kept in").padded(LABEL);
            page.whole(&label.join(Line::plain(path)));
        }
        None => page.whole(&label.join(Line::plain(command))),
    }
}

/// `FAIL in 78 s`, with what cut the run short.
fn end(page: &mut Page, run: &Run<'_>) {
    let call = run.verdict.call;
    let took = format::elapsed(run.took());
    let mut text = if run.verdict.complete {
        format!(" in {took}")
    } else {
        format!(", incomplete: the journal ends after {took}")
    };
    if let Some(cut) = cut(run) {
        text.push_str(" · ");
        text.push_str(&cut);
    }
    let word = Line::of(words::tone(call), words::alone(call));
    page.line(0, &word.then(Tone::Plain, text));
}

/// What ended the run before its time.
pub(crate) fn cut(run: &Run<'_>) -> Option<String> {
    let life = &run.tally.life;
    match run.verdict.exit {
        Exit::Interrupted => Some("interrupted".to_owned()),
        Exit::Terminated => Some("terminated".to_owned()),
        Exit::CleanUp => Some("clean-up is incomplete".to_owned()),
        Exit::Aborted => {
            let condition = life.aborted.and_then(|index| run.plan().abort.get(index));
            Some(match condition {
                Some(condition) => format!("stopped: {condition}"),
                None => "stopped by an abort condition".to_owned(),
            })
        }
        Exit::Pass | Exit::Fail | Exit::Inconclusive | Exit::Usage | Exit::Environment => None,
    }
}
