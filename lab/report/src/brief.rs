//! What somebody is told before a rehearsal, and how it stands while it goes on.

use std::fmt::Write;

use lab_model::exercise::Seat;
use lab_model::rehearsal::{Rehearsal, SYMPTOMS};
use lab_model::status::Status;
use lab_model::{Name, Plan};

use crate::debrief::{clock, whole};
use crate::line::Line;
use crate::page::Page;
use crate::style::{Style, Tone};

/// The room of the words at the left.
const LABEL: usize = 11;

/// The brief; `runbook` is the file that may be followed, where there is one.
pub fn text(rehearsal: &Rehearsal, plan: &Plan, runbook: Option<&str>, style: &Style) -> String {
    let Some(seat) = rehearsal.seat.as_deref() else {
        return String::new();
    };
    let mut page = Page::new(*style);
    let title = if seat.hidden {
        "rehearsal"
    } else {
        plan.scenario.as_str()
    };
    let about = format!("  {} · {}", plan.system.name, whole(seat.limit));
    page.line(0, &Line::of(Tone::Strong, title).then(Tone::Quiet, about));
    page.blank();
    let mut say = |label: &str, words: String| {
        page.labelled(0, &Line::of(Tone::Quiet, label), LABEL, &Line::plain(words));
    };
    say("Situation", one_line(&seat.exercise.situation));
    let roles = "You are on call, alone: find out what breaks, help users first, tell people.";
    say("Role", roles.to_owned());
    if let Some(runbook) = runbook {
        say("Runbook", runbook.to_owned());
    }
    say("Touch", touch(seat));
    for objective in &plan.objectives {
        say("Promised", objective.to_string());
    }
    say(
        "Judged",
        format!(
            "by the state of the system: users served for {} while the cause goes on, and for {} \
             when it comes again; every acknowledged write there; the load untouched. Times, bad \
             requests, and what you tell people count.",
            rehearsal.mitigated, rehearsal.recovered
        ),
    );
    say(
        "Look",
        "lab status · lab logs [SERVICE] · lab route · lab flag · curl $LAB_SERVICE_NAME/metrics · \
         stores in $LAB_DATA"
            .to_owned(),
    );
    say(
        "Say",
        format!(
            "lab declare COMPONENT SYMPTOM ({}) · lab message TEXT · lab note TEXT · lab hint",
            SYMPTOMS.join(", ")
        ),
    );
    let pause = if seat.training { " · lab pause" } else { "" };
    say(
        "End",
        format!("lab done, once it is handled or nothing is wrong · lab give-up{pause}"),
    );
    page.blank();
    page.finish()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn touch(seat: &Seat) -> String {
    let list = |names: &[Name]| {
        let names: Vec<&str> = names.iter().map(Name::as_str).collect();
        names.join(", ")
    };
    let exercise = &seat.exercise;
    let may = match exercise.touches.as_slice() {
        [] => "whatever you need".to_owned(),
        touches => list(touches),
    };
    match exercise.protects.as_slice() {
        [] => may,
        protects => format!("{may}; what must not suffer: {}", list(protects)),
    }
}

/// One line above a prompt: the clock, what holds, the budget. Empty where nobody has the seat.
pub fn prompt(status: &Status, unicode: bool) -> String {
    let Some(seat) = &status.seat else {
        return String::new();
    };
    let dot = if unicode { "·" } else { "-" };
    let broken: Vec<&str> = status
        .objectives
        .iter()
        .filter(|objective| objective.holds == Some(false))
        .map(|objective| objective.text.as_str())
        .collect();
    let known = status.objectives.iter().any(|one| one.holds.is_some());
    let holds = match broken.as_slice() {
        [] if !known => "no figures yet".to_owned(),
        [] => "all objectives hold".to_owned(),
        broken => format!("BREAKS: {}", broken.join(", ")),
    };
    let mut line = format!("[{} of {}", clock(seat.elapsed), clock(seat.limit));
    if seat.paused {
        line.push_str(", stands");
    }
    // Writing to a text cannot fail.
    let _ = write!(line, " {dot} {holds}");
    if let Some(left) = seat.budget {
        let percent = left * 100.0;
        let _ = if percent < 0.0 {
            write!(line, " {dot} budget OVERSPENT {:.1} times", 1.0 - left)
        } else {
            write!(line, " {dot} budget {percent:.0} %")
        };
    }
    line.push(']');
    if unicode {
        line
    } else {
        line.chars()
            .map(|c| match c {
                '≥' => '>',
                '≤' => '<',
                c if c.is_ascii() => c,
                _ => '?',
            })
            .collect()
    }
}
