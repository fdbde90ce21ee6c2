//! The time axis: phases, when faults were armed, and moments worth a mark.

use lab_model::Span;
use lab_model::plan::PhaseKind;
use maud::{Markup, html};

use crate::deeds;
use crate::format;
use crate::html::text::{number, percent};
use crate::run::Run;
use crate::series::{self, Series};

/// From the start of the load to the end of what the run went through.
pub(super) struct Axis<'a> {
    run: &'a Run<'a>,
    length: f64,
}

/// A moment with a vertical line.
pub(super) struct Mark {
    at: Span,
    class: &'static str,
    label: String,
}

impl<'a> Axis<'a> {
    /// `None` for a run without any time.
    pub(super) fn new(run: &'a Run<'a>) -> Option<Self> {
        let length = series::covered(run).as_secs_f64();
        (length > 0.0 && run.reached()).then_some(Self { run, length })
    }

    /// Where a moment stands, as a share of the width.
    pub(super) fn share(&self, at: Span) -> f64 {
        (at.as_secs_f64() / self.length).clamp(0.0, 1.0)
    }

    /// Where a moment stands in a drawing 1000 wide.
    pub(super) fn x(&self, at: Span) -> f64 {
        self.share(at) * 1_000.0
    }

    /// When faults were armed, as journaled: from, to, label.
    fn armed(&self) -> Vec<(Span, Span, String)> {
        let start = self.run.tally.life.load_started.unwrap_or_default();
        let end = Span::from_micros(u64::MAX);
        let faults = self.run.plan().faults.iter().zip(&self.run.tally.faults);
        let windows = faults.flat_map(|(fault, tally)| {
            let label = format!("{} on {}", deeds::label(fault), format::site(&fault.site()));
            let healed = tally.healed.iter().copied().chain(std::iter::repeat(end));
            let windows = tally.armed.iter().zip(healed).take(200);
            windows.map(move |(from, to)| (from.minus(start), to.minus(start), label.clone()))
        });
        windows.collect()
    }

    /// When a journey was back, and when somebody would have been paged.
    pub(super) fn marks(&self, series: &Series) -> Vec<Mark> {
        let plan = self.run.plan();
        let start = |phase: usize| plan.phases.get(phase).map(|phase| phase.start);
        let back = self.run.verdict.recoveries.iter().filter_map(|recovery| {
            let after = recovery.after.filter(|after| *after > Span::ZERO)?;
            (recovery.journey == series.journey).then_some(())?;
            let label = format!("back after {}", format::elapsed(after));
            Some(Mark {
                at: start(recovery.phase)?.plus(after),
                class: "back",
                label,
            })
        });
        let paged = self.run.verdict.spending.iter().filter_map(|spending| {
            let objective = plan.objectives.get(spending.objective)?;
            let phase = plan.phases.get(spending.phase)?;
            (objective.of == series.journey).then_some(())?;
            let first = spending.pages.iter().filter_map(|page| page.after).min()?;
            (first < phase.length).then(|| Mark {
                at: phase.start.plus(first),
                class: "paged",
                label: format!("would have paged after {}", format::elapsed(first)),
            })
        });
        back.chain(paged)
            .filter(|mark| mark.at.as_secs_f64() <= self.length)
            .collect()
    }

    /// Bands of faults and lines of moments, behind and over what a panel draws.
    pub(super) fn bands(&self) -> Markup {
        html! {
            @for (from, to, _) in self.armed() {
                @let (left, right) = (self.x(from), self.x(to));
                rect.fault x=(number(left)) width=(number((right - left).max(1.0))) y="0" height="100" {}
            }
            @for phase in self.run.plan().phases.iter().skip(1) {
                @let x = number(self.x(phase.start));
                line.border x1=(x) x2=(x) y1="0" y2="100" {}
            }
        }
    }

    pub(super) fn lines(&self, series: &Series) -> Markup {
        html! {
            @for mark in self.marks(series) {
                @let x = number(self.x(mark.at));
                line .{ "moment " (mark.class) } x1=(x) x2=(x) y1="0" y2="100" {}
            }
        }
    }

    /// The strip above the panels: phases, then faults, then moments.
    pub(super) fn strip(&self, series: &Series) -> Markup {
        let armed = self.armed();
        let marks = self.marks(series);
        html! {
            div.strip aria-hidden="true" {
                div.row { @for phase in &self.run.plan().phases {
                    @let (left, right) = (self.share(phase.start), self.share(phase.end()));
                    @if right > left {
                        span .{ "phase " (kind(phase.kind)) } title=(phase.name)
                            style={ "left:" (percent(left)) ";width:" (percent(right - left)) } { (phase.name) }
                    }
                } }
                @if !armed.is_empty() { div.row { @for (from, to, label) in &armed {
                    @let (left, right) = (self.share(*from), self.share(*to));
                    span.armed title=(label)
                        style={ "left:" (percent(left)) ";width:" (percent(right - left)) } { (label) }
                } } }
                @if !marks.is_empty() { div.row.marks { @for mark in &marks {
                    @let at = self.share(mark.at);
                    span .{ "mark " (mark.class) @if at > 0.6 { " before" } } style={ "left:" (percent(at)) } { (mark.label) }
                } } }
            }
            p.hidden { (self.spoken(&marks)) }
        }
    }

    /// The strip in words.
    fn spoken(&self, marks: &[Mark]) -> String {
        let phases = self.run.plan().phases.iter().map(|phase| {
            format!(
                "phase {} from {} to {}",
                phase.name,
                format::planned(phase.start),
                format::planned(phase.end())
            )
        });
        let armed = self.armed();
        let faults = armed.iter().map(|(from, to, label)| {
            let to = (*to).min(series::covered(self.run));
            format!(
                "{label} armed from {} to {}",
                format::elapsed(*from),
                format::elapsed(to)
            )
        });
        let marks = marks.iter().map(|mark| mark.label.clone());
        let all: Vec<String> = phases.chain(faults).chain(marks).collect();
        format!("{}.", all.join("; "))
    }

    /// The seconds below the last panel; about six, at round numbers.
    pub(super) fn ticks(&self) -> Markup {
        const STEPS: [f64; 14] = [
            1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0,
            21_600.0,
        ];
        let step = STEPS.into_iter().find(|step| self.length / step <= 6.0);
        let step = step.unwrap_or(self.length / 6.0);
        let count = (self.length / step).floor();
        html! {
            div.ticks aria-hidden="true" {
                @for index in 0..=6 { @if f64::from(index) <= count {
                    @let at = f64::from(index) * step;
                    span style={ "left:" (percent(at / self.length)) } { (number(at)) " s" }
                } }
            }
        }
    }
}

const fn kind(kind: PhaseKind) -> &'static str {
    match kind {
        PhaseKind::WarmUp => "warm-up",
        PhaseKind::Baseline => "baseline",
        PhaseKind::Fault => "during",
        PhaseKind::Recovery => "recovery",
        PhaseKind::Open => "open",
    }
}
