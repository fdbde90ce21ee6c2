//! A failing dependency is left alone for a while.

use lab_model::calls::{Burst, SILENCE};
use lab_model::plan::PhaseKind;
use lab_model::{Histogram, Link, Ratio, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Needs, Pattern, Problem, Shows, arrow};
use super::weigh::{Estimate, Finding, quantile};
use super::wire::{Ends, Wire, sum};
use crate::figures::{count, counted, measured, percent, set};
use crate::outcome::{Call, FigureUnit};

/// After some failures the caller stops calling a failing dependency, tries it again with few
/// probes, and comes back when it is well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// The link on which the caller calls.
    pub on: Link,
    /// The largest share of the calls to be expected that may still pass under the fault.
    #[serde(default = "half")]
    pub let_through: Ratio,
    /// The most failed attempts before it opens.
    #[serde(default)]
    pub opens_after: Option<u64>,
    /// How long it stays open at least.
    #[serde(default)]
    pub open_for: Option<Span>,
    /// The most attempts of one probe.
    #[serde(default)]
    pub probes: Option<u64>,
    /// How soon after the fault calls pass again.
    #[serde(default)]
    pub recovers: Option<Span>,
}

fn half() -> Ratio {
    Ratio::new(0.5).unwrap_or(Ratio::ONE)
}

/// A silence is the breaker's where it lasts for so many of the usual gaps between attempts.
const GAPS: f64 = 4.0;

impl Pattern for Breaker {
    const NAME: &'static str = "breaker";
    const NEEDS: Needs = Needs {
        shows: Shows::UnderFault,
        baseline: true,
        of_caller: true,
        load: false,
    };
    const EVIDENCE: &'static str = "attempts under the fault beside those to be expected: requests \
        to the caller times its calls for each in the baseline; openings are silences after \
        failures, of four usual gaps and 100 ms at least; their median is the time it stays open";

    #[expect(clippy::expect_used, reason = "a link")]
    fn example() -> Self {
        Self {
            on: "orders -> payments".parse().expect("a link"),
            let_through: half(),
            opens_after: Some(10),
            open_for: Some(Span::from_secs(1)),
            probes: Some(1),
            recovers: Some(Span::from_secs(5)),
        }
    }

    fn on(&self) -> Option<&Link> {
        Some(&self.on)
    }

    fn problems(&self) -> Vec<Problem> {
        let share = self.let_through.get();
        let nothing = !(share > 0.0 && share < 1.0);
        let let_through = nothing.then(|| {
            let message = format!("a share of {} decides nothing", self.let_through);
            Problem::new(
                "let_through",
                message,
                "write a share above 0% and below 100%",
            )
        });
        let silence = self.open_for.filter(|open| *open < SILENCE).map(|open| {
            let message = format!("{open} cannot be told from a pause between calls");
            Problem::new("open_for", message, "write 100ms or more")
        });
        let_through.into_iter().chain(silence).collect()
    }

    fn summary(&self) -> String {
        let (on, share) = (arrow(&self.on), percent(self.let_through.get()));
        format!("breaker on {on} lets ≤ {share} through")
    }

    fn judge(&self, wire: &Wire<'_>) -> Finding {
        let reports = wire.tested(&self.on);
        let traffic = sum(reports.iter().copied());
        let ends = Ends::of(&traffic);
        let Some(expected) = wire.expected_calls(&self.on) else {
            let note = format!(
                "no baseline says how many calls to expect on {}",
                arrow(&self.on)
            );
            return Finding::unknown("call", 0, note);
        };
        if !ends.mostly_failed() {
            let (failed, all) = (count(ends.failed), counted(ends.attempts, "attempt"));
            let note = format!(
                "{failed} of {all} on {} failed: nothing to open for",
                arrow(&self.on)
            );
            return Finding::unknown("call", ends.attempts, note);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count"
        )]
        let expected_calls = expected.round() as u64;
        let passed = ends.attempts.min(expected_calls);
        let mut finding = Finding::of_share("call", expected_calls, passed, self.let_through.get());
        let (passed, all) = (
            count(ends.attempts),
            counted(expected_calls, "expected call"),
        );
        finding.found.push(format!("{passed} of {all} passed"));
        if finding.call != Call::Pass {
            finding.note = format!("{passed} of {all} passed while {} failed", self.on.to);
        }
        let openings = self.openings(wire, expected);
        self.weigh_openings(&mut finding, &openings);
        self.weigh_recovery(&mut finding, wire);
        finding
    }
}

