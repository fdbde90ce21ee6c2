//! Pauses before retries.

use lab_model::calls::PAUSES;
use lab_model::{Histogram, Link, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Needs, Pattern, Problem, Shows, arrow};
use super::weigh::{Estimate, Finding, mean_ratio, quantile, share};
use super::wire::{Wire, sum};
use crate::figures::{counted, measured, part, set, significant};
use crate::outcome::{Call, FigureUnit};

/// The caller pauses before a retry, longer before each further one, and not all callers equally
/// long: those that failed together do not come back together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackOff {
    /// The link on which the caller calls.
    pub on: Link,
    /// The least median of the pauses before first retries.
    #[serde(default = "ten_milliseconds")]
    pub at_least: Span,
    /// How much longer pauses get from one retry to the next, on average, at least.
    #[serde(default = "half_again")]
    pub growth: f64,
    /// Whether pauses must differ: half of them may lie within 10 % of the median of their kind.
    #[serde(default = "yes")]
    pub jitter: bool,
}

const fn ten_milliseconds() -> Span {
    Span::from_millis(10)
}

const fn half_again() -> f64 {
    1.5
}

const fn yes() -> bool {
    true
}

/// Pauses of one kind that say anything.
const ENOUGH: u64 = 20;
/// Pauses so near to their median, up or down, are alike.
const ALIKE: f64 = 0.1;
/// The share of pauses that may be alike.
const MOST_ALIKE: f64 = 0.5;

impl Pattern for BackOff {
    const NAME: &'static str = "back_off";
    const NEEDS: Needs = Needs {
        shows: Shows::UnderFault,
        baseline: false,
        of_caller: true,
        load: false,
    };
    const EVIDENCE: &'static str = "pauses from the end of an attempt to the next one under the same \
        key, apart for first, second and further retries: the median of the \
        first, how their means grow, and how many pauses lie within 10 % of their median";

    #[expect(clippy::expect_used, reason = "a link")]
    fn example() -> Self {
        Self {
            on: "orders -> payments".parse().expect("a link"),
            at_least: Span::from_millis(20),
            growth: half_again(),
            jitter: yes(),
        }
    }

    fn on(&self) -> Option<&Link> {
        Some(&self.on)
    }

    fn problems(&self) -> Vec<Problem> {
        let wrong = !(self.growth >= 1.0 && self.growth <= 100.0);
        let growth = wrong.then(|| {
            let message = format!("pauses that grow by a factor of {}", self.growth);
            Problem::new("growth", message, "write 1 or more: 2 doubles each pause")
        });
        let zero = Problem::of_zero("at_least", self.at_least);
        zero.into_iter().chain(growth).collect()
    }

    fn summary(&self) -> String {
        let jitter = if self.jitter { ", jittered" } else { "" };
        let (on, least) = (arrow(&self.on), set(self.at_least));
        let growth = significant(self.growth, 3);
        format!("back-off on {on} ≥ {least}, × {growth}{jitter}")
    }

    fn judge(&self, wire: &Wire<'_>) -> Finding {
        let reports = wire.tested(&self.on);
        let traffic = sum(reports.iter().copied());
        let pauses = &traffic.calls.pauses;
        let n = pauses.iter().map(Histogram::count).sum();
        let medians: Vec<Estimate> = pauses
            .iter()
            .take_while(|pauses| pauses.count() >= ENOUGH)
            .filter_map(|pauses| quantile(pauses, 0.5))
            .collect();
        let Some(first) = medians.first() else {
            let note = format!(
                "only {} on {}",
                counted(n, "retried request"),
                arrow(&self.on)
            );
            return Finding::unknown("retry", n, note);
        };
        let mut finding = Finding::unknown("retry", n, "");
        finding.call = Call::Pass;
        self.weigh_length(&mut finding, *first);
        self.weigh_growth(&mut finding, &pauses[..medians.len()]);
        self.weigh_jitter(&mut finding, pauses);
        let paused = |report: &&&super::wire::Report<'_>| {
            report
                .traffic
                .calls
                .pauses
                .iter()
                .any(|pauses| !pauses.is_empty())
        };
        let moment = reports.iter().find(paused).map(|report| report.at);
        finding.points_to(moment, "the first retries");
        finding
    }
}

impl BackOff {
    fn weigh_length(&self, finding: &mut Finding, first: Estimate) {
        let least = self.at_least.as_micros() as f64;
        let call = if first.low.is_some_and(|low| low >= least) {
            Call::Pass
        } else if first.high.is_some_and(|high| high < least) {
            Call::Fail
        } else {
            Call::Inconclusive
        };
        finding.and(call, || {
            let (median, least) = (measured(first.span()), set(self.at_least));
            if call == Call::Fail {
                format!("first retries come {median} after a failure, not {least}")
            } else {
                format!("{median} before first retries is too near to {least}")
            }
        });
        finding
            .found
            .push(format!("{} before first retries", measured(first.span())));
        finding
            .figures
            .push(first.figure("first pause", FigureUnit::Microseconds));
    }

    fn weigh_growth(&self, finding: &mut Finding, pauses: &[Histogram]) {
        // From the first to the last kind of retry that is on record, by the step.
        let (Some(first), Some(last)) = (pauses.first(), pauses.last()) else {
            return;
        };
        let steps = pauses.len() - 1;
        let Some(growth) = mean_ratio(last, first).filter(|_| steps > 0) else {
            finding.found.push("no second retries to grow".to_owned());
            return;
        };
        let root = |ratio: f64| ratio.powf(1.0 / steps as f64);
        let growth = Estimate {
            value: root(growth.value),
            low: growth.low.map(root),
            high: growth.high.map(root),
            n: growth.n,
        };
        let enough = growth.value >= self.growth && growth.low.is_some_and(|low| low >= 1.0);
        let call = if enough {
            Call::Pass
        } else if growth.high.is_some_and(|high| high < self.growth) {
            Call::Fail
        } else {
            Call::Inconclusive
        };
        finding.and(call, || {
            let (found, asked) = (significant(growth.value, 2), significant(self.growth, 3));
            format!("pauses grow by {found} a retry, not by {asked}")
        });
        finding
            .found
            .push(format!("× {} a retry", significant(growth.value, 2)));
        finding
            .figures
            .push(growth.figure("growth", FigureUnit::Ratio));
    }

    fn weigh_jitter(&self, finding: &mut Finding, pauses: &[Histogram; PAUSES]) {
        let (mut n, mut alike) = (0, 0);
        for pauses in pauses.iter().filter(|pauses| pauses.count() >= ENOUGH) {
            let median = pauses.quantile(0.5).unwrap_or_default().as_micros() as f64;
            let near = |value: u64| (value as f64 - median).abs() <= ALIKE * median;
            n += pauses.count();
            let of_kind = pauses.buckets().filter(|(value, _)| near(*value));
            alike += of_kind.map(|(_, count)| count).sum::<u64>();
        }
        finding
            .found
            .push(format!("{} alike", part(alike, n, "pause")));
        let interval = crate::evidence::interval::interval(n, alike, crate::evidence::ALPHA);
        let estimate = Estimate {
            value: alike as f64 / n.max(1) as f64,
            low: Some(interval.low),
            high: Some(interval.high),
            n,
        };
        finding
            .figures
            .push(estimate.figure("alike", FigureUnit::Share));
        if self.jitter {
            finding.and(share(n, alike, MOST_ALIKE), || {
                let alike = part(alike, n, "pause");
                format!("{alike} within 10 % of their median: callers come back together")
            });
        }
    }
}
