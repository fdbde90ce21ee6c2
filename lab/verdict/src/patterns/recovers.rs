//! Goodput is back when its trigger is gone.

use lab_model::plan::PhaseKind;
use lab_model::{Link, Name, Ratio, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::ALPHA;
use crate::evidence::trials::{proves, refutes, zero_failure_trials};

use super::kind::{Needs, Pattern, Problem, Shows};
use super::weigh::{Estimate, Finding};
use super::wire::{Wire, sum};
use crate::figures::{counted, measured, percent, set, significant};
use crate::outcome::{Call, FigureUnit};
use crate::recovery::first_lasting;
use crate::tally::{Counts, JourneyTally, attempts_per_request};

/// Goodput comes back soon after the fault is gone. Where it does not although nothing is broken
/// any more, the overload keeps itself alive (metastable: Bronson et al., *Metastable Failures in
/// Distributed Systems*, `HotOS` 2021). A scenario with several fault and recovery phases replays
/// the trigger; each recovery counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovers {
    /// How soon after the fault.
    pub within: Span,
    /// The journey; every one if left out.
    #[serde(default)]
    pub of: Option<Name>,
    /// The share of triggers that must be recovered from: each fault with its recovery is a trial
    /// then, their number is the scenario's, and an exact test judges them once (14 clean trials
    /// prove 80 %, 29 prove 90 %, 59 prove 95 %).
    #[serde(default)]
    pub proves: Option<Ratio>,
}

/// What one fault with its recovery is.
pub(super) const TRIAL: &str = "trial";
/// For how long service must last to count as back: as long as the phase shows, up to this.
const LASTING: u64 = 15;
/// The least time after `within` that shows whether service lasts.
const SHOWN: Span = Span::from_secs(3);
/// A second is bad when it loses this share more than the baseline did.
const LOST: f64 = 0.1;
/// Attempts per request from which retries are what keeps an overload alive.
const KEPT_ALIVE: f64 = 1.5;

impl Pattern for Recovers {
    const NAME: &'static str = "recovers";
    const NEEDS: Needs = Needs {
        shows: Shows::Afterwards,
        baseline: false,
        of_caller: false,
        load: true,
    };
    const EVIDENCE: &'static str = "the share of good arrivals, second by second, against the \
        baseline's: back at the first second from which service lasts for the rest of the phase, 15 s \
        at most; not back in time fails; attempts per request tell what keeps an overload alive";

    fn example() -> Self {
        Self {
            within: Span::from_secs(10),
            of: None,
            proves: None,
        }
    }

    fn on(&self) -> Option<&Link> {
        None
    }

    fn of(&self) -> Option<&Name> {
        self.of.as_ref()
    }

    fn shortest_phase(&self) -> Span {
        self.within.plus(SHOWN)
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = Problem::of_zero("within", self.within)
            .into_iter()
            .collect();
        if let Some(share) = self
            .proves
            .filter(|share| !(0.0 < share.get() && share.get() < 1.0))
        {
            problems.push(Problem {
                setting: "proves",
                message: format!("no number of trials proves {share}"),
                help: "write `proves: 80%`".to_owned(),
            });
        }
        problems
    }

    fn summary(&self) -> String {
        let of = self
            .of
            .as_ref()
            .map_or_else(|| "every journey".to_owned(), ToString::to_string);
        format!("{of} recovers within {}", set(self.within))
    }

    fn judge(&self, wire: &Wire<'_>) -> Finding {
        let finding = self.seen(wire);
        match self.proves {
            Some(share) => self.by_trials(wire, share.get(), finding),
            None => finding,
        }
    }
}

impl Recovers {
    /// Whole attempts in the place of journeys: a trial failed where any journey was not back.
    fn by_trials(&self, wire: &Wire<'_>, share: f64, mut finding: Finding) -> Finding {
        let failed = wire.during.iter().filter(|phase| {
            let journeys = wire.plan.load.journeys.iter().map(|journey| &journey.name);
            let mut wanted = journeys.filter(|name| self.of.as_ref().is_none_or(|of| of == *name));
            wanted.any(|journey| {
                let tally = wire.tally.journey(**phase, journey);
                let after = tally.and_then(|tally| self.back_after(wire, **phase, tally));
                after.is_none_or(|after| after > self.within)
            })
        });
        let (n, failed) = (wire.during.len() as u64, failed.count() as u64);
        finding.unit = TRIAL;
        finding.n = n;
        finding.against = failed;
        finding.allowed = Some(1.0 - share);
        let clean = counted(n - failed, "clean trial");
        finding.found.insert(0, format!("{clean} of {n}"));
        finding.call = if n == 0 {
            Call::Inconclusive
        } else if proves(n, failed, share, ALPHA) {
            finding.note.clear();
            Call::Pass
        } else if refutes(n, failed, share, ALPHA) {
            Call::Fail
        } else {
            let needed = zero_failure_trials(share, ALPHA).map_or_else(String::new, |trials| {
                format!(": {trials} clean ones would prove {}", percent(share))
            });
            finding.note = format!("{failed} of {} failed{needed}", counted(n, "trial"));
            Call::Inconclusive
        };
        finding
    }

