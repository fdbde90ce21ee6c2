//! Declarations, messages, hints, and the order of what was done.

use lab_model::Span;
use lab_model::exercise::Saying;
use lab_model::rehearsal::{Answer, Pass};

use super::Folded;
use super::moments::Attempt;
use crate::grade::{Declaration, Message};

fn attempts<'a>(folded: &'a Folded<'_>) -> impl Iterator<Item = &'a Attempt<'a>> + Clone {
    let first = folded.moments.executions.get(&Pass::First);
    first.map_or(&[][..], |execution| &execution.blocks).iter()
}

/// What was declared by whoever has the seat.
fn said_so<'a>(folded: &'a Folded<'_>) -> impl Iterator<Item = Declaration> + 'a {
    let moments = &folded.moments;
    let t0 = moments.t0.unwrap_or_default();
    let declared = moments.said.iter();
    declared.filter_map(move |(at, saying)| match saying {
        Saying::Declare { component, symptom } => Some(Declaration {
            at: moments.between(t0, *at),
            // Nobody can know before it has happened.
            correct: *at >= t0 && is_correct(&folded.rehearsal.answer, component, symptom),
            said: format!("{component}, {symptom}"),
        }),
        _ => None,
    })
}

/// What was declared in the seat, and what diagnose blocks said that ended well:
/// `component: orders, symptom: errors`.
pub(super) fn declarations(folded: &Folded<'_>) -> Vec<Declaration> {
    let t0 = folded.moments.t0.unwrap_or_default();
    let diagnoses = attempts(folded).filter(|block| block.kind == "diagnose");
    let declared = diagnoses.filter_map(|block| {
        let at = block.succeeded()?;
        let (_, _, output) = block.ended?;
        let (component, symptom) = (said(output, "component")?, said(output, "symptom")?);
        Some(Declaration {
            at: at.minus(t0),
            correct: is_correct(&folded.rehearsal.answer, component, symptom),
            said: format!("{component}, {symptom}"),
        })
    });
    declared.chain(said_so(folded)).collect()
}

fn is_correct(answer: &Answer, component: &str, symptom: &str) -> bool {
    let among = |list: &[String], word: &str| list.iter().any(|one| one.eq_ignore_ascii_case(word));
    among(&answer.components, component) && among(&answer.symptoms, symptom)
}

/// The word behind `name:`, up to a comma or the line's end.
fn said<'a>(output: &'a str, name: &str) -> Option<&'a str> {
    let word = |line: &'a str| {
        let at = line.to_ascii_lowercase().find(&format!("{name}:"))?;
        let rest = line.get(at + name.len() + 1..)?;
        let end = rest.find([',', ';']).unwrap_or(rest.len());
        Some(rest[..end].trim()).filter(|word| !word.is_empty())
    };
    output.lines().find_map(word)
}

/// Of the pairs with an order: how many kept it.
pub(super) fn order_kept(folded: &Folded<'_>) -> (u32, u32) {
    let pairs = &folded.rehearsal.order;
    let kept = |(first, second): &&(String, String)| {
        let done = attempts(folded).filter(|block| block.id == first);
        let done = done.filter_map(Attempt::succeeded).min();
        let begun = attempts(folded)
            .find(|block| block.id == second)
            .map(|block| block.begun);
        matches!((done, begun), (Some(done), Some(begun)) if done <= begun)
    };
    let kept = pairs.iter().filter(kept).count();
    (
        u32::try_from(kept).unwrap_or(u32::MAX),
        u32::try_from(pairs.len()).unwrap_or(u32::MAX),
    )
}

/// How many hints were taken, and whether the solution was.
pub(super) fn helped(folded: &Folded<'_>) -> (u32, bool) {
    let said = || folded.moments.said.iter().map(|(_, saying)| *saying);
    let hints = said().filter(|saying| **saying == Saying::Hint).count();
    let solution = said().any(|saying| *saying == Saying::Solution);
    (u32::try_from(hints).unwrap_or(u32::MAX), solution)
}

/// Which messages were sent in time. In the seat any message is one.
pub(super) fn messages(folded: &Folded<'_>) -> Vec<Message> {
    let moments = &folded.moments;
    let t0 = moments.t0.unwrap_or_default();
    let spoken = |saying: &Saying| matches!(saying, Saying::Message { .. });
    let mut spoken = moments.said.iter().filter(|(_, saying)| spoken(saying));
    let spoken = spoken.find(|(at, _)| *at >= t0).map(|(at, _)| *at);
    let message = |(id, due): &(String, Option<Span>)| {
        let mut sent = attempts(folded).filter(|block| block.id == id);
        let sent = sent.find_map(Attempt::succeeded);
        let sent = sent.or(spoken).map(|at| moments.between(t0, at));
        Message {
            name: id.clone(),
            in_time: sent.is_some_and(|sent| due.is_none_or(|due| sent <= due)),
        }
    };
    folded.rehearsal.messages.iter().map(message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_prose() {
        let check = |output: &str, expected: Option<(&str, &str)>| {
            let found = said(output, "component").zip(said(output, "symptom"));
            assert_eq!(found, expected, "{output}");
        };
        check(
            "component: orders, symptom: errors",
            Some(("orders", "errors")),
        );
        check(
            "x\nSymptom: latency\nit is Component: payments;",
            Some(("payments", "latency")),
        );
        check("component: , symptom: errors", None);
        check("orders are broken", None);
    }
}
