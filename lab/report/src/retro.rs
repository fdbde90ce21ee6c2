//! A rehearsal for the record: a retrospective in Markdown, with the stub of a decision and a list of
//! what follows, ready to commit.

use std::fmt::Write;

use lab_model::Span;
use lab_runbooks::grade::{GateState, Verdict};
use lab_runbooks::seat::{Actor, Ending, Review};

use crate::debrief::{after, clock, practise, verdict, whole};

/// The document.
pub fn markdown(review: &Review) -> String {
    let mut text = String::new();
    head(&mut text, review);
    timeline(&mut text, review);
    lessons(&mut text, review);
    decision(&mut text, review);
    text
}

/// A text in one line of Markdown, with nothing in it that Markdown would take for its own.
fn plain(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => clean.push(' '),
            c if c.is_control() => {}
            '|' | '<' | '>' | '`' | '*' | '_' | '[' | ']' | '#' | '\\' | '&' => {
                clean.push('\\');
                clean.push(c);
            }
            c => clean.push(c),
        }
    }
    clean
}

macro_rules! line {
    ($text:expr $(, $part:expr)*) => {
        // Writing to a text cannot fail.
        let _ = writeln!($text $(, $part)*);
    };
}

fn head(text: &mut String, review: &Review) {
    let (_, word) = verdict(review.verdict);
    let day = review.wall.get(..10).unwrap_or_default();
    line!(text, "# Retro: {}, {day}\n", review.scenario);
    line!(
        text,
        "A rehearsal, not an incident: nobody outside was affected.\n"
    );
    line!(text, "| | |");
    line!(text, "|---|---|");
    let mut row = |name: &str, value: &str| {
        line!(text, "| {name} | {} |", plain(value));
    };
    row("Verdict", word);
    if let Some(grade) = &review.grade {
        row("Score", &format!("{:.1} of 100", grade.score.total));
        let started = review
            .began
            .map(|at| format!("{} after the seat was taken", whole(at)));
        row("Started", &started.unwrap_or_else(|| "never".to_owned()));
        row("Felt by users", &after(grade.clocks.impact));
        row("Detected", &after(grade.clocks.detect));
        row("Mitigated", &after(grade.clocks.mitigate));
        row("Resolved", &after(grade.clocks.recover));
        let excess = format!(
            "{:.0} bad requests beyond the objectives",
            grade.clocks.excess
        );
        row("Budget", &excess);
    }
    let paged = review
        .paged
        .map_or_else(|| "no".to_owned(), |at| format!("after {at}"));
    row("Would have paged", &paged);
    let cause = if review.cause.is_empty() {
        "nothing was broken".to_owned()
    } else {
        review.cause.join("; ")
    };
    row("Cause", &cause);
    let ending = match review.ending {
        Ending::Done => "somebody said that it is done",
        Ending::GaveUp => "given up",
        Ending::Left => "the shell was left",
        Ending::TimeUp => "the time was up",
        Ending::Interrupted => "interrupted",
    };
    row(
        "Ended",
        &format!("{ending}, after {}", whole(review.lasted)),
    );
    if review.paused > Span::ZERO {
        row("Clock stood for", &whole(review.paused));
    }
    if let Some(ledger) = &review.ledger {
        let writes = format!(
            "{} acknowledged, {} lost, {} altered, {} duplicated",
            ledger.acknowledged, ledger.lost, ledger.altered, ledger.duplicated
        );
        row("Writes", &writes);
    }
    row("Run", &review.run);
}

fn timeline(text: &mut String, review: &Review) {
    line!(text, "\n## Timeline\n");
    line!(text, "Minutes and seconds since the seat was taken.\n");
    line!(text, "| when | who | what |");
    line!(text, "|---|---|---|");
    for moment in &review.timeline {
        let who = match moment.actor {
            Actor::Seat => "seat",
            Actor::System => "system",
            Actor::Lab => "lab",
        };
        line!(
            text,
            "| {} | {who} | {} |",
            clock(moment.since),
            plain(&moment.what)
        );
    }
}

fn lessons(text: &mut String, review: &Review) {
    let (helped, hindered) = weighed(review);
    for (title, lines) in [("What helped", helped), ("What hindered", hindered)] {
        line!(text, "\n## {title}\n");
        for one in &lines {
            line!(text, "- {}", plain(one));
        }
        if lines.is_empty() {
            line!(text, "- (nothing that the journal shows)");
        }
    }
    line!(text, "\n## Which gate would have caught it\n");
    line!(
        text,
        "- `lab run {}` as a gate: it fails while the system stands as it does here.",
        review.scenario
    );
    line!(text, "\n## Open questions\n");
    for one in questions(review) {
        line!(text, "- [ ] {one}");
    }
}

/// What gained and what cost, by the parts of the score and the gates.
fn weighed(review: &Review) -> (Vec<String>, Vec<String>) {
    let (mut helped, mut hindered) = (Vec::new(), Vec::new());
    let Some(grade) = &review.grade else {
        hindered.extend(review.reasons.iter().cloned());
        return (helped, hindered);
    };
    if let Some(right) = review.declared.iter().find(|one| one.correct) {
        helped.push(format!(
            "{} was declared after {}",
            right.said,
            whole(right.at)
        ));
    }
    let wrong = review.declared.iter().filter(|one| !one.correct);
    hindered.extend(wrong.map(|one| format!("{} was declared, which it was not", one.said)));
    helped.extend(review.changed.iter().map(|one| format!("changed {one}")));
    for gate in &grade.gates {
        if let GateState::Broken { reasons } = &gate.state {
            hindered.extend(reasons.iter().map(|one| format!("{}: {one}", gate.name)));
        }
    }
    if review.messages == 0 {
        hindered.push("nobody outside was told anything".to_owned());
    }
    if review.hints > 0 {
        hindered.push(format!("{} hints were needed", review.hints));
    }
    if review.verdict != Verdict::Pass {
        helped.retain(|one| !one.starts_with("changed"));
    }
    (helped, hindered)
}

fn questions(review: &Review) -> Vec<String> {
    let mut questions = Vec::new();
    let clocks = review.grade.as_ref().map(|grade| grade.clocks);
    if let (Some(paged), Some(Some(detect))) = (review.paged, clocks.map(|clocks| clocks.detect))
        && detect > paged
    {
        questions.push("Would the alert have told what you had to find out?".to_owned());
    }
    if clocks.is_some_and(|clocks| clocks.detect.is_none()) {
        questions.push("What would have shown which part is broken?".to_owned());
    }
    if !review.not_held.is_empty() {
        questions.push(format!(
            "Why did these not stand: {}?",
            plain(&review.not_held.join("; "))
        ));
    }
    questions.push("Who else has to know the way back?".to_owned());
    questions
}

fn decision(text: &mut String, review: &Review) {
    line!(text, "\n## Decision (stub)\n");
    line!(text, "- Status: proposed");
    let cause = review.cause.first().map_or("nothing", String::as_str);
    line!(
        text,
        "- Context: {} in a rehearsal of {}",
        plain(cause),
        review.scenario
    );
    line!(text, "- Decision: ");
    line!(text, "- Consequences: ");
    line!(text, "\n## Follow-ups\n");
    if let Some(practise) = practise(review) {
        line!(text, "- [ ] Practise {}", plain(&practise));
    }
    let again = review.seed.wrapping_add(1);
    line!(
        text,
        "- [ ] `lab rehearse {} --seed {again}`",
        review.scenario
    );
    line!(
        text,
        "- [ ] Write down what was done as a runbook, and `lab grade` it"
    );
}
