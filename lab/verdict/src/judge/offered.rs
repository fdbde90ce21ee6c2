//! Whether the load did what was asked of it in each measured phase, and whether its reports agree
//! with themselves.

use lab_model::{Histogram, Span};

use super::Case;
use super::course::{self, Course};
use crate::figures::{count, counted, measured};
use crate::outcome::{Call, Offered};
use crate::tally::JourneyTally;

/// The most that the 99th percentile of the generator's lag may be.
///
/// A healthy generator paces within 0.2 ms; goose with plain timers within 2 ms. Latencies that
/// people promise start at some 100 ms, and 25 ms is where lag would begin to decide them. What
/// lags more is a machine too busy for honest load: its timeouts are its own.
pub const LAG_BUDGET: Span = Span::from_millis(25);

/// The rounding at the two edges of a phase may move one arrival to its neighbour.
const EDGE: u64 = 1;

pub(super) fn judge(case: &Case<'_>) -> Vec<Offered> {
    let measured = |phase: &usize| case.plan.phases[*phase].kind.is_measured();
    (0..case.plan.phases.len())
        .filter(measured)
        .map(|phase| judge_phase(case, phase))
        .collect()
}

fn judge_phase(case: &Case<'_>, phase: usize) -> Offered {
    let journeys = &case.tally.phases[phase].journeys;
    let sum = |of: fn(&JourneyTally) -> u64| {
        journeys
            .iter()
            .fold(0_u64, |sum, journey| sum.saturating_add(of(journey)))
    };
    let mut lag = Histogram::new();
    for journey in journeys {
        lag.merge(&journey.lag);
    }
    let mut offered = Offered {
        phase,
        planned: course::planned(case.plan, case.tally, phase),
        due: sum(|journey| journey.total.due),
        unsent: sum(|journey| journey.total.unsent),
        unresolved: sum(|journey| journey.total.unresolved()),
        lag_p99: lag.quantile(0.99),
        call: Call::Pass,
        note: String::new(),
    };
    if let Some(note) = doubt(case, &offered).or_else(|| journeys.iter().find_map(contradiction)) {
        offered.call = Call::Inconclusive;
        offered.note = note;
    }
    offered
}

/// What is wrong with the load of a phase as a whole, gravest first.
fn doubt(case: &Case<'_>, offered: &Offered) -> Option<String> {
    let Offered {
        planned,
        due,
        unsent,
        unresolved,
        lag_p99,
        ..
    } = *offered;
    if case.course[offered.phase] == Course::NotReached {
        return Some("the phase never began".to_owned());
    }
    if due.saturating_add(EDGE) < planned {
        return Some(format!(
            "{} of {} arrivals came due",
            count(due),
            count(planned)
        ));
    }
    if due > planned.saturating_add(EDGE) {
        let (due, planned) = (count(due), counted(planned, "planned arrival"));
        return Some(format!(
            "{due} arrivals are on record where there were {planned}"
        ));
    }
    if unresolved > 0 {
        return Some(format!(
            "{} ended nowhere on record",
            counted(unresolved, "arrival")
        ));
    }
    if let Some(lag) = lag_p99.filter(|lag| *lag > LAG_BUDGET) {
        let (lag, budget) = (measured(lag), measured(LAG_BUDGET));
        return Some(format!(
            "the generator started arrivals {lag} late (p99, at most {budget})"
        ));
    }
    if unsent > 0 {
        return Some(format!("{} could not be sent", counted(unsent, "arrival")));
    }
    (due == 0).then(|| "no arrival came due".to_owned())
}

/// Whether unsent arrivals are all that is wrong with the load of a phase.
pub(super) fn only_unsent(case: &Case<'_>, offered: &Offered) -> bool {
    let sent = Offered {
        unsent: 0,
        ..offered.clone()
    };
    let journeys = &case.tally.phases[offered.phase].journeys;
    offered.unsent > 0
        && doubt(case, &sent).is_none()
        && journeys.iter().find_map(contradiction).is_none()
}

/// Reports that cannot all be true.
fn contradiction(tally: &JourneyTally) -> Option<String> {
    let total = &tally.total;
    let sent = total.sent();
    let lacking = |name: &str, histogram: &Histogram| {
        let known = histogram.count();
        (known < sent).then(|| {
            format!(
                "{name} is on record for {} of {} arrivals",
                count(known),
                count(sent)
            )
        })
    };
    let what = if total.ended() > total.due {
        Some(format!(
            "{} of {} due arrivals ended",
            count(total.ended()),
            count(total.due)
        ))
    } else if total.unsent > total.bad {
        Some("more arrivals were unsent than bad".to_owned())
    } else {
        let mut limits = tally.limits.iter().enumerate();
        let odd = |over: u64| over < total.bad || over > total.ended();
        limits
            .find(|(index, _)| odd(total.over(*index)))
            .map(|(_, limit)| format!("arrivals over {limit} were miscounted"))
            .or_else(|| lacking("the lag", &tally.lag))
            .or_else(|| lacking("the latency", &tally.from_intended))
    };
    what.map(|what| {
        format!(
            "the reports on {} contradict themselves: {what}",
            tally.journey
        )
    })
}
