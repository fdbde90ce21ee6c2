//! Objectives: each in each phase, the estimate with its interval drawn beside the allowed share;
//! and what they spent of their error budgets.

use lab_model::objective::Promise;
use lab_verdict::outcome::{Call, ObjectiveVerdict, Spending, Unit};
use maud::{Markup, html};

use super::{Section, scrolling, text};
use crate::format;
use crate::run::Run;
use crate::words;

pub(super) fn section(run: &Run<'_>) -> Option<Section> {
    if run.verdict.objectives.is_empty() || !run.reached() {
        return None;
    }
    let table = html! {
        table.cards role="table" {
            caption.hidden { "Objectives by phase" }
            thead { tr {
                th scope="col" { "Verdict" }
                th scope="col" { "Objective" }
                th scope="col" { "Phase" }
                th scope="col" { "Measured" }
                th scope="col" { "Bad arrivals, 95 % interval" (scale()) }
                th.right scope="col" { "Bad of n" }
                th scope="col" { "Evidence" }
            } }
            tbody { @for verdict in &run.verdict.objectives { (row(run, verdict)) } }
        }
    };
    Some(Section {
        id: "objectives",
        title: "Objectives",
        lead: "The bar is where the true share of bad arrivals lies with 95 % confidence, however \
               often one looks; the mark is the share the objective allows. Logarithmic scale."
            .to_owned(),
        body: html! { (scrolling("Objectives", &table)) (budgets(run)) },
    })
}

fn row(run: &Run<'_>, verdict: &ObjectiveVerdict) -> Markup {
    let plan = run.plan();
    let Some(objective) = plan.objectives.get(verdict.objective) else {
        return html! {};
    };
    let phase = plan
        .phases
        .get(verdict.phase)
        .map_or("", |phase| phase.name.as_str());
    let share = (verdict.n > 0).then(|| verdict.bad as f64 / verdict.n as f64);
    let interval = verdict.interval.map(format::interval);
    html! {
        tr role="row" {
            td role="cell" { (text::chip(words::tone(verdict.call), words::in_list(verdict.call))) }
            th scope="row" role="rowheader" {
                (objective)
                @if verdict.call != Call::Pass && !verdict.note.is_empty() {
                    p.note { (verdict.note) }
                }
            }
            td role="cell" { "in " (phase) }
            td.number role="cell" { (measured(&objective.promise, verdict)) }
            td role="cell" {
                (track(verdict, share))
                span.interval {
                    @if let Some(share) = share { (format::percent(share)) }
                    @if let Some(interval) = &interval { " (" (interval) ")" }
                    ", allowed " (format::percent(verdict.allowed))
                }
            }
            td.right.number role="cell" { (format::count(verdict.bad)) " of " (format::count(verdict.n)) (bounds(verdict)) }
            td role="cell" {
                (words::strength(verdict.strength))
                @if verdict.strength.is_some() { br; }
                " " span.quiet { "by " (unit(verdict.unit)) }
            }
        }
    }
}

/// `99.8 % held`, `p99 41 ms (38 – 45 ms)`.
fn measured(promise: &Promise, verdict: &ObjectiveVerdict) -> String {
    if verdict.n == 0 {
        return "no arrivals".to_owned();
    }
    let good = 1.0 - verdict.bad as f64 / verdict.n as f64;
    match promise {
        Promise::Availability { .. } => format!("{} held", format::percent(good)),
        Promise::LatencyRatio { .. } => format!("{} in time", format::percent(good)),
        Promise::Percentile { .. } => match verdict.quantile {
            None => "none: too many failed".to_owned(),
            Some(quantile) => {
                let low = verdict.quantile_low.map(format::span);
                let high = verdict.quantile_high.map(format::span);
                let quantile = format::span(quantile);
                match (low, high) {
                    (Some(low), Some(high)) if low != high => {
                        format!("{quantile} ({low} – {high})")
                    }
                    (Some(low), None) => format!("{quantile} (from {low})"),
                    _ => quantile,
                }
            }
        },
    }
}

