//! Attempts per request, bounded.

use lab_model::Link;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Needs, Pattern, Problem, Shows, arrow};
use super::weigh::{Estimate, Finding, ratio};
use super::wire::{Ends, Wire, sum};
use crate::figures::{counted, significant};
use crate::outcome::{Call, FigureUnit};

/// The caller repeats failed requests, and yet adds little to the load of what fails: attempts for
/// each request stay few, as with a retry budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// The link on which the caller calls.
    pub on: Link,
    /// The most attempts for each request, on average over all of them.
    pub amplification: f64,
}

/// Failed attempts that put retries to the test.
const ENOUGH: u64 = 20;

impl Pattern for Retries {
    const NAME: &'static str = "retries";
    const NEEDS: Needs = Needs {
        shows: Shows::UnderFault,
        baseline: false,
        of_caller: true,
        load: false,
    };
    const EVIDENCE: &'static str = "attempts for each first attempt under the fault, second by \
        second; where the link refuses connections, for each call that the baseline lets expect; \
        passes and fails by the 95 % interval of the ratio";

    #[expect(clippy::expect_used, reason = "a link")]
    fn example() -> Self {
        Self {
            on: "orders -> payments".parse().expect("a link"),
            amplification: 1.3,
        }
    }

    fn on(&self) -> Option<&Link> {
        Some(&self.on)
    }

    fn problems(&self) -> Vec<Problem> {
        let wrong = !(self.amplification >= 1.0 && self.amplification <= 1_000.0);
        let problem = || {
            Problem::new(
                "amplification",
                format!("{} attempts for a request", self.amplification),
                "each request takes one at least: write 1 or more, such as 1.3",
            )
        };
        wrong.then(problem).into_iter().collect()
    }

    fn summary(&self) -> String {
        let most = significant(self.amplification, 3);
        format!("retries on {} ≤ {most} attempts a request", arrow(&self.on))
    }

    fn judge(&self, wire: &Wire<'_>) -> Finding {
        let reports = wire.tested(&self.on);
        let traffic = sum(reports.iter().copied());
        let ends = Ends::of(&traffic);
        if ends.failed < ENOUGH {
            let failed = counted(ends.failed, "attempt");
            let note = format!(
                "only {failed} on {} failed: nothing called for a retry",
                arrow(&self.on)
            );
            return Finding::unknown("request", traffic.first_attempts, note);
        }
        let by_key = || {
            let pair = |report: &&super::wire::Report<'_>| {
                let Ends { attempts, .. } = Ends::of(report.traffic);
                (report.traffic.first_attempts as f64, attempts as f64)
            };
            ratio(&reports.iter().map(pair).collect::<Vec<_>>())
        };
        // Refused connections carry no key.
        let estimate = if traffic.refused > traffic.requests / 10 {
            by_expectation(wire, &self.on)
        } else {
            by_key()
        };
        let Some(estimate) = estimate else {
            let note = "too few seconds, or no baseline to tell first attempts from further ones";
            return Finding::unknown("request", traffic.first_attempts, note);
        };
        self.weigh(estimate, &traffic, &reports)
    }
}

/// Attempts for each call that the caller would have made, were everything well.
fn by_expectation(wire: &Wire<'_>, link: &Link) -> Option<Estimate> {
    let each = wire.calls_per_request(link)?;
    let reports = wire.tested(link);
    let pairs = wire.came(link).into_iter().map(|(at, came)| {
        let here = reports.iter().filter(|report| report.at == at);
        let made: u64 = here.map(|report| Ends::of(report.traffic).attempts).sum();
        (came as f64 * each, made as f64)
    });
    ratio(&pairs.collect::<Vec<_>>())
}

impl Retries {
    fn weigh(
        &self,
        estimate: Estimate,
        traffic: &lab_model::link::Traffic,
        reports: &[&super::wire::Report<'_>],
    ) -> Finding {
        let mut finding = Finding::unknown("request", estimate.n, "");
        let (low, high) = (
            estimate.low.unwrap_or(0.0),
            estimate.high.unwrap_or(f64::INFINITY),
        );
        finding.call = if high <= self.amplification {
            Call::Pass
        } else if low > self.amplification {
            Call::Fail
        } else {
            let (low, high) = (significant(low, 3), significant(high, 3));
            finding.note = format!("between {low} and {high} attempts: a longer fault would tell");
            Call::Inconclusive
        };
        let mean = significant(estimate.value, 3);
        finding.found.push(format!("{mean} attempts a request"));
        finding
            .figures
            .push(estimate.figure("amplification", FigureUnit::Ratio));
        let attempts = traffic.calls.attempts;
        if let Some(most) = attempts.iter().rposition(|count| *count > 0) {
            let or_more = if most + 1 == attempts.len() {
                " or more"
            } else {
                ""
            };
            finding.found.push(format!("at most {}{or_more}", most + 1));
        }
        let retried = |report: &&&super::wire::Report<'_>| {
            let Ends { attempts, .. } = Ends::of(report.traffic);
            attempts as f64 > self.amplification * report.traffic.first_attempts.max(1) as f64
        };
        let first = reports.iter().find(retried).map(|report| report.at);
        finding.points_to(first, "more attempts than that in a second");
        finding
    }
}
