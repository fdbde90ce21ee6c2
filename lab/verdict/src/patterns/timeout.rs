//! The caller gives up.

use lab_model::link::Traffic;
use lab_model::{Histogram, Link, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Needs, Pattern, Problem, Shows, arrow};
use super::weigh::{EXCEPTIONS, Finding, quantile};
use super::wire::{Wire, beyond, sum};
use crate::figures::{counted, measured, part, set};
use crate::outcome::FigureUnit;

/// The caller waits for an answer no longer than it promised, however slow the callee is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeout {
    /// The link on which the caller calls.
    pub on: Link,
    /// By when it has its answer or has given up, from the first byte of the request.
    pub at_most: Span,
}

impl Pattern for Timeout {
    const NAME: &'static str = "timeout";
    const NEEDS: Needs = Needs {
        shows: Shows::Always,
        baseline: false,
        of_caller: true,
        load: false,
    };
    const EVIDENCE: &'static str = "requests that their caller gave up, and all that lasted longer; \
        at most 5 % may last longer; the deadline is the median of the times of giving up";

    #[expect(clippy::expect_used, reason = "a link")]
    fn example() -> Self {
        Self {
            on: "orders -> payments".parse().expect("a link"),
            at_most: Span::from_millis(500),
        }
    }

    fn on(&self) -> Option<&Link> {
        Some(&self.on)
    }

    fn problems(&self) -> Vec<Problem> {
        Problem::of_zero("at_most", self.at_most)
            .into_iter()
            .collect()
    }

    fn summary(&self) -> String {
        format!("timeout on {} ≤ {}", arrow(&self.on), set(self.at_most))
    }

    fn judge(&self, wire: &Wire<'_>) -> Finding {
        let reports: Vec<_> = wire.on(&self.on).collect();
        let traffic = sum(reports.iter().copied());
        let late = |histogram: &Histogram| beyond(histogram, self.at_most);
        let ended = traffic
            .caller_time
            .count()
            .saturating_add(traffic.abandoned)
            .saturating_add(traffic.broken);
        // What never ended on record outlasted everything; what came last may just have.
        let newest = reports.last().map_or(0, |report| report.traffic.requests);
        let hanging = traffic
            .requests
            .saturating_sub(ended)
            .saturating_sub(newest);
        let longer = late(&traffic.caller_time)
            .saturating_add(late(&traffic.gave_up_after))
            .saturating_add(late(&traffic.calls.broken_after))
            .saturating_add(hanging);
        let in_time = traffic.gave_up_after.count() - late(&traffic.gave_up_after);
        let n = in_time.saturating_add(longer);
        if n == 0 {
            let note = format!(
                "nothing on {} lasted long enough to be given up",
                arrow(&self.on)
            );
            return Finding::unknown("request", 0, note);
        }
        let mut finding = Finding::of_share("request", n, longer, EXCEPTIONS);
        if let Some(deadline) = quantile(&traffic.gave_up_after, 0.5) {
            finding
                .found
                .push(format!("gives up after {}", measured(deadline.span())));
            finding
                .figures
                .push(deadline.figure("deadline", FigureUnit::Microseconds));
        }
        finding
            .found
            .push(format!("{} lasted longer", part(longer, n, "slow request")));
        if hanging > 0 {
            let hanging = counted(hanging, "request");
            finding.found.push(format!("{hanging} never ended"));
        }
        let slow = |traffic: &Traffic| {
            let (done, given_up) = (&traffic.caller_time, &traffic.gave_up_after);
            late(done) > 0 || late(given_up) > 0 || late(&traffic.calls.broken_after) > 0
        };
        let first = reports.iter().find(|report| slow(report.traffic));
        finding.points_to(first.map(|report| report.at), "a request lasted longer");
        let gave_up = reports.iter().find(|report| report.traffic.abandoned > 0);
        finding.points_to(gave_up.map(|report| report.at), "the caller gave up");
        finding
    }
}
