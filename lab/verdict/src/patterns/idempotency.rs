//! A repeated write acts once.

use lab_model::Link;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Needs, Pattern, Shows, arrow};
use super::weigh::Finding;
use super::wire::{Wire, sum};
use crate::figures::{counted, part};
use crate::outcome::Call;

/// A write that comes again under the same idempotency key is answered as it was the first time,
/// instead of being done again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Idempotency {
    /// The link to the callee that writes.
    pub on: Link,
}

/// Repeated writes that say anything.
const ENOUGH: u64 = 20;

impl Pattern for Idempotency {
    const NAME: &'static str = "idempotency";
    const NEEDS: Needs = Needs {
        shows: Shows::Always,
        baseline: false,
        of_caller: false,
        load: false,
    };
    const EVIDENCE: &'static str = "successful replies to further attempts of a write, compared with \
        the first one byte by byte, as the header field Idempotency-Key asks (draft-ietf-httpapi-\
        idempotency-key-header); one that differs fails, 20 alike pass: at most 3/n differ at 95 %";

    #[expect(clippy::expect_used, reason = "a link")]
    fn example() -> Self {
        Self {
            on: "monolith -> orders".parse().expect("a link"),
        }
    }

    fn on(&self) -> Option<&Link> {
        Some(&self.on)
    }

    fn summary(&self) -> String {
        format!("idempotency on {}", arrow(&self.on))
    }

    fn judge(&self, wire: &Wire<'_>) -> Finding {
        let reports: Vec<_> = wire.on(&self.on).collect();
        let calls = sum(reports.iter().copied()).calls;
        let (alike, otherwise) = (calls.repeated_alike, calls.repeated_otherwise);
        let n = alike.saturating_add(otherwise);
        let mut finding = Finding::unknown("repeated write", n, "");
        finding.against = otherwise;
        finding.allowed = Some(0.0);
        finding.call = match (otherwise, n) {
            (1.., _) => Call::Fail,
            (0, ENOUGH..) => Call::Pass,
            _ => Call::Inconclusive,
        };
        match finding.call {
            Call::Fail => {
                let other = part(otherwise, n, "repeated write");
                finding.note = format!("{other} were answered as if they were new");
            }
            Call::Inconclusive => {
                let seen = counted(n, "repeated write");
                finding.note = format!(
                    "only {seen} on {} answered twice where the proxy sees it",
                    arrow(&self.on)
                );
            }
            _ => {}
        }
        finding.found.push(format!(
            "{} answered alike",
            part(alike, n, "repeated write")
        ));
        let first = |other: bool| {
            let mut reports = reports.iter().filter(move |report| {
                let calls = &report.traffic.calls;
                let count = if other {
                    calls.repeated_otherwise
                } else {
                    calls.repeated_alike
                };
                count > 0
            });
            reports.next().map(|report| report.at)
        };
        finding.points_to(first(true), "a repeated write was done again");
        finding.points_to(first(false), "a repeated write was recognised");
        finding
    }
}
