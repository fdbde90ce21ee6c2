//! A grade as one HTML file: the verdict, each run with its clocks, gates and points, where it
//! refused, and which mistakes it would notice.

use lab_model::Span;
use lab_runbooks::grade::{GateState, Verdict};
use lab_runbooks::mutation::Fate;
use lab_runbooks::session::{Incident, MutantReport, Report, Side};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{POLICY, STYLE, Section, scrolling, text};
use crate::style::Tone;

/// The report as an HTML document; `name` is how `lab report` finds it again.
pub fn graded(report: &Report, name: &str) -> String {
    let session = &report.session;
    let title = session.title.as_deref().unwrap_or(session.runbook.as_str());
    let score = report.score.map(|score| format!("{score:.1} of 100"));
    let mut sections: Vec<Section> = vec![incidents(report), sides(report)];
    sections.extend((!report.mutants.is_empty()).then(|| mutants(report)));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "Failure Lab " (session.lab) };
                title { (word(report.verdict)) " · " (session.runbook) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#report" { "Skip to the report" }
                header class={ "hero " (text::class(tone(report.verdict))) } {
                    p.kicker { strong { (session.runbook) } span { "seed " (session.seed) } span { (name) } }
                    p.verdict { (text::sign(tone(report.verdict))) (word(report.verdict)) }
                    h1 { (title) }
                    @if let Some(score) = score { p.cause { (score) } }
                    @for reason in &report.reasons { p.hypothesis { (reason) } }
                    p.hypothesis { (clean(report)) }
                }
                main #report { @for section in &sections { (section.markup()) } }
                footer { p {
                    "Made by Failure Lab " (session.lab) " from the journals of the session's runs. "
                    "The same journals give the same bytes."
                } }
            }
        }
    };
    text::finished(page.into_string())
}

fn clean(report: &Report) -> String {
    let (clean, all) = (report.clean_runs, report.incidents.len());
    let bound = report.failure_rate_bound * 100.0;
    if clean as usize == all && all > 0 {
        format!("{clean} of {all} runs passed: it fails in less than {bound:.0} % of all (95 %).")
    } else {
        format!("{clean} of {all} runs passed.")
    }
}

fn incidents(report: &Report) -> Section {
    let body = html! { @for incident in &report.incidents { (incident_of(incident)) } };
    Section {
        id: "incidents",
        title: "Against its own failures",
        lead: format!(
            "Users count as served after {} without a break, everything as recovered after {}.",
            report.session.mitigated, report.session.recovered
        ),
        body,
    }
}

fn incident_of(incident: &Incident) -> Markup {
    let (grade, aims) = (&incident.grade, &incident.reference);
    let clocks = [
        ("felt", grade.clocks.impact, None),
        ("detected", grade.clocks.detect, aims.detect),
        ("served", grade.clocks.mitigate, aims.mitigate),
        ("recovered", grade.clocks.recover, aims.recover),
    ];
    let gates = html! { table { thead { tr { th { "gate" } th { "state" } th { "why" } } } tbody {
        @for gate in &grade.gates {
            @let (tone, word, why) = state(&gate.state);
            tr { th scope="row" { (gate.name) } td { (text::chip(tone, word)) } td { (why) } }
        }
    } } };
    let parts = html! { table.small { thead { tr { th { "part" } th.right { "points" } th.right { "of" } } } tbody {
        @for part in &grade.score.parts { tr {
            th scope="row" { (format!("{:?}", part.name).to_lowercase()) }
            td.right { (format!("{:.1}", part.weight * part.reached * 100.0)) }
            td.right { (format!("{:.1}", part.weight * 100.0)) }
        } }
    } } };
    html! { div.pattern {
        h3 { (incident.scenario) " " (chip(grade.verdict)) span.quiet { (format!("{:.1} points", grade.score.total)) } }
        dl.facts.plain {
            @for (name, taken, aim) in clocks {
                div { dt { (name) } dd { (after(taken)) @if let Some(aim) = aim { span.quiet { " of " (after(Some(aim))) } } } }
            }
            div { dt { "bad requests too many" } dd { (format!("{:.0}", grade.clocks.excess)) } }
            @if let Some(ledger) = &incident.ledger {
                div { dt { "writes lost" } dd { (ledger.lost) " of " (ledger.acknowledged) } }
            }
        }
        (scrolling("Gates", &gates))
        details { summary { "Points" } (scrolling("Points", &parts)) }
        p.quiet { "Run " code { (incident.run) } }
    } }
}

fn sides(report: &Report) -> Section {
    let line = |side: &Side| {
        let other = side.scenario.as_ref().map(ToString::to_string);
        let said = match &side.refused {
            Some(block) if side.changed.is_empty() => format!("refused by {block}"),
            _ if side.changed.is_empty() => "nothing changed".to_owned(),
            _ => format!("changed {}", side.changed.join("; ")),
        };
        html! { li { (chip(side.verdict)) div { (other.unwrap_or_else(|| "a healthy system".to_owned())) p.quiet { (said) } } span {} } }
    };
    let all: Vec<&Side> = report.healthy.iter().chain(&report.wrong).collect();
    Section {
        id: "refusals",
        title: "Where it should refuse",
        lead: String::new(),
        body: html! {
            @if all.is_empty() { p { "It was run against its own failures alone." } }
            ul.judged { @for side in all { (line(side)) } }
        },
    }
}

fn mutants(report: &Report) -> Section {
    let row = |mutant: &MutantReport| {
        let (tone, fate) = match mutant.fate {
            Fate::KilledByRunbook => (Tone::Good, "killed"),
            Fate::KilledByLab => (Tone::Bad, "killed only by the lab"),
            Fate::Survived => (Tone::Bad, "survived"),
            Fate::Equivalent => (Tone::Quiet, "equivalent"),
            Fate::Flaky => (Tone::Doubt, "flaky"),
            Fate::Unknown => (Tone::Doubt, "unknown"),
        };
        let why = mutant.equivalent.clone();
        let why = why.unwrap_or_else(|| mutant.seen.join(" | "));
        html! { tr { th scope="row" { (mutant.name) } td { (text::chip(tone, fate)) } td { (why) } } }
    };
    let table = html! { table { thead { tr { th { "mistake" } th { "fate" } th { "seen" } } } tbody {
        @for mutant in &report.mutants { (row(mutant)) }
    } } };
    let ratio = report.mutation_ratio;
    Section {
        id: "mutants",
        title: "Which mistakes it would notice",
        lead: ratio.map_or_else(String::new, |ratio| {
            format!("Mutation score {:.0} %.", ratio * 100.0)
        }),
        body: scrolling("Mutants", &table),
    }
}

fn state(state: &GateState) -> (Tone, &'static str, String) {
    match state {
        GateState::Kept => (Tone::Good, "kept", String::new()),
        GateState::Broken { reasons } => (Tone::Bad, "broken", reasons.join("; ")),
        GateState::NotApplicable { reason } => (Tone::Quiet, "nothing to keep", reason.clone()),
        GateState::Unknown { reason } => (Tone::Doubt, "unknown", reason.clone()),
    }
}

fn chip(verdict: Verdict) -> Markup {
    text::chip(tone(verdict), word(verdict))
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
        Verdict::Pass => "Pass",
        Verdict::Fail => "Fail",
        Verdict::Unknown => "Unknown",
    }
}

fn after(span: Option<Span>) -> String {
    span.map_or_else(
        || "never".to_owned(),
        |span| format!("{:.1} s", span.as_secs_f64()),
    )
}
