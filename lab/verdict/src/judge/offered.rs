//! Whether the load did what was asked of it in each measured phase, and whether its reports agree
//! with themselves.

use lab_model::objective::{Comparison, Measure};
use lab_model::{Histogram, Plan, Span};

use super::Case;
use super::course::{self, Course};
use crate::evidence::ALPHA;
use crate::evidence::trials::refutes;
use crate::figures::{count, counted, measured};
use crate::outcome::{Call, Offered};
use crate::tally::JourneyTally;

/// The least and the most of [`lag_budget`].
///
/// A healthy generator paces within 0.2 ms, goose with plain timers within 2 ms. Less than 25 ms
/// would call a healthy machine busy; more than 250 ms moves load between the seconds that are
/// judged.
const LAG_BUDGETS: [Span; 2] = [Span::from_millis(25), Span::from_millis(250)];

/// How late an arrival may be sent: a quarter of the shortest time that decides whether an arrival
/// is good (a latency promised, a client's patience), between 25 and 250 ms.
///
/// Lag stands in every latency, which counts from the intended start, so it never makes one look
/// better. What it can do is decide: an arrival that spent a quarter of its time in the generator
/// is no longer the system's alone. Where latencies are compared with those of another journey,
/// any lag could decide, and the least is meant.
pub fn lag_budget(plan: &Plan) -> Span {
    let [least, most] = LAG_BUDGETS;
    let by_latency = |comparison: &Comparison| comparison.by == Measure::Latency;
    if plan.comparisons.iter().any(by_latency) {
        return least;
    }
    let journeys = plan.load.journeys.iter();
    let deciding = journeys.flat_map(|journey| {
        let patience = journey.steps.iter().map(|step| step.timeout);
        plan.limits(&journey.name).into_iter().chain(patience)
    });
    let quarter = |time: Span| Span::from_micros(time.as_micros() / 4);
    deciding.min().map_or(most, quarter).clamp(least, most)
}

/// The share of arrivals that are sent in time, at the least.
///
/// A phase is doubted when the exact binomial test rules out that share with an error of 5 %: a
/// generator that is late with 1 % of its arrivals makes no more than 5 % of runs inconclusive,
/// however few arrivals a phase has. Of 60 arrivals 3 have to be late, of 1,500 23.
const IN_TIME: f64 = 0.99;

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
        late: late(&lag, lag_budget(case.plan)),
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
        late,
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
    let sent = due.saturating_sub(unsent);
    if is_too_late(sent, late) {
        let (lag, budget) = (lag_p99.unwrap_or_default(), lag_budget(case.plan));
        let (lag, budget) = (measured(lag), measured(budget));
        return Some(format!(
            "the generator started {} of {} more than {budget} late (p99 {lag})",
            count(late),
            counted(sent, "arrival")
        ));
    }
    if unsent > 0 {
        return Some(format!("{} could not be sent", counted(unsent, "arrival")));
    }
    (due == 0).then(|| "no arrival came due".to_owned())
}

/// Whether so many late arrivals rule out a generator that is in time often enough.
fn is_too_late(sent: u64, late: u64) -> bool {
    refutes(sent.max(late), late, IN_TIME, ALPHA)
}

/// How many arrivals were sent later than they may be.
fn late(lag: &Histogram, budget: Span) -> u64 {
    lag.buckets()
        .filter(|(most, _)| *most > budget.as_micros())
        .fold(0, |sum, (_, count)| sum.saturating_add(count))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_late_arrivals_of_few_say_little() {
        let check = |sent, fewest| {
            let found = (0..=sent).find(|late| is_too_late(sent, *late));
            assert_eq!(found, Some(fewest), "of {sent}");
        };
        check(1, 1);
        check(10, 2);
        check(60, 3);
        check(600, 11);
        check(1_500, 23);
        check(10_000, 118);
        assert!(!is_too_late(0, 0) && is_too_late(0, 1));
    }

    #[test]
    fn late_is_what_exceeds_the_budget() {
        let mut lag = Histogram::new();
        lag.record_many(Span::from_millis(24), 5);
        lag.record_many(Span::from_millis(26), 2);
        lag.record(Span::from_secs(3));
        assert_eq!(late(&lag, Span::from_millis(25)), 3);
        assert_eq!(late(&lag, Span::from_millis(250)), 1);
    }
}
