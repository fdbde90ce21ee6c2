//! Callers are served although a dependency is not there.

use lab_model::{Link, Ratio, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Needs, Pattern, Problem, Shows, arrow};
use super::weigh::{Finding, quantile};
use super::wire::{Ends, Wire, beyond, sum};
use crate::figures::{count, counted, measured, part, set};
use crate::outcome::FigureUnit;

/// While a dependency fails, its caller still answers those that call it: something else, and
/// soon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    /// The link to the dependency; its caller is the one that falls back.
    pub on: Link,
    /// How soon the caller answers at the latest.
    #[serde(default = "one_second")]
    pub within: Span,
    /// The least share of the requests in need of the dependency that are answered so.
    #[serde(default = "most")]
    pub share: Ratio,
}

const fn one_second() -> Span {
    Span::from_secs(1)
}

fn most() -> Ratio {
    Ratio::new(0.95).unwrap_or(Ratio::ONE)
}

impl Pattern for Fallback {
    const NAME: &'static str = "fallback";
    const NEEDS: Needs = Needs {
        shows: Shows::UnderFault,
        baseline: true,
        of_caller: true,
        load: false,
    };
    const EVIDENCE: &'static str = "replies on the links that lead to the caller, while at least \
        half of its own attempts fail: bad ones have a status from 500 on or 429, are late, broken \
        or given up; counted against the calls that the baseline lets expect";

    #[expect(clippy::expect_used, reason = "a link")]
    fn example() -> Self {
        Self {
            on: "orders -> payments".parse().expect("a link"),
            within: one_second(),
            share: most(),
        }
    }

    fn on(&self) -> Option<&Link> {
        Some(&self.on)
    }

    fn problems(&self) -> Vec<Problem> {
        let everything = self.share.get() >= 1.0 || self.share.get() <= 0.0;
        let share = everything.then(|| {
            let message = format!("a share of {} cannot be shown", self.share);
            Problem::new("share", message, "write a share above 0% and below 100%")
        });
        let zero = Problem::of_zero("within", self.within);
        zero.into_iter().chain(share).collect()
    }

    fn summary(&self) -> String {
        let (on, within) = (arrow(&self.on), set(self.within));
        format!("fallback for {on} within {within}")
    }

    fn judge(&self, wire: &Wire<'_>) -> Finding {
        let ends = Ends::of(&sum(wire.tested(&self.on)));
        if !ends.mostly_failed() {
            let (failed, all) = (count(ends.failed), counted(ends.attempts, "attempt"));
            let note = format!(
                "{failed} of {all} on {} failed: nothing to fall back for",
                arrow(&self.on)
            );
            return Finding::unknown("request", ends.attempts, note);
        }
        let Some(expected) = wire.expected_calls(&self.on) else {
            let note = format!("no baseline says how many requests need {}", self.on.to);
            return Finding::unknown("request", 0, note);
        };
        let inbound = wire.inbound_tested(&self.on);
        let answered = sum(inbound.iter().copied());
        let calls = &answered.calls;
        // Late errors are errors already.
        let late = beyond(&answered.caller_time, self.within)
            .saturating_sub(beyond(&calls.error_time, self.within))
            .saturating_sub(beyond(&calls.shed_time, self.within));
        let failed = Ends::of(&answered).failed;
        let bad = failed.saturating_add(late);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count"
        )]
        let n = expected.round() as u64;
        let mut finding = Finding::of_share("request", n, bad, self.share.complement());
        let good = n.saturating_sub(bad);
        finding
            .found
            .push(format!("{} answered in time", part(good, n, "request")));
        if bad > 0 {
            finding
                .found
                .push(format!("{} failed, {} late", count(failed), count(late)));
        }
        if let Some(p95) = quantile(&answered.caller_time, 0.95) {
            finding.found.push(format!("p95 {}", measured(p95.span())));
            finding
                .figures
                .push(p95.figure("p95", FigureUnit::Microseconds));
        }
        let trouble = |report: &&&super::wire::Report<'_>| {
            Ends::of(report.traffic).failed > 0
                || beyond(&report.traffic.caller_time, self.within) > 0
        };
        let first = inbound.iter().find(trouble).map(|report| report.at);
        finding.points_to(first, "a request was not answered in time");
        finding
    }
}
