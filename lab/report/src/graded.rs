//! The report of a grading session: what held, what it was worth, which mistakes it would notice.

use std::fmt::Write;

use lab_model::Span;
use lab_runbooks::grade::{Clocks, GateState, Reference, Verdict};
use lab_runbooks::mutation::Fate;
use lab_runbooks::session::{Incident, Report, Side};

use crate::style::{Style, Tone};

/// As JSON, ended by a line feed.
pub fn json(report: &Report) -> String {
    // Cannot fail: every map of a report has text keys.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}

/// For a terminal. `name` is how `lab report` finds it again.
pub fn terminal(report: &Report, name: &str, style: &Style) -> String {
    let mut page = Page {
        text: String::new(),
        style,
    };
    let session = &report.session;
    let title = session.title.as_deref().unwrap_or_default();
    page.line(Tone::Strong, &format!("{} · {title}", session.runbook));
    page.line(
        Tone::Quiet,
        &format!(
            "  served counts after {} without a break, recovered after {} · seed {}",
            session.mitigated, session.recovered, session.seed
        ),
    );
    for incident in &report.incidents {
        self::incident(&mut page, incident);
    }
    for side in report.healthy.iter().chain(&report.wrong) {
        self::side(&mut page, side);
    }
    mutants(&mut page, report);
    page.line(Tone::Plain, "");
    for reason in &report.reasons {
        page.line(Tone::Plain, &format!("  {reason}"));
    }
    let n = report.incidents.len();
    let bound = report.failure_rate_bound * 100.0;
    let clean = report.clean_runs;
    let said = if clean as usize == n && n > 0 {
        format!("{clean} of {n} runs passed, so it fails in less than {bound:.0} % of all (95 %)")
    } else {
        format!("{clean} of {n} runs passed")
    };
    page.line(Tone::Quiet, &format!("  {said}"));
    page.line(Tone::Quiet, &format!("  Report   lab report {name}"));
    let score = report
        .score
        .map_or_else(String::new, |score| format!("  {score:.1} of 100"));
    page.line(
        tone(report.verdict),
        &format!("{}{score}", word(report.verdict)),
    );
    page.text
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

const fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Fail => Tone::Bad,
        Verdict::Unknown => Tone::Doubt,
    }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Unknown => "UNKNOWN",
    }
}

fn after(span: Option<Span>) -> String {
    span.map_or_else(
        || "never".to_owned(),
        |span| format!("{:.1} s", span.as_secs_f64()),
    )
}

fn incident(page: &mut Page<'_>, incident: &Incident) {
    let grade = &incident.grade;
    page.line(Tone::Plain, "");
    let verdict = word(grade.verdict);
    page.line(
        tone(grade.verdict),
        &format!(
            "  {verdict:<8} {}  {:.1}",
            incident.scenario, grade.score.total
        ),
    );
    clocks(page, &grade.clocks, &incident.reference);
    for gate in &grade.gates {
        let (tone, said) = match &gate.state {
            GateState::Kept => (Tone::Good, "kept".to_owned()),
            GateState::Broken { reasons } => (Tone::Bad, format!("BROKEN  {}", reasons.join("; "))),
            GateState::NotApplicable { reason } => {
                (Tone::Quiet, format!("nothing to keep: {reason}"))
            }
            GateState::Unknown { reason } => (Tone::Doubt, format!("unknown: {reason}")),
        };
        page.line(tone, &format!("    gate {:<10} {said}", gate.name));
    }
    if let Some(ledger) = &incident.ledger {
        page.line(
            Tone::Plain,
            &format!(
                "    writes   {} acknowledged, {} lost, {} altered, {} duplicated, {} by nobody",
                ledger.acknowledged, ledger.lost, ledger.altered, ledger.duplicated, ledger.phantom
            ),
        );
    }
    let parts = grade.score.parts.iter().map(|part| {
        let name = format!("{:?}", part.name).to_lowercase();
        format!(
            "{name} {:.1}/{:.1}",
            part.weight * part.reached * 100.0,
            part.weight * 100.0
        )
    });
    page.line(
        Tone::Quiet,
        &format!("    points   {}", parts.collect::<Vec<_>>().join(" · ")),
    );
    let said = |value: Option<bool>, yes: &'static str, no: &'static str| match value {
        Some(true) => yes,
        Some(false) => no,
        None => "not tried",
    };
    let again = said(
        incident.again,
        "changes nothing",
        "FAILS or changes something",
    );
    let undone = said(
        incident.undone,
        "restores everything",
        "does NOT restore everything",
    );
    page.line(
        Tone::Plain,
        &format!("    again    {again} · undo {undone}"),
    );
    if !incident.declared.is_empty() {
        page.line(
            Tone::Quiet,
            &format!("    declared {}", incident.declared.join("; ")),
        );
    }
    page.line(Tone::Quiet, &format!("    run      {}", incident.run));
}

