//! The verdict in one plain sentence: what reports for people say first.

use lab_verdict::outcome::Call;

use crate::format;
use crate::run::Run;
use crate::{deeds, judged, words};

/// `checkout availability ≥ 99 % did not hold in phase fault while …`.
pub(crate) fn of(run: &Run<'_>) -> String {
    match run.verdict.call {
        Call::Pass => format!("{} held{}.", everything(run), meanwhile(run)),
        Call::Fail => failed(run),
        Call::Inconclusive => doubtful(run),
        Call::Error => broken(run),
    }
}

/// `Every objective (2) and pattern (1)`.
fn everything(run: &Run<'_>) -> String {
    let counts = [
        (judged::objectives::judged(run).len(), "objective"),
        (run.verdict.comparisons.len(), "comparison"),
        (run.verdict.indicators.len(), "indicator"),
        (run.verdict.patterns.len(), "pattern"),
        (run.verdict.ledgers.len(), "ledger"),
    ];
    let named: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| format::counted(count as u64, noun))
        .collect();
    match named.as_slice() {
        [] => "Everything".to_owned(),
        [one] => format!("All of {one}"),
        [first @ .., last] => format!("All of {} and {last}", first.join(", ")),
    }
}

/// ` while latency 2 s was on orders → payments`; empty without faults.
fn meanwhile(run: &Run<'_>) -> String {
    let faults = run.plan().faults.iter();
    let mut named: Vec<String> = faults
        .map(|fault| format!("{} on {}", deeds::label(fault), format::site(&fault.site())))
        .collect();
    named.dedup();
    match named.as_slice() {
        [] => String::new(),
        [one] => format!(", with {one}"),
        [one, two] => format!(", with {one} and {two}"),
        [one, rest @ ..] => format!(
            ", with {one} and {} more",
            format::counted(rest.len() as u64, "fault")
        ),
    }
}

fn failed(run: &Run<'_>) -> String {
    let all = judged::all(run);
    let mut lines = all
        .iter()
        .filter(|line| line.word.text == words::in_list(Call::Fail));
    let Some(first) = lines.next() else {
        return reason(run, Call::Fail).unwrap_or_else(|| "It did not hold.".to_owned());
    };
    match lines.count() {
        0 => format!("{} did not hold{}.", first.subject, meanwhile(run)),
        more => {
            let noun = if more == 1 { "promise" } else { "promises" };
            format!(
                "{} and {more} more {noun} did not hold{}.",
                first.subject,
                meanwhile(run)
            )
        }
    }
}

fn doubtful(run: &Run<'_>) -> String {
    let why = reason(run, Call::Inconclusive);
    let missing = run.verdict.missing.first().cloned();
    match why.or(missing) {
        Some(why) => format!("The run cannot say: {}.", why.trim_end_matches('.')),
        None => "The run cannot say whether it held.".to_owned(),
    }
}

fn broken(run: &Run<'_>) -> String {
    let failure = run.tally.life.failures.first();
    let why = failure.map(|failure| {
        let first = failure.reason.lines().next().unwrap_or_default();
        format!("{}: {first}", failure.part)
    });
    match why.or_else(|| reason(run, Call::Error)) {
        Some(why) => format!(
            "The environment or the lab failed: {}.",
            why.trim_end_matches('.')
        ),
        None => "The environment or the lab failed; nothing is known of the system.".to_owned(),
    }
}

/// The first line of the first reason of that call.
fn reason(run: &Run<'_>, call: Call) -> Option<String> {
    let mut reasons = run.verdict.reasons.iter();
    let reason = reasons.find(|reason| reason.call == call)?;
    reason.text.lines().next().map(str::to_owned)
}
