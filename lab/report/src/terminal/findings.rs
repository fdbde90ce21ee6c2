//! What stands beside the verdicts: what failed, what is missing, why nothing is known.

use lab_verdict::outcome::{Call, Reason};

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::run::Run;
use crate::style::Tone;
use crate::words;

/// The room of the words at the left.
const LABEL: usize = 9;

pub(super) fn write(page: &mut Page, run: &Run<'_>) {
    for failure in &run.tally.life.failures {
        failed(page, &failure.part, &failure.reason);
    }
    for exit in &run.tally.life.exits {
        let after = format::elapsed(exit.at);
        let text = format!("service {} after {after}: {}", exit.service, exit.status);
        page.labelled(0, &Line::of(Tone::Bad, "Ended"), LABEL, &Line::plain(text));
    }
    for reason in reasons(run) {
        let label = match reason.call {
            Call::Inconclusive => "Unknown",
            Call::Pass => "Early",
            _ => "Why",
        };
        let body = Line::plain(&reason.text).then(Tone::Quiet, format!("  {}", reason.code));
        page.labelled(0, &Line::of(words::tone(reason.call), label), LABEL, &body);
    }
    let missing = Line::of(Tone::Doubt, "Missing");
    for text in &run.verdict.missing {
        page.labelled(0, &missing, LABEL, &Line::plain(text));
    }
    if let Some(left) = run.tally.life.left.as_ref().filter(|left| !left.is_empty()) {
        for item in left {
            let item = Line::plain(item);
            page.labelled(0, &Line::of(Tone::Bad, "Left"), LABEL, &item);
        }
    }
}

/// Reasons that another line of the report gives already, by their code or its family: the
/// verdicts on objectives and patterns, what failed, ended and was left, what is missing, the last line.
const TOLD: [&str; 10] = [
    "objective::",
    "indicator::",
    "comparison::",
    "pattern::",
    "run::failed",
    "run::aborted",
    "run::interrupted",
    "service::exited",
    "journal::incomplete",
    "clean-up::incomplete",
];

/// Reasons that only a line of their own tells.
pub(crate) fn reasons<'a>(run: &'a Run<'_>) -> impl Iterator<Item = &'a Reason> {
    let witnesses = run.verdict.witnesses.iter();
    let said: Vec<&String> = witnesses.map(|verdict| &verdict.note).collect();
    run.verdict.reasons.iter().filter(move |reason| {
        let told = TOLD.iter().any(|code| reason.code.starts_with(code));
        // Nothing promised has no verdict to stand beside.
        (!told || reason.code == "objective::none") && !said.contains(&&reason.text)
    })
}

/// A part that failed and why: for a service, its command and the end of its log stand in the
/// lines below the first.
fn failed(page: &mut Page, part: &str, reason: &str) {
    // The program's own name stands in for the place it was started from.
    let reason = reason.replace("{lab}", "lab");
    let mut lines = reason.lines();
    let first = lines.next().unwrap_or_default();
    let body = Line::of(Tone::Strong, part).then(Tone::Plain, format!(": {first}"));
    page.labelled(0, &Line::of(Tone::Bad, "Failed"), LABEL, &body);
    for line in lines {
        page.labelled(0, &Line::default(), LABEL, &Line::of(Tone::Quiet, line));
    }
}