impl Breaker {
    /// The silences after failures, each with the moment it began.
    fn openings(&self, wire: &Wire<'_>, expected: f64) -> Vec<(Span, Burst)> {
        let tested = wire.tested(&self.on);
        let times = wire.came(&self.on);
        let (Some((first, _)), Some((last, _))) = (times.first(), times.last()) else {
            return Vec::new();
        };
        let seconds = last.minus(*first).as_secs_f64() + 1.0;
        let gap = seconds / expected.max(1.0);
        let long = SILENCE.as_secs_f64().max(GAPS * gap);
        // The last silence of the fault is on record when the first attempt after it comes.
        let after = wire.on(&self.on).find(|report| report.at > *last);
        let reports: Vec<_> = tested.into_iter().chain(after).collect();
        Wire::bursts(&reports)
            .filter(|(_, burst)| burst.failed > 0 && burst.silent.as_secs_f64() >= long)
            .map(|(at, burst)| (at.minus(burst.ago).plus(burst.lasted), *burst))
            .filter(|(from, _)| *from >= first.minus(Span::from_secs(1)))
            .collect()
    }

    fn weigh_openings(&self, finding: &mut Finding, openings: &[(Span, Burst)]) {
        let Some((moment, first)) = openings.first() else {
            finding
                .found
                .push("it never opened and asked again".to_owned());
            let asked =
                self.opens_after.is_some() || self.open_for.is_some() || self.probes.is_some();
            if asked {
                finding.and(Call::Inconclusive, || {
                    "no opening was seen from end to end".to_owned()
                });
            }
            return;
        };
        finding.points_to(Some(*moment), "it opened");
        let n = openings.len() as u64;
        let bounded = |value: u64, most: Option<u64>| match most {
            Some(most) if value > most => Call::Fail,
            _ => Call::Pass,
        };
        finding
            .found
            .push(format!("opened after {}", counted(first.failed, "failure")));
        finding
            .figures
            .push(exact(first.failed, 1).figure("opens after", FigureUnit::Count));
        finding.and(bounded(first.failed, self.opens_after), || {
            format!("it opened only after {}", counted(first.failed, "failure"))
        });
        let mut silences = Histogram::new();
        for (_, burst) in openings {
            silences.record(burst.silent);
        }
        if let Some(mut open) = quantile(&silences, 0.5) {
            // Too few for order statistics: from the shortest to the longest.
            let ends = |q| silences.quantile(q).map(|span| span.as_micros() as f64);
            open.low = open.low.or_else(|| ends(0.0));
            open.high = open.high.or_else(|| ends(1.0));
            let times = counted(n, "time");
            finding.found.push(format!(
                "stays open for {} ({times})",
                measured(open.span())
            ));
            if let Some(least) = self.open_for {
                let short = open.value < 0.9 * least.as_micros() as f64;
                let call = if short { Call::Fail } else { Call::Pass };
                finding.and(call, || {
                    let (open, least) = (measured(open.span()), set(least));
                    format!("it stays open for {open}, not for {least}")
                });
            }
            finding
                .figures
                .push(open.figure("open for", FigureUnit::Microseconds));
        }
        if let Some(most) = openings[1..].iter().map(|(_, burst)| burst.attempts).max() {
            finding
                .found
                .push(format!("probes with {}", counted(most, "attempt")));
            finding
                .figures
                .push(exact(most, n - 1).figure("probe", FigureUnit::Count));
            finding.and(bounded(most, self.probes), || {
                format!("a probe had {}", counted(most, "attempt"))
            });
        }
    }

    /// How soon calls pass again once the fault is gone: the first report in which at least half
    /// of the expected ones come and few fail.
    fn weigh_recovery(&self, finding: &mut Finding, wire: &Wire<'_>) {
        let Some(limit) = self.recovers else { return };
        let healed = wire.tested(&self.on).last().map(|report| report.at);
        let kind = |phase: usize| wire.plan.phases.get(phase).map(|phase| phase.kind);
        let (Some(healed), Some(each)) = (healed, wire.calls_per_request(&self.on)) else {
            return;
        };
        let after = wire
            .on(&self.on)
            .filter(|report| report.at > healed && kind(report.phase) == Some(PhaseKind::Recovery));
        let inbound = wire.inbound(&self.on);
        let well = |report: &&super::wire::Report<'_>| {
            let came: u64 = inbound
                .iter()
                .flat_map(|link| wire.on(link))
                .filter(|other| other.at == report.at)
                .map(|other| other.traffic.first_attempts)
                .sum();
            let ends = Ends::of(report.traffic);
            ends.attempts as f64 >= 0.5 * each * came as f64 && ends.failed * 5 <= ends.attempts
        };
        let back = after.into_iter().find(well).map(|report| report.at);
        let took = back.map(|back| back.minus(healed));
        let call = if took.is_some_and(|took| took <= limit.plus(Span::from_secs(1))) {
            Call::Pass
        } else {
            Call::Fail
        };
        finding.and(call, || match took {
            Some(took) => format!("calls passed again only {} after the fault", measured(took)),
            None => "calls never passed again".to_owned(),
        });
        if let Some(took) = took {
            finding
                .found
                .push(format!("closed within {}", measured(took)));
            finding.points_to(back, "calls pass again");
        }
    }
}

fn exact(value: u64, n: u64) -> Estimate {
    Estimate {
        value: value as f64,
        low: None,
        high: None,
        n,
    }
}
