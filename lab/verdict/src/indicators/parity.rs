//! Parity with noise: of each reading a primary, a secondary and a candidate are compared. Where
//! exactly one of the pairs differs, the candidate differs from the primary (against it) or the
//! secondary does (noise); null θ ≤ ½.

use lab_model::indicator::{Read, plain};

use super::readings::Readings;
use super::{Around, undecided};
use crate::evidence::control::{Arm, Comparison};
use crate::evidence::{ALPHA, bound};
use crate::figures::count;
use crate::outcome::{Call, IndicatorVerdict, Strength};

pub(super) fn weigh(ratio: f64, readings: &Readings<'_>, phase: &Around<'_>) -> IndicatorVerdict {
    let mut verdict = undecided(readings.n(), "");
    let (mut noise, mut whole) = (0_u64, 0_u64);
    for (_, reads) in &readings.due {
        let Some(
            [
                Read::Value(primary),
                Read::Value(secondary),
                Read::Value(candidate),
            ],
        ) = reads
        else {
            verdict.missing += 1;
            continue;
        };
        whole += 1;
        let differs = |other| plain(primary) != plain(other);
        match (differs(candidate), differs(secondary)) {
            (true, false) => verdict.bad += 1,
            (false, true) => noise += 1,
            _ => {}
        }
    }
    verdict.found = format!(
        "of {} compared, {} differ in the candidate alone and {} in the secondary alone",
        count(whole),
        count(verdict.bad),
        count(noise)
    );
    let arm = |bad| Arm { n: whole, bad };
    let evidence = |mut side: Comparison| {
        side.add(arm(verdict.bad), arm(noise));
        side.log_evidence()
    };
    let (fail, pass) = (
        evidence(Comparison::fail()),
        evidence(Comparison::pass(ratio)),
    );
    if fail >= bound(phase.alpha_fail) {
        verdict.call = Call::Fail;
    } else if whole == 0 || verdict.missing * 2 > verdict.n {
        let why = readings.first_failure().unwrap_or("nothing is on record");
        verdict.note = format!("most readings are missing: {why}");
    } else if verdict.missing > 0 && verdict.bad + noise == 0 {
        let why = readings.first_failure().unwrap_or("nothing is on record");
        verdict.note = format!("{} readings are missing: {why}", count(verdict.missing));
    } else if verdict.bad + noise == 0 {
        // No difference at all: a check, quoted as such.
        verdict.call = Call::Pass;
        verdict.at_most = Some((3.0 / whole as f64).min(1.0));
    } else if pass >= bound(ALPHA) {
        verdict.call = Call::Pass;
    } else {
        "too few differences to decide".clone_into(&mut verdict.note);
    }
    if verdict.call != Call::Inconclusive {
        verdict.strength = Some(Strength::Observed);
    }
    verdict
}
