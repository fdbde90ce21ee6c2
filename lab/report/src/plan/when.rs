//! When the verdicts of a plan fall. In requests, an objective is judged at the end of its phase.

use lab_model::{Name, Plan, Span};

use super::needs::pairs;
use crate::format;

/// The journeys with an objective, each with the end of the last phase in which one is judged.
fn ends(plan: &Plan) -> Vec<(&Name, Span)> {
    let mut ends: Vec<(&Name, Span)> = Vec::new();
    for (objective, phase) in pairs(plan) {
        match ends.iter_mut().find(|(name, _)| *name == &objective.of) {
            Some((_, end)) => *end = phase.end().max(*end),
            None => ends.push((&objective.of, phase.end())),
        }
    }
    ends
}

/// The journey of the first objective and when its verdict is likely, from the start of the load.
pub(crate) fn first(plan: &Plan) -> Option<(&Name, Span)> {
    ends(plan).first().copied()
}

/// `likely after 50 s`, `likely on checkout after 50 s, on browse after 20 s`.
pub(super) fn all(plan: &Plan) -> String {
    let ends = ends(plan);
    match ends.as_slice() {
        [] => "none: nothing is promised".to_owned(),
        [(_, end), rest @ ..] if rest.iter().all(|(_, other)| other == end) => {
            format!("likely after {}", format::planned(*end))
        }
        ends => {
            let phrase =
                |(name, end): &(&Name, Span)| format!("on {name} after {}", format::planned(*end));
            let list: Vec<String> = ends.iter().map(phrase).collect();
            format!("likely {}", list.join(", "))
        }
    }
}
