//! Whether each fault was seen to bite.

use lab_model::plan::Fault;
use lab_verdict::outcome::{Call, WitnessVerdict};

use super::{Judged, Word};
use crate::deeds;
use crate::format;
use crate::run::Run;
use crate::style::Tone;

/// One line for each fault.
pub(crate) fn judged(run: &Run<'_>) -> Vec<Judged> {
    let faults = &run.plan().faults;
    let witnesses = run.verdict.witnesses.iter();
    witnesses
        .filter_map(|witness| Some(line(faults.get(witness.fault)?, witness)))
        .collect()
}

fn line(fault: &Fault, witness: &WitnessVerdict) -> Judged {
    let seen = witness.call == Call::Pass;
    let word = if seen {
        Word::of(Tone::Good, "seen")
    } else {
        Word::of(Tone::Doubt, "NOT SEEN")
    };
    Judged {
        word,
        subject: format!("{} on {}", fault.kind, format::site(&fault.site())),
        found: found(fault, witness),
        strength: "",
        note: if seen {
            String::new()
        } else {
            witness.note.clone()
        },
    }
}

/// `1 497 of 1 497 requests, added 2.01 s (asked 2 s ± 200 ms)`.
fn found(fault: &Fault, witness: &WitnessVerdict) -> String {
    let seen = deeds::seen(witness);
    match deeds::asked(fault) {
        Some(asked) => format!("{seen} ({asked})"),
        None => seen,
    }
}
