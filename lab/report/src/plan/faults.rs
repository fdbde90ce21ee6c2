//! The faults of a plan: what, where, when, how it is seen and how it is taken back.

use lab_model::plan::{Deed, Effect, Fault, Plan};
use lab_model::toxic::{Direction, Primitive};
use lab_model::{Ratio, Span};

use super::timeline;
use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::style::Tone;

/// The room of the words at the left of a fault's lines.
const LABEL: usize = 8;

pub(super) fn write(page: &mut Page, plan: &Plan) {
    if plan.faults.is_empty() {
        page.line(0, &Line::plain("No fault is injected."));
    }
    for (index, fault) in plan.faults.iter().enumerate() {
        let title = Line::of(Tone::Strong, fault.summary.clone())
            .then(Tone::Plain, format!(" on {}", format::site(&fault.site())));
        let number = Line::of(Tone::Bad, format!("{:>2}", index + 1));
        page.labelled(0, &number, 4, &title);
        let mut note = |label: &str, text: &str| {
            page.labelled(4, &Line::of(Tone::Quiet, label), LABEL, &Line::plain(text));
        };
        note("acts on", &scope(fault));
        note("armed", &armed(fault));
        note("seen by", &effect(&fault.effect));
        note("undo", &fault.undo);
    }
}

/// Which way and on how much of the traffic.
fn scope(fault: &Fault) -> String {
    if fault.on_service().is_some() {
        return "the service, for all its callers".to_owned();
    }
    let share = fault.toxicity;
    if let Effect::Exchange { deed, .. } = fault.effect {
        let noun = deed.noun();
        return if share == Ratio::ONE {
            format!("every {noun} that matches")
        } else {
            let percent = format::percent(share.get());
            format!("{percent} of the {noun}s that match, chosen by the seed")
        };
    }
    let whole = [Primitive::Disabled, Primitive::Refused, Primitive::Hanging];
    if fault.primitives.iter().any(|one| whole.contains(one)) {
        return "the whole link".to_owned();
    }
    let way = match fault.direction {
        Direction::Upstream => "requests",
        Direction::Downstream => "replies",
        Direction::Both => "requests and replies",
    };
    if share == Ratio::ONE {
        format!("{way}, every connection")
    } else {
        format!(
            "{way}, {} of connections, chosen by the seed",
            format::percent(share.get())
        )
    }
}

/// `20 – 50 s`, or for many windows their number and what they add up to.
fn armed(fault: &Fault) -> String {
    match fault.windows.as_slice() {
        [] => "never".to_owned(),
        windows @ ([_] | [_, _] | [_, _, _]) => windows
            .iter()
            .map(|window| timeline::stretch(window.from, window.to))
            .collect::<Vec<_>>()
            .join(", "),
        windows @ [first, .., last] => {
            let whole = windows.iter().fold(Span::ZERO, |sum, window| {
                sum.plus(window.to.minus(window.from))
            });
            format!(
                "{} times in {}, {} in all",
                windows.len(),
                timeline::stretch(first.from, last.to),
                format::planned(whole)
            )
        }
    }
}

/// What the proxy's counters must show.
pub(crate) fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Delay { mean, jitter } if *jitter == Span::ZERO => {
            format!("a delay of {}", format::planned(*mean))
        }
        Effect::Delay { mean, jitter } => format!(
            "a delay of {} ± {}",
            format::planned(*mean),
            format::planned(*jitter)
        ),
        Effect::Throttle { rate } => format!("bytes at {rate} at most"),
        Effect::Reset => "connections reset".to_owned(),
        Effect::Refuse => "connections refused or cut".to_owned(),
        Effect::Withhold => "bytes that vanish".to_owned(),
        Effect::Close => "connections closed early".to_owned(),
        Effect::Reshape => "bytes passed on in another shape".to_owned(),
        Effect::Open { delay } => format!("connections opened {} late", format::planned(*delay)),
        Effect::Alter { share } => format!("{} of bytes changed", format::percent(share.get())),
        Effect::Lose { share } => format!("{} of pieces lost", format::percent(share.get())),
        Effect::Exchange { deed, .. } => match deed {
            Deed::Answered { status } => format!("requests answered {status}"),
            Deed::Delayed { mean, .. } => format!("answers {} late", format::planned(*mean)),
            Deed::CutShort => "answers that break off".to_owned(),
            Deed::Corrupted => "answers with changed bytes".to_owned(),
            Deed::Edited => "headers changed".to_owned(),
            Deed::Reset => "answers torn off by a reset".to_owned(),
            Deed::Dripped => "answers in drops".to_owned(),
            Deed::Stale => "answers of earlier requests".to_owned(),
            Deed::TurnedAway => "sessions turned away".to_owned(),
            Deed::Held { mean, .. } => format!("statements {} late", format::planned(*mean)),
            Deed::WriteRefused => "writes refused".to_owned(),
            Deed::CommitLost => "connections reset behind a commit".to_owned(),
            Deed::CertificateShown => "handshakes answered with it".to_owned(),
            Deed::HandshakeHeld { mean } => format!("handshakes {} late", format::planned(*mean)),
        },
        Effect::State => "the service's state, read back each second".to_owned(),
    }
}
