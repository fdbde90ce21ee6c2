//! What is broken in one part stays there.

use lab_model::pattern::Watch;
use lab_model::{Link, Name, Ratio, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::{Needs, Pattern, Problem, Shows, arrow};
use super::weigh::{Estimate, Finding};
use super::wire::{Ends, Wire, sum};
use crate::figures::{count, counted, part, set};
use crate::outcome::FigureUnit;

/// A journey that does not need a failing dependency stays well: calls to it cannot take
/// everything that their caller has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bulkhead {
    /// The link that fails.
    pub on: Link,
    /// The journey that stays well.
    pub keeps: Name,
    /// How soon its arrivals end.
    pub within: Span,
    /// The least share of its arrivals that are good and end so soon.
    #[serde(default = "most")]
    pub share: Ratio,
}

fn most() -> Ratio {
    Ratio::new(0.95).unwrap_or(Ratio::ONE)
}

impl Pattern for Bulkhead {
    const NAME: &'static str = "bulkhead";
    const NEEDS: Needs = Needs {
        shows: Shows::UnderFault,
        baseline: true,
        of_caller: true,
        load: true,
    };
    const EVIDENCE: &'static str = "the journey's arrivals under the fault, as the load saw them, \
        while calls on the link fail or pile up to twice what the baseline had on their way; beside \
        them the most calls on their way at once";

    #[expect(clippy::expect_used, reason = "names")]
    fn example() -> Self {
        Self {
            on: "monolith -> orders".parse().expect("a link"),
            keeps: Name::new("browse").expect("a name"),
            within: Span::from_millis(300),
            share: most(),
        }
    }

    fn on(&self) -> Option<&Link> {
        Some(&self.on)
    }

    fn of(&self) -> Option<&Name> {
        Some(&self.keeps)
    }

    fn watch(&self) -> Option<Watch> {
        Some(Watch {
            of: self.keeps.clone(),
            within: self.within,
        })
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
        format!("bulkhead on {on} keeps {} within {within}", self.keeps)
    }

    fn judge(&self, wire: &Wire<'_>) -> Finding {
        let (before, under) = (sum(wire.healthy(&self.on)), sum(wire.tested(&self.on)));
        let (most, usual) = (under.calls.most_in_flight, before.calls.most_in_flight);
        let piled_up = most >= usual.saturating_mul(2).max(2);
        if !piled_up && !Ends::of(&under).mostly_failed() {
            let calls = counted(most, "call");
            let note = format!(
                "at most {calls} on {} at once: no pressure",
                arrow(&self.on)
            );
            return Finding::unknown("arrival", 0, note);
        }
        let (mut n, mut bad, mut moment) = (0_u64, 0_u64, None);
        for phase in &wire.during {
            let Some(journey) = wire.tally.journey(*phase, &self.keeps) else {
                continue;
            };
            let limit = journey.limit(self.within);
            let of = |counts: &crate::tally::Counts| {
                let over = limit.map_or(counts.bad, |limit| counts.over(limit).max(counts.bad));
                over.min(counts.ended())
            };
            n = n.saturating_add(journey.total.ended());
            bad = bad.saturating_add(of(&journey.total));
            let began = wire
                .tally
                .phases
                .get(*phase)
                .and_then(|phase| phase.started);
            let second = journey.seconds.iter().position(|counts| of(counts) > 0);
            if let (Some(began), Some(second), None) = (began, second, moment) {
                moment = Some(began.plus(Span::from_secs(second as u64)));
            }
        }
        let mut finding = Finding::of_share("arrival", n, bad, self.share.complement());
        let good = n.saturating_sub(bad);
        finding
            .found
            .push(format!("{} kept", part(good, n, self.keeps.as_str())));
        let peak = format!(
            "at most {} calls at once (before: {})",
            count(most),
            count(usual)
        );
        finding.found.push(peak);
        let figure = Estimate {
            value: most as f64,
            low: None,
            high: None,
            n: under.requests,
        };
        finding
            .figures
            .push(figure.figure("most at once", FigureUnit::Count));
        finding.points_to(moment, "an arrival was not kept");
        finding
    }
}
