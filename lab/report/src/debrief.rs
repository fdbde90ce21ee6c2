//! What is said right after a rehearsal: what the system did, what you did, what it was worth, and
//! one thing to practise.

use std::fmt::Write;

use lab_model::Span;
use lab_runbooks::grade::{GateState, PASS_MARK, Part, PartName as Name, Verdict};
use lab_runbooks::seat::{Actor, Ending, Review};

use crate::style::{Style, Tone};

/// A share of the points that is not worth a word.
const LITTLE: f64 = 0.01;

/// As JSON, ended by a line feed.
pub fn json(review: &Review) -> String {
    // Cannot fail: every map of a review has text keys.
    let mut text = serde_json::to_string_pretty(review).unwrap_or_default();
    text.push('\n');
    text
}

/// For a terminal.
pub fn terminal(review: &Review, style: &Style) -> String {
    let mut page = Page {
        text: String::new(),
        style,
    };
    page.line(
        Tone::Strong,
        &format!("{} · what happened", review.scenario),
    );
    page.line(Tone::Plain, "");
    for moment in &review.timeline {
        let who = match moment.actor {
            Actor::Seat => "you",
            Actor::System => "system",
            Actor::Lab => "lab",
        };
        let tone = match moment.actor {
            Actor::Seat => Tone::Plain,
            Actor::System => Tone::Strong,
            Actor::Lab => Tone::Quiet,
        };
        let line = format!("  {}  {who:<6}  {}", clock(moment.since), moment.what);
        page.line(tone, &line);
    }
    worth(&mut page, review);
    page.line(Tone::Plain, "");
    for reason in &review.reasons {
        page.line(Tone::Plain, &format!("  {reason}"));
    }
    if let Some(practise) = practise(review) {
        page.line(Tone::Plain, &format!("  Practise {practise}"));
    }
    let again = review.seed.wrapping_add(1);
    let hidden = if review.seat.hidden { " --hidden" } else { "" };
    page.line(
        Tone::Quiet,
        &format!(
            "  Again    lab rehearse {} --seed {again}{hidden}",
            review.scenario
        ),
    );
    page.line(Tone::Quiet, &format!("  Retro    lab retro {}", review.run));
    if !review.seat.program {
        page.line(
            Tone::Quiet,
            &format!("  Replay   lab replay {}", review.run),
        );
    }
    let (tone, word) = verdict(review.verdict);
    let score = review.grade.as_ref();
    let score = score.map_or_else(String::new, |grade| {
        format!(
            "  {:.1} of 100, passes from {PASS_MARK:.0}",
            grade.score.total
        )
    });
    page.line(tone, &format!("{word}{score}"));
    page.text
}

fn worth(page: &mut Page<'_>, review: &Review) {
    let Some(grade) = &review.grade else {
        return;
    };
    page.line(Tone::Plain, "");
    let clocks = &grade.clocks;
    let aims = &review.reference;
    for (what, taken, aim) in [
        ("declared", clocks.detect, aims.detect),
        ("served", clocks.mitigate, aims.mitigate),
        ("settled", clocks.recover, aims.recover),
    ] {
        let aim = aim.map_or_else(String::new, |aim| format!(", good is {aim}"));
        page.line(Tone::Plain, &format!("  {what:<9} {}{aim}", after(taken)));
    }
    let paged = review.paged.map_or_else(
        || "nobody would have been paged".to_owned(),
        |span| format!("would have paged after {span}"),
    );
    page.line(
        Tone::Plain,
        &format!(
            "  cost      {:.0} bad requests beyond the objectives · {paged}",
            clocks.excess
        ),
    );
    for gate in &grade.gates {
        let (tone, said) = match &gate.state {
            GateState::Kept | GateState::NotApplicable { .. } => continue,
            GateState::Broken { reasons } => (Tone::Bad, format!("BROKEN  {}", reasons.join("; "))),
            GateState::Unknown { reason } => (Tone::Doubt, format!("unknown: {reason}")),
        };
        page.line(tone, &format!("  gate      {}: {said}", gate.name));
    }
    let parts = grade.score.parts.iter().map(|part| {
        let name = format!("{:?}", part.name).to_lowercase();
        let whole = part.weight * 100.0;
        format!("{name} {:.1}/{whole:.1}", part.reached * whole)
    });
    let parts: Vec<String> = parts.collect();
    for line in parts.chunks(4) {
        page.line(Tone::Quiet, &format!("  points    {}", line.join(" · ")));
    }
    if grade.score.hints > 0.0 {
        let line = format!(
            "  hints     {} taken, −{:.0}",
            review.hints, grade.score.hints
        );
        page.line(Tone::Quiet, &line);
    }
    let (mitigated, recovered) = review.windows;
    let training = if review.paused > Span::ZERO {
        format!(" · the clock stood for {}", whole(review.paused))
    } else {
        String::new()
    };
    page.line(
        Tone::Quiet,
        &format!(
            "  served counts after {mitigated} without a break, settled after {recovered}{training}"
        ),
    );
}

/// What would have gained most, in one sentence.
pub(crate) fn practise(review: &Review) -> Option<String> {
    if let Some(grade) = &review.grade
        && review.verdict == Verdict::Pass
    {
        let lost = |part: &Part| part.weight * (1.0 - part.reached);
        let most = grade
            .score
            .parts
            .iter()
            .max_by(|a, b| lost(a).total_cmp(&lost(b)))?;
        let own = review.seat.exercise.practise.clone();
        if lost(most) < LITTLE {
            return Some(own).filter(|one| !one.is_empty());
        }
        let sentence = match most.name {
            Name::Detect => "saying what is broken sooner: lab declare, before the first change",
            Name::Mitigate | Name::Budget => "helping users first: the cause can wait, they cannot",
            Name::Recover => "leaving the system so that the same failure finds it ready",
            Name::Communication => "telling people early, even that you do not know yet",
            Name::Collateral => "changing nothing that is not the incident's",
            Name::Data => "what becomes of writes that were sent twice",
            _ => return Some(own).filter(|one| !one.is_empty()),
        };
        return Some(sentence.to_owned());
    }
    if review.ending == Ending::Interrupted {
        return None;
    }
    Some(review.seat.exercise.practise.clone()).filter(|one| !one.is_empty())
}

pub(crate) const fn verdict(verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Pass => (Tone::Good, "PASS"),
        Verdict::Fail => (Tone::Bad, "FAIL"),
        Verdict::Unknown => (Tone::Doubt, "UNKNOWN"),
    }
}

/// `04:07`.
pub fn clock(span: Span) -> String {
    let seconds = span.as_micros() / 1_000_000;
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

/// In whole seconds.
pub(crate) fn whole(span: Span) -> String {
    Span::from_secs(span.as_micros() / 1_000_000).to_string()
}

pub(crate) fn after(span: Option<Span>) -> String {
    span.map_or_else(
        || "never".to_owned(),
        |span| format!("after {}", whole(span)),
    )
}

struct Page<'a> {
    text: String,
    style: &'a Style,
}

impl Page<'_> {
    fn line(&mut self, tone: Tone, line: &str) {
        let line = self.style.paint(tone, &self.style.clean(line));
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}
