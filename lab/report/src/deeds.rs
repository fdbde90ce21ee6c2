//! What a fault did, by the proxy's counters, in words.

use lab_model::Span;
use lab_model::link::{Delay, Touched};
use lab_model::plan::{Deed, Effect, Fault};
use lab_verdict::outcome::WitnessVerdict;
use lab_verdict::tally::FaultTally;

use crate::format;

/// A fault with the one setting that tells most: `latency 2 s`, `bandwidth 20KB/s`, `down`.
pub(crate) fn label(fault: &Fault) -> String {
    match &fault.effect {
        Effect::Delay { mean, .. } => format!("{} {}", fault.kind, format::planned(*mean)),
        Effect::Throttle { rate } => format!("{} {rate}", fault.kind),
        Effect::Exchange { deed, .. } => match deed {
            Deed::Answered { status } => format!("{} {status}", fault.kind),
            Deed::Delayed { mean, .. } | Deed::Held { mean, .. } | Deed::HandshakeHeld { mean } => {
                format!("{} {}", fault.kind, format::planned(*mean))
            }
            _ => fault.kind.to_string(),
        },
        Effect::Open { delay } => format!("{} {}", fault.kind, format::planned(*delay)),
        Effect::Alter { share } | Effect::Lose { share } => {
            format!("{} {}", fault.kind, format::percent(share.get()))
        }
        _ => fault.kind.to_string(),
    }
}

/// What a fault did so far: `touched 1 497, added 2.01 s`, `touched 12, 12 reset`.
pub(crate) fn so_far(fault: &FaultTally) -> String {
    if fault.armed.is_empty() {
        return "not armed".to_owned();
    }
    let touched = match fault.touched {
        Touched { readings, .. } if readings > 0 => readings,
        Touched { requests: 0, .. } => fault.touched.connections,
        Touched { requests, .. } => requests,
    };
    let marks = Marks {
        delay: fault.delay,
        resets: fault.resets,
        refused: fault.refused,
        dropped: fault.dropped,
    };
    with(format!("touched {}", format::count(touched)), &marks)
}

/// What was seen of a fault: `1 497 of 1 497 requests, added 2.01 s`.
pub(crate) fn seen(witness: &WitnessVerdict) -> String {
    let amounts = |of: fn(&Touched) -> u64| (of(&witness.touched), of(&witness.passing));
    let ((touched, passing), noun) = match witness.passing {
        Touched { readings, .. } if readings > 0 => (amounts(|amount| amount.readings), "reading"),
        _ if only_connections(witness) => (amounts(|amount| amount.connections), "connection"),
        Touched { .. } => (amounts(|amount| amount.requests), "request"),
    };
    let marks = Marks {
        delay: witness.delay,
        resets: witness.resets,
        refused: witness.refused,
        dropped: witness.dropped,
    };
    let (touched, passing) = (format::count(touched), format::counted(passing, noun));
    if witness.matched > 0 {
        // What matches is counted one by one, whatever passes is counted in.
        let touched = format::count(witness.touched.requests);
        let matched = format::count(witness.matched);
        return with(
            format!("{touched} of {matched} that matched, of {passing}"),
            &marks,
        );
    }
    with(format!("{touched} of {passing}"), &marks)
}

/// Whether what was touched is counted in connections alone: nothing was asked on them, or the fault
/// acts before a request is there.
const fn only_connections(witness: &WitnessVerdict) -> bool {
    let (touched, passing) = (&witness.touched, &witness.passing);
    passing.requests == 0 || touched.requests == 0 && touched.connections > 0
}

/// What a plan asked of a fault, where that is a measure: `asked 2 s ± 200 ms`.
pub(crate) fn asked(fault: &Fault) -> Option<String> {
    match &fault.effect {
        Effect::Delay { mean, jitter }
        | Effect::Exchange {
            deed: Deed::Delayed { mean, jitter } | Deed::Held { mean, jitter },
            ..
        } if *jitter == Span::ZERO => Some(format!("asked {}", format::planned(*mean))),
        Effect::Delay { mean, jitter }
        | Effect::Exchange {
            deed: Deed::Delayed { mean, jitter } | Deed::Held { mean, jitter },
            ..
        } => {
            let (mean, jitter) = (format::planned(*mean), format::planned(*jitter));
            Some(format!("asked {mean} ± {jitter}"))
        }
        Effect::Throttle { rate } => Some(format!("asked at most {rate}")),
        _ => None,
    }
}

/// The marks that a fault leaves in the counters.
struct Marks {
    delay: Delay,
    resets: u64,
    refused: u64,
    dropped: u64,
}

/// A beginning and every mark that there is.
fn with(beginning: String, marks: &Marks) -> String {
    let delay = marks
        .delay
        .mean()
        .map(|mean| format!("added {}", format::span(mean)));
    let counts = [(marks.resets, "reset"), (marks.refused, "refused")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts = counts.map(|(count, deed)| format!("{} {deed}", format::count(count)));
    let dropped = (marks.dropped > 0).then(|| format!("{} dropped", format::bytes(marks.dropped)));
    let facts: Vec<String> = [beginning]
        .into_iter()
        .chain(delay)
        .chain(counts)
        .chain(dropped)
        .collect();
    facts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_counted_is_said() {
        let check = |fault: FaultTally, expected: &str| assert_eq!(so_far(&fault), expected);
        check(FaultTally::default(), "not armed");
        let armed = FaultTally {
            armed: vec![Span::ZERO],
            ..FaultTally::default()
        };
        check(armed.clone(), "touched 0");
        let touched = Touched {
            connections: 1_200,
            requests: 0,
            bytes: 0,
            readings: 0,
        };
        let reset = FaultTally {
            touched,
            resets: 1_199,
            dropped: 20_480,
            ..armed
        };
        check(reset, "touched 1 200, 1 199 reset, 20.5 KB dropped");
    }
}
