//! How requests failed, grouped by journey, step and way; and what failed in the environment.

use lab_model::load::Outcome;
use lab_verdict::tally::StepTally;
use maud::{Markup, html};

use super::{Section, scrolling, text};
use crate::format;
use crate::run::Run;
use crate::terminal::findings;
use crate::words;

/// More groups than this are counted only.
const MOST: usize = 20;

pub(super) fn section(run: &Run<'_>) -> Option<Section> {
    let groups = groups(run);
    let reasons: Vec<_> = findings::reasons(run).collect();
    let life = &run.tally.life;
    let left = life.left.as_deref().unwrap_or_default();
    let quiet = life.failures.is_empty() && life.exits.is_empty() && left.is_empty();
    if groups.is_empty() && reasons.is_empty() && quiet && run.verdict.missing.is_empty() {
        return None;
    }
    Some(Section {
        id: "failures",
        title: "What failed",
        lead: String::new(),
        body: html! {
            @for failure in &life.failures {
                div.failure {
                    h3 { (text::chip(crate::style::Tone::Bad, "failed")) " " (failure.part) }
                    pre tabindex="0" { code { (text::lines(&failure.reason.replace("{lab}", "lab"))) } }
                }
            }
            ul.judged {
                @for exit in &life.exits { li {
                    (text::chip(crate::style::Tone::Bad, "ended"))
                    div { strong { "service " (exit.service) } p { (exit.status) ", after " (format::elapsed(exit.at)) } }
                } }
                @for reason in reasons { li {
                    (text::chip(words::tone(reason.call), words::in_list(reason.call)))
                    div { p { (reason.text) } p.quiet { code { (reason.code) } } }
                } }
                @for missing in &run.verdict.missing { li {
                    (text::chip(crate::style::Tone::Doubt, "missing"))
                    div { p { (missing) } }
                } }
                @for item in left { li {
                    (text::chip(crate::style::Tone::Bad, "left behind"))
                    div { p { (item) } }
                } }
            }
            (table(&groups))
        },
    })
}

/// Requests of a step that failed in one way in one phase.
struct Group<'a> {
    phase: &'a str,
    journey: &'a str,
    step: &'a StepTally,
    outcome: Outcome,
    count: u64,
    of: u64,
}

/// Largest first.
fn groups<'a>(run: &'a Run<'_>) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    for (phase, tally) in run.plan().phases.iter().zip(&run.tally.phases) {
        for journey in &tally.journeys {
            for step in &journey.steps {
                let all = step.outcomes.values();
                let of = all.fold(0_u64, |sum, count| sum.saturating_add(*count));
                let failed = step.outcomes.iter();
                let failed = failed.filter(|(way, count)| **way != Outcome::Good && **count > 0);
                groups.extend(failed.map(|(outcome, count)| Group {
                    phase: phase.name.as_str(),
                    journey: journey.journey.as_str(),
                    step,
                    outcome: *outcome,
                    count: *count,
                    of,
                }));
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

fn table(groups: &[Group<'_>]) -> Markup {
    if groups.is_empty() {
        return html! {};
    }
    let table = html! {
        table {
            caption.hidden { "Failed requests, the largest group first" }
            thead { tr {
                th scope="col" { "Ended as" }
                th scope="col" { "Journey, step" }
                th scope="col" { "Phase" }
                th.right scope="col" { "Requests" }
                th.right scope="col" { "Share" }
                th.right scope="col" { "p50" }
            } }
            tbody { @for group in groups.iter().take(MOST) { tr {
                th scope="row" { (ended(group)) }
                td { (group.journey) ", " (group.step.step) }
                td { (group.phase) }
                td.right.number { (format::count(group.count)) " of " (format::count(group.of)) }
                td.right.number { (format::percent(group.count as f64 / group.of.max(1) as f64)) }
                td.right.number { (group.step.time.quantile(0.5).map_or_else(|| "–".to_owned(), format::span)) }
            } } }
        }
    };
    html! {
        h3 { "Failed requests" }
        (scrolling("Failed requests", &table))
        @if groups.len() > MOST { p.quiet { "and " (format::counted((groups.len() - MOST) as u64, "smaller group")) } }
    }
}

fn ended(group: &Group<'_>) -> String {
    match group.outcome {
        Outcome::Good => "good".to_owned(),
        Outcome::Status(status) => format!("status {status}"),
        Outcome::Timeout => format!("no reply within {}", format::planned(group.step.timeout)),
        Outcome::Connect => "no connection".to_owned(),
        Outcome::Check => "a check of the reply failed".to_owned(),
        Outcome::Broken => "the connection broke".to_owned(),
        Outcome::Reply => "the reply lacks a value".to_owned(),
        Outcome::Cancelled => "the run ended first".to_owned(),
    }
}
