//! Fast refusals rather than queues.

use lab_model::{Link, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Needs, Pattern, Problem, Shows, arrow};
use super::weigh::{EXCEPTIONS, Finding, quantile};
use super::wire::{Ends, Wire, beyond, sum};
use crate::figures::{count, counted, measured, set};
use crate::outcome::{Call, FigureUnit};

/// A callee with more load than it can serve refuses the rest at once (429 or 503), so that what
/// it serves is served in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadShedding {
    /// The link to the callee that has too much load.
    pub on: Link,
    /// How soon it refuses.
    #[serde(default = "a_tenth")]
    pub refuses_within: Span,
    /// How soon it serves what it does not refuse.
    pub serves_within: Span,
}

const fn a_tenth() -> Span {
    Span::from_millis(100)
}

/// Refusals that show that there was too much load.
const ENOUGH: u64 = 20;

impl Pattern for LoadShedding {
    const NAME: &'static str = "load_shedding";
    const NEEDS: Needs = Needs {
        shows: Shows::UnderLoad,
        baseline: false,
        of_caller: false,
        load: false,
    };
    const EVIDENCE: &'static str = "all requests on the link: bad ones were served late, refused \
        late, given up, broken, or failed otherwise; at most 5 % may be, and at least 20 must have \
        been refused, else there was not too much load";

    #[expect(clippy::expect_used, reason = "a link")]
    fn example() -> Self {
        Self {
            on: "orders -> payments".parse().expect("a link"),
            refuses_within: a_tenth(),
            serves_within: Span::from_millis(500),
        }
    }

    fn on(&self) -> Option<&Link> {
        Some(&self.on)
    }

    fn problems(&self) -> Vec<Problem> {
        let refuses = Problem::of_zero("refuses_within", self.refuses_within);
        let serves = Problem::of_zero("serves_within", self.serves_within);
        refuses.into_iter().chain(serves).collect()
    }

    fn summary(&self) -> String {
        let (on, serves) = (arrow(&self.on), set(self.serves_within));
        let refuses = set(self.refuses_within);
        format!("load shedding on {on}: refuses in {refuses}, serves in {serves}")
    }

    fn judge(&self, wire: &Wire<'_>) -> Finding {
        let reports = wire.tested(&self.on);
        let traffic = sum(reports.iter().copied());
        let shed = &traffic.calls.shed_time;
        let late = |traffic: &lab_model::link::Traffic| {
            let shed = &traffic.calls.shed_time;
            let slow = beyond(&traffic.caller_time, self.serves_within);
            let served_late = slow.saturating_sub(beyond(shed, self.serves_within));
            served_late.saturating_add(beyond(shed, self.refuses_within))
        };
        let ended = traffic.caller_time.count();
        let failed = Ends::of(&traffic).failed.saturating_sub(shed.count());
        let n = ended
            .saturating_add(traffic.abandoned)
            .saturating_add(traffic.broken)
            .saturating_add(traffic.refused);
        let bad = failed.saturating_add(late(&traffic));
        let mut finding = Finding::of_share("request", n, bad, EXCEPTIONS);
        if shed.count() < ENOUGH && finding.call == Call::Pass {
            let refused = counted(shed.count(), "refusal");
            let note = format!("only {refused} on {}: not too much load", arrow(&self.on));
            return Finding::unknown("request", n, note);
        }
        finding
            .found
            .push(format!("{} refused of {}", count(shed.count()), count(n)));
        if let Some(time) = quantile(shed, 0.95) {
            finding
                .found
                .push(format!("refusals p95 {}", measured(time.span())));
            finding
                .figures
                .push(time.figure("refusal p95", FigureUnit::Microseconds));
        }
        if let Some(time) = quantile(&traffic.caller_time, 0.95) {
            finding
                .found
                .push(format!("answers p95 {}", measured(time.span())));
            finding
                .figures
                .push(time.figure("answer p95", FigureUnit::Microseconds));
        }
        if finding.call == Call::Fail {
            finding.note = format!(
                "{} late, {} failed or given up: they queue instead of being refused",
                count(late(&traffic)),
                count(failed)
            );
        }
        let first = reports.iter().find(|report| late(report.traffic) > 0);
        finding.points_to(first.map(|report| report.at), "answers come late");
        let refusing = reports
            .iter()
            .find(|r| !r.traffic.calls.shed_time.is_empty());
        finding.points_to(refusing.map(|report| report.at), "load is refused");
        finding
    }
}
