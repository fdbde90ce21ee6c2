//! Invariants: a check and no test. One violation fails. Without one, the true share of violations
//! is at most 3/n with 95 % confidence (the rule of three), if readings are independent; nothing
//! may be missing.

use lab_model::indicator::{Must, plain};

use super::readings::Readings;
use super::undecided;
use crate::figures::{count, counted, measured, part, percent};
use crate::outcome::{Call, IndicatorVerdict, Interval, Strength};

/// The longest value that is quoted.
const QUOTED: usize = 60;

pub(super) fn weigh(must: &Must, readings: &Readings<'_>) -> IndicatorVerdict {
    let n = readings.n();
    let mut verdict = undecided(n, "");
    verdict.allowed = Some(0.0);
    let mut first = None;
    for (at, value) in readings.values() {
        match value {
            None => verdict.missing += 1,
            Some(value) if must.holds(value) => {}
            Some(value) => {
                verdict.bad += 1;
                first.get_or_insert((at, value));
            }
        }
    }
    if let Some((at, value)) = first {
        let text: String = plain(value).chars().take(QUOTED).collect();
        let (bad, after) = (part(verdict.bad, n, "reading"), measured(at));
        verdict.found = format!("{bad} otherwise, first {text} after {after}");
        verdict.call = Call::Fail;
        verdict.strength = Some(Strength::Proven);
    } else if n == 0 {
        "no reading was due".clone_into(&mut verdict.note);
    } else if verdict.missing > 0 {
        let why = readings.first_failure().unwrap_or("nothing is on record");
        let missing = part(verdict.missing, n, "reading");
        verdict.note = format!("{missing} missing: {why}");
    } else {
        let most = (3.0 / n as f64).min(1.0);
        verdict.call = Call::Pass;
        verdict.strength = Some(Strength::Observed);
        verdict.at_most = Some(most);
        verdict.interval = Some(Interval {
            low: 0.0,
            high: most,
        });
        let most = percent(most);
        verdict.found = format!(
            "held in all {}: otherwise in at most {most} at 95 %",
            counted(n, "reading")
        );
    }
    if verdict.found.is_empty() {
        verdict.found = format!("{} of {} readings", count(n - verdict.missing), count(n));
    }
    verdict
}
