//! What was judged, in words that every report for people shares: the word, what is judged, what
//! was found, and how sure that is.
//!
//! | file | what lives there |
//! |---|---|
//! | `objectives` | estimate, bad of n, bounds, interval |
//! | `spending` | error budgets, and when someone would have been paged |
//! | `comparisons` | journeys beside others |
//! | `indicators` | figures of the system |
//! | `patterns` | resilience patterns as they were seen |
//! | `ledgers` | whether the system holds what it acknowledged |
//! | `witnesses` | whether each fault was seen to bite |
//! | `recoveries` | when each journey was back |

pub(crate) mod comparisons;
pub(crate) mod indicators;
pub(crate) mod ledgers;
pub(crate) mod objectives;
pub(crate) mod patterns;
pub(crate) mod recoveries;
pub(crate) mod spending;
pub(crate) mod witnesses;

use lab_verdict::outcome::Call;

use crate::run::Run;
use crate::style::Tone;
use crate::words;

/// One line of judgement.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// `pass`, `FAIL`, `seen`, `back`.
    pub(crate) word: Word,
    /// `checkout availability ≥ 99 % (fault)`.
    pub(crate) subject: String,
    /// What was found.
    pub(crate) found: String,
    /// `proven`, `observed`; empty where there is none.
    pub(crate) strength: &'static str,
    /// Why it is no pass; empty where there is nothing to say.
    pub(crate) note: String,
}

/// A word and the tone that repeats it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    /// Its tone.
    pub(crate) tone: Tone,
    /// The word.
    pub(crate) text: &'static str,
}

impl Word {
    const fn of(tone: Tone, text: &'static str) -> Self {
        Self { tone, text }
    }

    /// A verdict within a list.
    pub(crate) const fn of_call(call: Call) -> Self {
        Self::of(words::tone(call), words::in_list(call))
    }
}

/// Everything that was judged, in the order of reports.
pub(crate) fn all(run: &Run<'_>) -> Vec<Judged> {
    let mut judged = objectives::judged(run);
    judged.extend(spending::judged(run));
    judged.extend(comparisons::judged(run));
    judged.extend(indicators::judged(run));
    judged.extend(patterns::judged(run));
    judged.extend(ledgers::judged(run));
    judged.extend(witnesses::judged(run));
    judged.extend(recoveries::judged(run));
    judged
}
