//! The living line of a run.

use lab_model::objective::Promise;
use lab_model::plan::{Phase, PhaseKind, Plan};
use lab_model::{Name, Ratio, Span};
use lab_verdict::tally::{JourneyTally, PhaseTally};

use super::Live;
use crate::deeds;
use crate::format;
use crate::line::Line;
use crate::phases::breaks;
use crate::style::Tone;

/// Cells of the progress bar.
const CELLS: u64 = 10;

pub(super) fn line(live: &Live) -> Line {
    let shown = match (live.tally.life.load_started, current(live)) {
        _ if live.tally.life.closed => Line::default(),
        _ if live.over => Line::of(Tone::Quiet, "healing, stopping, cleaning up"),
        (Some(_), Some(index)) => running(live, index),
        _ => starting(live),
    };
    shown
        .clean(&live.style)
        .shortened(live.style.columns(), &live.style)
}

/// The phase that was started last.
fn current(live: &Live) -> Option<usize> {
    let phases = &live.tally.phases;
    phases.iter().rposition(|phase| phase.started.is_some())
}

/// `starting shop: 2 of 3 services ready`.
fn starting(live: &Live) -> Line {
    let system = &live.plan.system;
    let (ready, all) = (live.ready.min(system.services.len()), system.services.len());
    Line::of(
        Tone::Quiet,
        format!("starting {}: {ready} of {all} services ready", system.name),
    )
}

fn running(live: &Live, index: usize) -> Line {
    let (Some(phase), Some(tally)) = (live.plan.phases.get(index), live.tally.phases.get(index))
    else {
        return Line::default();
    };
    let passed = tally.started.map_or(Span::ZERO, |at| live.now.minus(at));
    let passed = passed.min(phase.length);
    let mut shown = progress(phase, passed).then(
        Tone::Plain,
        format!(" · {}", format::rate(offered(tally, passed))),
    );
    // On a narrow terminal the end is cut off: what breaks comes first, what holds last.
    let (broken, holding): (Vec<_>, Vec<_>) = tally
        .journeys
        .iter()
        .partition(|journey| breaks(&live.plan, index, journey));
    for journey in broken {
        shown = shown
            .then(Tone::Plain, " · ")
            .join(health(live, index, journey));
    }
    for (fault, tally) in live.plan.faults.iter().zip(&live.tally.faults) {
        if fault.phase == index && !tally.armed.is_empty() {
            shown = shown.then(
                Tone::Plain,
                format!(" · {}: {}", deeds::label(fault), deeds::so_far(tally)),
            );
        }
    }
    for journey in holding {
        shown = shown
            .then(Tone::Plain, " · ")
            .join(health(live, index, journey));
    }
    shown
}

/// `fault ████░░░░░░ 12 of 30 s`.
fn progress(phase: &Phase, passed: Span) -> Line {
    if phase.kind == PhaseKind::Open {
        let passed = format::planned(Span::from_secs(passed.as_micros() / 1_000_000));
        return Line::of(Tone::Strong, phase.name.as_str()).then(Tone::Plain, format!(" {passed}"));
    }
    let length = phase.length.as_micros().max(1);
    let full = (passed.as_micros().saturating_mul(CELLS) / length).min(CELLS);
    let bar: String = (0..CELLS)
        .map(|cell| if cell < full { '█' } else { '░' })
        .collect();
    let whole = format::planned(phase.length);
    let done = format::planned(Span::from_secs(passed.as_micros() / 1_000_000));
    let done = match (done.split_once(' '), whole.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => number,
        _ => done.as_str(),
    };
    Line::of(Tone::Strong, phase.name.as_str())
        .then(Tone::Quiet, format!(" {bar} "))
        .then(Tone::Plain, format!("{done} of {whole}"))
}

/// Arrivals a second over the seconds that are whole, or over what there is of the first.
fn offered(tally: &PhaseTally, passed: Span) -> f64 {
    let whole = tally.journeys.iter().map(|journey| journey.seconds.len());
    let whole = whole.max().unwrap_or(0).saturating_sub(1);
    let due = |journey: &JourneyTally| {
        let seconds = journey.seconds.iter().take(whole.max(1));
        seconds.map(|second| second.due).sum::<u64>()
    };
    let due: u64 = tally.journeys.iter().map(due).sum();
    let seconds = if whole > 0 {
        whole as f64
    } else {
        passed.as_secs_f64().clamp(0.1, 1.0)
    };
    due as f64 / seconds
}

/// `checkout 99.8 % bad (≤ 1 %), p99 1.50 s (≤ 300 ms)`.
fn health(live: &Live, phase: usize, journey: &JourneyTally) -> Line {
    let total = &journey.total;
    let name = &journey.journey;
    if total.ended() == 0 {
        return Line::of(Tone::Quiet, format!("{name} –"));
    }
    let limits = Limits::of(&live.plan, phase, name);
    let share = total.bad as f64 / total.ended() as f64;
    let mut text = format!("{name} {} bad{}", format::percent(share), limits.bad);
    if let Some(p99) = journey.from_intended.quantile(0.99) {
        text = format!("{text}, p99 {}{}", format::span(p99), limits.p99);
    }
    let tone = if breaks(&live.plan, phase, journey) {
        Tone::Bad
    } else {
        Tone::Plain
    };
    Line::of(tone, text)
}

/// What objectives allow a journey in a phase, in words: ` (≤ 300 ms)`; empty where there is none.
#[derive(Default)]
struct Limits {
    bad: String,
    p99: String,
}

impl Limits {
    fn of(plan: &Plan, phase: usize, journey: &Name) -> Self {
        let mut limits = Self::default();
        let of_journey = plan
            .objectives
            .iter()
            .filter(|objective| &objective.of == journey && objective.during.contains(&phase));
        for objective in of_journey {
            match &objective.promise {
                Promise::Availability { .. } => {
                    let share = Ratio::new(objective.promise.allowed_bad());
                    let share = share.map_or_else(String::new, |share| share.to_string());
                    limits.bad = format!(" (≤ {})", share.replace('%', " %"));
                }
                Promise::Percentile { quantile, at_most } if is_p99(*quantile) => {
                    limits.p99 = format!(" (≤ {})", format::planned(*at_most));
                }
                Promise::LatencyRatio { within, share } if is_p99(*share) => {
                    limits.p99 = format!(" (≤ {})", format::planned(*within));
                }
                Promise::Percentile { .. } | Promise::LatencyRatio { .. } => {}
            }
        }
        limits
    }
}

fn is_p99(share: Ratio) -> bool {
    (share.get() - 0.99).abs() < 1e-9
}
