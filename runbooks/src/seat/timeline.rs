//! What happened in a rehearsal, in order, in words.

use lab_model::event::ServiceState;
use lab_model::exercise::Saying;
use lab_model::rehearsal::RehearsalEvent;
use lab_model::{Event, Record, Span};
use serde::Serialize;

use crate::grade::Grade;
use crate::grade::fold::{Folded, GRADER};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// On the journal's clock, which the recording shares.
    pub at: Span,
    /// Since the seat was taken.
    pub since: Span,
    /// Whose doing it was.
    pub actor: Actor,
    /// What, in words.
    pub what: String,
}

/// Whose doing something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Whoever had the seat.
    Seat,
    /// The system.
    System,
    /// The lab.
    Lab,
}

pub(super) fn of(folded: &Folded<'_>, records: &[Record], grade: Option<&Grade>) -> Vec<Moment> {
    let moments = &folded.moments;
    let seated = moments.seated.unwrap_or_default();
    let mut found: Vec<Moment> = Vec::new();
    let mut add = |at: Span, actor, what: String| {
        found.push(Moment {
            at,
            since: at.minus(seated),
            actor,
            what,
        });
    };
    let t0 = moments.t0.unwrap_or_default();
    let declared = folded.declarations();
    let mut declared = declared.iter();
    let mut names: Vec<String> = Vec::new();
    let mut hints = 0;
    for record in records.iter().filter(|record| record.at >= seated) {
        let at = record.at;
        match &record.event {
            Event::Injected { what, .. } => {
                names.push(format!("{} on {}", what.summary, what.site()));
            }
            Event::Rehearsal(RehearsalEvent::Said { saying, by }) => {
                let what = match saying {
                    Saying::Declare { component, symptom } => {
                        let right = declared.next().is_some_and(|one| one.correct);
                        let word = if right { "right" } else { "wrong" };
                        format!("declared {component}, {symptom} ({word})")
                    }
                    Saying::Message { text } => format!("message: {text}"),
                    Saying::Note { text } if by == GRADER => {
                        add(at, Actor::Lab, text.clone());
                        continue;
                    }
                    Saying::Note { text } => format!("note: {text}"),
                    Saying::Hint => {
                        hints += 1;
                        format!("took hint {hints}")
                    }
                    Saying::Solution => "took the solution".to_owned(),
                    Saying::Pause => "stopped the clock".to_owned(),
                    Saying::Resume => "let the clock go on".to_owned(),
                    Saying::Done => "said that it is done".to_owned(),
                    Saying::GiveUp => "gave up".to_owned(),
                    Saying::Left => "left the shell".to_owned(),
                };
                add(at, Actor::Seat, what);
            }
            Event::Gateway(change) if change.by != "health" => {
                let what = format!("{}: {} → {}", change.what, change.before, change.after);
                add(at, Actor::Seat, what);
            }
            Event::Restarted { service, by, .. } => {
                add(at, Actor::Seat, format!("{by} had {service} started again"));
            }
            Event::Service { name, state } if at <= moments.end() => match state {
                ServiceState::Exited { status } => {
                    add(at, Actor::System, format!("{name} ended ({status})"));
                }
                ServiceState::Started { .. } => {
                    add(at, Actor::System, format!("{name} was started"));
                }
                _ => {}
            },
            Event::Interrupted { .. } => add(at, Actor::Lab, "interrupted".to_owned()),
            _ => {}
        }
    }
    names.dedup();
    if moments.t0.is_some() {
        let mut names = names;
        names.truncate(folded.faults());
        add(t0, Actor::Lab, format!("broken: {}", names.join("; ")));
    }
    if let Some(at) = moments.replayed {
        add(
            at,
            Actor::Lab,
            "the cause was brought about again".to_owned(),
        );
    }
    if let Some(grade) = grade {
        // Seconds count from the beginning of that in which it broke.
        let second = |span: Span| moments.later(moments.base(), span).max(t0);
        let clocks = grade.clocks;
        for (span, what) in [
            (
                clocks.impact,
                "users feel it: the first objective is broken",
            ),
            (clocks.mitigate, "users are served again"),
            (clocks.recover, "everything is as it should be"),
        ] {
            if let Some(span) = span {
                add(second(span), Actor::System, what.to_owned());
            }
        }
    }
    found.sort_by_key(|moment| moment.at);
    found
}
