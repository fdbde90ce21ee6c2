//! What was judged beside objectives: patterns with their evidence, witnesses of faults,
//! comparisons, ledgers, recoveries.

use lab_model::Span;
use lab_verdict::outcome::{Figure, FigureUnit, PatternVerdict};
use maud::{Markup, html};

use super::{Section, scrolling, text};
use crate::format;
use crate::judged::{self, Judged};
use crate::run::Run;
use crate::words;

pub(super) fn section(run: &Run<'_>) -> Option<Section> {
    if !run.reached() {
        return None;
    }
    let groups = [
        ("Faults, as witnessed", judged::witnesses::judged(run)),
        ("Back after the fault", judged::recoveries::judged(run)),
        (
            "One journey beside another",
            judged::comparisons::judged(run),
        ),
        ("Figures of the system", judged::indicators::judged(run)),
        ("Ledgers of writes", judged::ledgers::judged(run)),
    ];
    if run.verdict.patterns.is_empty() && groups.iter().all(|(_, lines)| lines.is_empty()) {
        return None;
    }
    Some(Section {
        id: "evidence",
        title: "Patterns and witnesses",
        lead: "A fault counts only where the proxy saw it bite; a pattern only where the wire shows it."
            .to_owned(),
        body: html! {
            (patterns(run))
            @for (title, lines) in &groups { @if !lines.is_empty() {
                h3 { (title) }
                ul.judged { @for line in lines { (item(line)) } }
            } }
        },
    })
}

fn item(line: &Judged) -> Markup {
    html! {
        li {
            (text::chip(line.word.tone, line.word.text))
            div {
                strong { (line.subject) }
                @if !line.found.is_empty() { p { (line.found) } }
                @if !line.note.is_empty() { p.note { (line.note) } }
            }
            @if !line.strength.is_empty() { span.quiet { (line.strength) } }
        }
    }
}

fn patterns(run: &Run<'_>) -> Markup {
    html! {
        @for verdict in &run.verdict.patterns {
            @if let Some(pattern) = run.plan().patterns.get(verdict.pattern) {
                article.pattern {
                    h3 {
                        (text::chip(words::tone(verdict.call), words::in_list(verdict.call)))
                        " " (pattern.summary)
                    }
                    @if !verdict.found.is_empty() { p { (verdict.found) "." } }
                    @if !verdict.note.is_empty() { p.note { (verdict.note) } }
                    (evidence(run, verdict))
                }
            }
        }
    }
}

fn evidence(run: &Run<'_>, verdict: &PatternVerdict) -> Markup {
    let start = run.tally.life.load_started.unwrap_or_default();
    let table = html! {
        table.small {
            caption.hidden { "Figures of this pattern" }
            thead { tr {
                th scope="col" { "Figure" }
                th.right scope="col" { "Value" }
                th scope="col" { "95 % interval" }
                th.right scope="col" { "From" }
            } }
            tbody { @for figure in &verdict.figures { tr {
                th scope="row" { (figure.name) }
                td.right.number { (value(figure, figure.value)) }
                td.number { (ends(figure)) }
                td.right.number { (format::count(figure.n)) }
            } } }
        }
    };
    html! {
        p.quiet {
            (format::counted(verdict.n, &verdict.unit)) ", " (format::count(verdict.against)) " against"
            @if let Some(allowed) = verdict.allowed { ", allowed " (format::percent(allowed)) }
            @if let Some(interval) = verdict.interval { ", 95 %: " (format::interval(interval)) }
            @if verdict.strength.is_some() { " · " (words::strength(verdict.strength)) }
        }
        @if !verdict.figures.is_empty() { (scrolling("Figures of the pattern", &table)) }
        @if !verdict.moments.is_empty() {
            ul.moments { @for moment in verdict.moments.iter().take(8) {
                li { "at " (format::elapsed(moment.at.minus(start))) ": " (moment.what) }
            } }
        }
    }
}

fn ends(figure: &Figure) -> String {
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => format!("{} – {}", value(figure, low), value(figure, high)),
        (Some(low), None) => format!("from {}", value(figure, low)),
        (None, Some(high)) => format!("up to {}", value(figure, high)),
        (None, None) => "–".to_owned(),
    }
}

fn value(figure: &Figure, value: f64) -> String {
    match figure.unit {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates"
        )]
        FigureUnit::Microseconds => format::span(Span::from_micros(value as u64)),
        FigureUnit::Ratio => format!("{value:.2}"),
        FigureUnit::Share => format::percent(value),
        FigureUnit::Count => format!("{value:.0}"),
    }
}
