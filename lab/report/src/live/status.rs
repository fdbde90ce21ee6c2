//! The living line of a run.

use lab_model::Span;
use lab_model::objective::Promise;
use lab_model::plan::Phase;
use lab_verdict::tally::{JourneyTally, PhaseTally};

use super::Live;
use crate::format;
use crate::line::Line;
use crate::phases::{breaks, did};
use crate::style::Tone;

/// Cells of the progress bar.
const CELLS: u64 = 10;

pub(super) fn line(live: &Live) -> Line {
    let line = match (live.tally.life.load_started, current(live)) {
        _ if live.tally.life.closed => Line::default(),
        _ if live.over => Line::of(Tone::Quiet, "healing, stopping, cleaning up"),
        (Some(_), Some(index)) => running(live, index),
        _ => starting(live),
    };
    line.clean(&live.style)
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
    let mut line = progress(phase, passed).then(
        Tone::Plain,
        format!(" · {}", format::rate(offered(tally, passed))),
    );
    for journey in &tally.journeys {
        line = line
            .then(Tone::Plain, " · ")
            .join(health(live, index, journey));
    }
    for (fault, tally) in live.plan.faults.iter().zip(&live.tally.faults) {
        if fault.phase == index && !tally.armed.is_empty() {
            line = line.then(Tone::Plain, format!(" · {}: {}", fault.kind, did(tally)));
        }
    }
    line
}

/// `fault ████░░░░░░ 12 of 30 s`.
fn progress(phase: &Phase, passed: Span) -> Line {
    let length = phase.length.as_micros().max(1);
    let full = (passed.as_micros().saturating_mul(CELLS) / length).min(CELLS);
    let bar: String = (0..CELLS)
        .map(|cell| if cell < full { '█' } else { '░' })
        .collect();
    let seconds = passed.as_micros() / 1_000_000;
    let whole = format::planned(phase.length);
    Line::of(Tone::Strong, phase.name.as_str())
        .then(Tone::Quiet, format!(" {bar} "))
        .then(Tone::Plain, format!("{seconds} s of {whole}"))
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

/// `checkout 99.8 % bad, p99 1.50 s > 300 ms`.
fn health(live: &Live, phase: usize, journey: &JourneyTally) -> Line {
    let total = &journey.total;
    let name = &journey.journey;
    if total.ended() == 0 {
        return Line::of(Tone::Quiet, format!("{name} –"));
    }
    let share = total.bad as f64 / total.ended() as f64;
    let mut text = format!("{name} {} bad", format::percent(share));
    if let Some(p99) = journey.from_intended.quantile(0.99) {
        text.push_str(&format!(", p99 {}", format::span(p99)));
        if let Some(limit) = p99_limit(live, phase, journey) {
            let sign = if p99 <= limit { '≤' } else { '>' };
            text.push_str(&format!(" {sign} {}", format::planned(limit)));
        }
    }
    let tone = if breaks(&live.plan, phase, journey) {
        Tone::Bad
    } else {
        Tone::Plain
    };
    Line::of(tone, text)
}

/// The limit that an objective puts on a journey's 99th percentile in a phase.
fn p99_limit(live: &Live, phase: usize, journey: &JourneyTally) -> Option<Span> {
    live.plan
        .objectives
        .iter()
        .filter(|objective| objective.of == journey.journey && objective.during.contains(&phase))
        .find_map(|objective| match objective.promise {
            Promise::Percentile { quantile, at_most } if (quantile.get() - 0.99).abs() < 1e-9 => {
                Some(at_most)
            }
            _ => None,
        })
}