fn clocks(page: &mut Page<'_>, clocks: &Clocks, aims: &Reference) {
    let beside = |span: Option<Span>| {
        span.map_or_else(String::new, |span| {
            format!(" (of {:.1} s)", span.as_secs_f64())
        })
    };
    page.line(
        Tone::Plain,
        &format!(
            "    felt {} · detected {}{} · served {}{} · recovered {}{}",
            after(clocks.impact),
            after(clocks.detect),
            beside(aims.detect),
            after(clocks.mitigate),
            beside(aims.mitigate),
            after(clocks.recover),
            beside(aims.recover),
        ),
    );
    let between = aims.excess.map_or_else(String::new, |(least, most)| {
        format!(" · the reference {least:.0}, doing nothing {most:.0}")
    });
    let excess = clocks.excess;
    page.line(
        Tone::Plain,
        &format!("    cost     {excess:.0} bad requests beyond the objectives{between}"),
    );
}

fn side(page: &mut Page<'_>, side: &Side) {
    let what = match &side.scenario {
        Some(scenario) => format!("{scenario}, for which it is not"),
        None => "a healthy system".to_owned(),
    };
    let said = match (&side.refused, side.changed.is_empty()) {
        (Some(block), true) => format!("refused by {block}, nothing changed"),
        (None, true) => "nothing changed".to_owned(),
        (_, false) => format!("CHANGED {}", side.changed.join("; ")),
    };
    page.line(Tone::Plain, "");
    let verdict = word(side.verdict);
    page.line(
        tone(side.verdict),
        &format!("  {verdict:<8} {what}: {said}"),
    );
}

fn mutants(page: &mut Page<'_>, report: &Report) {
    let Some(mutation) = &report.mutation else {
        return;
    };
    page.line(Tone::Plain, "");
    for mutant in &report.mutants {
        let (tone, fate) = match mutant.fate {
            Fate::KilledByRunbook => (Tone::Good, "killed"),
            Fate::KilledByLab => (Tone::Bad, "killed only by the lab"),
            Fate::Survived => (Tone::Bad, "SURVIVED"),
            Fate::Equivalent => (Tone::Quiet, "equivalent"),
            Fate::Flaky => (Tone::Doubt, "flaky"),
            Fate::Unknown => (Tone::Doubt, "unknown"),
        };
        let mut seen = mutant.seen.clone();
        seen.dedup();
        let why = mutant
            .equivalent
            .as_ref()
            .filter(|_| mutant.fate == Fate::Equivalent);
        let why = why.cloned().unwrap_or_else(|| seen.join(" | "));
        page.line(tone, &format!("  {fate:<22} {}  {why}", mutant.name));
    }
    let ratio = report.mutation_ratio.map_or_else(
        || "no mutation score: the lab cannot say of one".to_owned(),
        |ratio| format!("mutation score {:.0} %", ratio * 100.0),
    );
    let (runs, bound) = (mutation.runs, mutation.bound() * 100.0);
    page.line(
        Tone::Plain,
        &format!(
            "  {ratio} · {runs} runs each, which bound the rate of a miss at {bound:.0} % (95 %)"
        ),
    );
}
