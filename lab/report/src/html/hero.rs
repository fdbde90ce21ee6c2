//! The head of the page: the verdict, one plain sentence, which run this is.

use lab_model::plan::PhaseKind;
use lab_verdict::outcome::{Call, Strength};
use maud::{Markup, html};

use super::text;
use crate::format;
use crate::header::ran_as;
use crate::run::Run;
use crate::terminal::closing;
use crate::{sentence, words};

pub(super) fn header(run: &Run<'_>) -> Markup {
    let (opened, plan, verdict) = (&run.journal.opened, run.plan(), run.verdict);
    let tone = words::tone(verdict.call);
    // `2026-11-22T10:00:00.5Z`, or whatever a damaged journal holds there.
    let wall = opened.wall.get(..16).map(|wall| wall.replace('T', " "));
    html! {
        header.hero .(text::class(tone)) {
            p.kicker {
                strong { (plan.scenario) }
                span { "seed " (plan.seed) }
                span { (ran_as(plan, &opened.driver)) }
                @if let Some(wall) = wall { span { time datetime=(opened.wall) { (wall) " UTC" } } }
            }
            p.verdict role="status" { (text::sign(tone)) (words::alone(verdict.call)) }
            h1 { (sentence::of(run)) }
            @if let Some(cause) = &verdict.cause { p.cause { (cause) } }
            @if !plan.hypothesis.trim().is_empty() && !is_open(run) {
                p.hypothesis { span.label { "Hypothesis" } " " (plan.hypothesis.trim()) }
            }
            @if verdict.call != Call::Pass && !plan.lesson.trim().is_empty() {
                p.hypothesis { span.label { "Lesson" } " " (plan.lesson.trim()) }
            }
            dl.facts { @for (name, value) in facts(run) {
                div { dt { (name) } dd { (value) } }
            } }
        }
    }
}

fn is_open(run: &Run<'_>) -> bool {
    let mut phases = run.plan().phases.iter();
    phases.any(|phase| phase.kind == PhaseKind::Open)
}

/// What is read at a glance.
fn facts(run: &Run<'_>) -> Vec<(&'static str, String)> {
    let verdict = run.verdict;
    let arrivals = run.tally.phases.iter().flat_map(|phase| &phase.journeys);
    let arrivals = arrivals.fold(0_u64, |sum, journey| sum.saturating_add(journey.total.due));
    let held = verdict.objectives.iter();
    let held = held
        .filter(|objective| objective.call == Call::Pass)
        .count();
    let mut facts = vec![
        ("Took", format::elapsed(run.took())),
        ("Journeys", format::count(arrivals)),
    ];
    if !verdict.objectives.is_empty() {
        facts.push((
            "Objectives held",
            format!("{held} of {}", verdict.objectives.len()),
        ));
    }
    if !verdict.patterns.is_empty() {
        let shown = verdict.patterns.iter();
        let shown = shown.filter(|pattern| pattern.call == Call::Pass).count();
        facts.push((
            "Patterns shown",
            format!("{shown} of {}", verdict.patterns.len()),
        ));
    }
    if !verdict.witnesses.is_empty() {
        let seen = verdict.witnesses.iter();
        let seen = seen.filter(|witness| witness.call == Call::Pass).count();
        facts.push((
            "Faults witnessed",
            format!("{seen} of {}", verdict.witnesses.len()),
        ));
    }
    if let Some(strength) = weakest(run) {
        facts.push(("Strength", words::strength(Some(strength)).to_owned()));
    }
    facts.push(("Exit code", verdict.exit.code().to_string()));
    if let Some(cut) = closing::cut(run) {
        facts.push(("Ended early", cut));
    }
    facts
}

/// How sure the verdict is: as sure as its weakest part.
fn weakest(run: &Run<'_>) -> Option<Strength> {
    if !matches!(run.verdict.call, Call::Pass | Call::Fail) {
        return None;
    }
    let same = |call: Call| call == run.verdict.call;
    let objectives = run.verdict.objectives.iter();
    let objectives = objectives
        .filter(|one| same(one.call))
        .map(|one| one.strength);
    let patterns = run.verdict.patterns.iter();
    let patterns = patterns
        .filter(|one| same(one.call))
        .map(|one| one.strength);
    let all: Vec<Strength> = objectives.chain(patterns).flatten().collect();
    if all.contains(&Strength::Observed) {
        Some(Strength::Observed)
    } else {
        all.first().copied()
    }
}