fn bounds(verdict: &ObjectiveVerdict) -> Markup {
    let passes = verdict
        .passes_up_to
        .map(|bad| format!("passes up to {}", format::count(bad)));
    let fails = verdict
        .fails_from
        .map(|bad| format!("fails from {}", format::count(bad)));
    html! {
        @for bound in passes.into_iter().chain(fails) { br; span.quiet { (bound) } }
    }
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Request => "requests",
        Unit::Slice => "slices of time",
        Unit::Trial => "trials",
        Unit::Reading => "readings",
    }
}

/// Where a share stands on the logarithmic scale from 0.01 % to 100 %.
fn place(share: f64) -> f64 {
    ((share.max(1e-4).log10() + 4.0) / 4.0).clamp(0.0, 1.0) * 100.0
}

/// The interval as a bar, the estimate as a dot, the allowed share as a mark.
fn track(verdict: &ObjectiveVerdict, share: Option<f64>) -> Markup {
    let allowed = text::number(place(verdict.allowed));
    html! {
        svg.track viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true" {
            line.rail x1="0" x2="100" y1="8" y2="8" {}
            @for tick in [25, 50, 75] { line.grid x1=(tick) x2=(tick) y1="5" y2="11" {} }
            @if let Some(interval) = verdict.interval {
                @let (low, high) = (place(interval.low), place(interval.high));
                rect .{ "span " (text::class(words::tone(verdict.call))) }
                    x=(text::number(low)) width=(text::number((high - low).max(1.6))) y="4" height="8" {}
            }
            @if let Some(share) = share {
                @let at = text::number(place(share));
                line.point x1=(at) x2=(at) y1="3" y2="13" {}
            }
            line.allowed x1=(allowed) x2=(allowed) y1="0" y2="16" {}
        }
    }
}

fn scale() -> Markup {
    html! {
        span.scale aria-hidden="true" {
            span { "≤0.01 %" } span { "0.1 %" } span { "1 %" } span { "10 %" } span { "100 %" }
        }
    }
}

/// What was spent of the error budgets, and when somebody would have been paged.
fn budgets(run: &Run<'_>) -> Markup {
    if run.verdict.spending.is_empty() {
        return html! {};
    }
    let table = html! {
        table {
            caption.hidden { "Error budgets by phase" }
            thead { tr {
                th scope="col" { "Objective" }
                th scope="col" { "Phase" }
                th.right scope="col" { "Burn" }
                th.right scope="col" { "Spent of 30 days" }
                th scope="col" { "Would have paged" }
            } }
            tbody { @for spending in &run.verdict.spending { (spent(run, spending)) } }
        }
    };
    html! {
        h3 { "Error budget" }
        p.lead { "Earlier time counts at the baseline's ratio, and the phase is taken to go on." }
        (scrolling("Error budgets", &table))
    }
}

fn spent(run: &Run<'_>, spending: &Spending) -> Markup {
    let plan = run.plan();
    let (Some(objective), Some(phase)) = (
        plan.objectives.get(spending.objective),
        plan.phases.get(spending.phase),
    ) else {
        return html! {};
    };
    let fired = spending
        .pages
        .iter()
        .filter_map(|page| Some((page.after?, page.burn)));
    let mut fired: Vec<_> = fired.collect();
    fired.sort_by_key(|(after, _)| *after);
    html! {
        tr {
            th scope="row" { (objective) }
            td { (phase.name) }
            td.right.number { (format!("{:.1}×", spending.burn)) }
            td.right.number { (format::percent(spending.spent)) }
            td {
                @if fired.is_empty() { "nobody" }
                @for (after, rule) in fired {
                    div { "after " (format::elapsed(after)) " " span.quiet { "(" (rule) "× rule)" } }
                }
            }
        }
    }
}
