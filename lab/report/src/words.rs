//! The words of verdicts, and the tones that repeat them.

use lab_verdict::outcome::{Call, Strength};

use crate::style::Tone;

/// A verdict within a list, where what needs attention stands out: `pass`, `FAIL`.
pub(crate) const fn in_list(call: Call) -> &'static str {
    match call {
        Call::Pass => "pass",
        other => alone(other),
    }
}

/// A verdict that stands alone: `PASS`, `FAIL`.
pub const fn alone(call: Call) -> &'static str {
    match call {
        Call::Pass => "PASS",
        Call::Inconclusive => "INCONCLUSIVE",
        Call::Fail => "FAIL",
        Call::Error => "ERROR",
    }
}

/// The tone of a verdict.
pub(crate) const fn tone(call: Call) -> Tone {
    match call {
        Call::Pass => Tone::Good,
        Call::Inconclusive => Tone::Doubt,
        Call::Fail | Call::Error => Tone::Bad,
    }
}

/// How much a verdict assumes, in a word; empty where there is none.
pub(crate) const fn strength(strength: Option<Strength>) -> &'static str {
    match strength {
        Some(Strength::Proven) => "proven",
        Some(Strength::Observed) => "observed",
        None => "",
    }
}