    /// What was seen of each journey in each recovery.
    fn seen(&self, wire: &Wire<'_>) -> Finding {
        let mut finding = Finding::unknown("recovery", 0, "");
        finding.call = Call::Pass;
        let wanted = |name: &&Name| self.of.as_ref().is_none_or(|of| of == *name);
        let journeys = wire.plan.load.journeys.iter().map(|journey| &journey.name);
        let journeys: Vec<&Name> = journeys.filter(wanted).collect();
        let mut slowest: Option<Span> = None;
        for phase in &wire.during {
            for journey in &journeys {
                let Some(tally) = wire.tally.journey(*phase, journey) else {
                    continue;
                };
                finding.n += 1;
                let after = self.back_after(wire, *phase, tally);
                if after.is_some_and(|after| after <= self.within) {
                    slowest = slowest.max(after);
                    continue;
                }
                finding.against += 1;
                let reason = why(wire, *phase, journey, after);
                finding.and(Call::Fail, || reason);
                let moment = wire
                    .tally
                    .phases
                    .get(*phase)
                    .and_then(|phase| phase.started);
                finding.points_to(moment, "the fault is gone");
            }
        }
        if finding.n == 0 {
            return Finding::unknown("recovery", 0, "no recovery phase was reached");
        }
        let back = finding.n - finding.against;
        finding
            .found
            .push(format!("{back} of {} back", counted(finding.n, "recovery")));
        if let Some(slowest) = slowest {
            finding.found.push(match slowest {
                Span::ZERO => "at once".to_owned(),
                _ => format!("after {} at the latest", measured(slowest)),
            });
            let figure = Estimate {
                value: slowest.as_micros() as f64,
                low: None,
                high: None,
                n: back,
            };
            finding
                .figures
                .push(figure.figure("back after", FigureUnit::Microseconds));
        }
        finding
    }
}

impl Recovers {
    /// From the start of the phase to the first second from which on service lasts.
    fn back_after(&self, wire: &Wire<'_>, phase: usize, tally: &JourneyTally) -> Option<Span> {
        let healthy = (0..phase)
            .rev()
            .find(|earlier| wire.plan.phases[*earlier].kind == PhaseKind::Baseline)
            .and_then(|baseline| wire.tally.journey(baseline, &tally.journey))
            .and_then(|baseline| lost(&baseline.total))
            .unwrap_or(0.0);
        let length = wire.plan.phases.get(phase)?.length;
        let shown = length.minus(self.within).as_micros() / 1_000_000;
        let lasting = usize::try_from(shown.clamp(1, LASTING)).ok()?;
        let slices: Vec<Option<f64>> = tally.seconds.iter().map(lost).collect();
        // One bad second in ten may be chance.
        let tolerated = lasting as u64 / 10;
        first_lasting(&slices, healthy + LOST, tolerated, lasting)
    }
}

/// The share of arrivals that were not good; `None` without any.
fn lost(counts: &Counts) -> Option<f64> {
    let lost = counts.due.saturating_sub(counts.good);
    (counts.due > 0).then(|| lost as f64 / counts.due as f64)
}

/// Why a journey was not back, with what keeps it away.
fn why(wire: &Wire<'_>, phase: usize, journey: &Name, after: Option<Span>) -> String {
    let when = match after {
        Some(after) => format!("{journey} was back only after {}", measured(after)),
        None => format!("{journey} was not seen back"),
    };
    let seconds = wire
        .tally
        .journey(phase, journey)
        .map_or(&[][..], |tally| &tally.seconds);
    let late = &seconds[seconds.len() / 2..];
    let shares: Vec<f64> = late.iter().filter_map(lost).collect();
    let share = shares.iter().sum::<f64>() / shares.len().max(1) as f64;
    let on = |link: &Link| {
        let here = wire.on(link).filter(|report| report.phase == phase);
        attempts_per_request(&sum(here))
    };
    let links = wire.plan.system.links.iter();
    let busiest = links
        .filter_map(|link| Some((link, on(link)?)))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .filter(|(_, attempts)| *attempts >= KEPT_ALIVE && after.is_none());
    match busiest {
        Some((link, attempts)) => format!(
            "{when}: {} still fail although nothing is broken, and {} carries {} attempts a request: \
             retries keep the overload alive",
            percent(share),
            super::kind::arrow(link),
            significant(attempts, 2)
        ),
        None => format!("{when}: {} of the last arrivals failed", percent(share)),
    }
}
