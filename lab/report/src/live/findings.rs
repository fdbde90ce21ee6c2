//! Findings while a run goes on: one line each.

use lab_model::event::{Event, ServiceState};
use lab_model::gateway::GatewayChange;
use lab_model::plan::{Fault, Plan};
use lab_verdict::tally::Tally;

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::style::{Style, Tone};

/// The room of the words at the left: that of a table's indentation and the longest word.
const LABEL: usize = 9;
/// A fault with more windows than this flaps: only its first arming and last healing are said.
const FEW: usize = 3;

/// The lines of an event, or `None` where it is no finding.
pub(super) fn of(plan: &Plan, tally: &Tally, event: &Event, style: Style) -> Option<Vec<String>> {
    let (tone, word, text) = finding(plan, tally, event)?;
    let mut page = Page::new(style);
    // The lines below the first are the end of a service's log, kept for the report.
    let first = text.lines().next().unwrap_or_default();
    page.labelled(2, &Line::of(tone, word), LABEL, &Line::plain(first));
    Some(super::lines(page))
}

fn finding(plan: &Plan, tally: &Tally, event: &Event) -> Option<(Tone, &'static str, String)> {
    let fault = |index: &usize| Some((plan.faults.get(*index)?, tally.faults.get(*index)?));
    Some(match event {
        Event::Gate { broken } if broken.is_empty() => {
            (Tone::Quiet, "healthy", "before the fault".to_owned())
        }
        Event::Gate { broken } => {
            let broken = broken
                .iter()
                .filter_map(|index| plan.objectives.get(*index));
            let broken: Vec<String> = broken.map(ToString::to_string).collect();
            let list = broken.join(", ");
            let text = format!("not healthy before the fault, nothing is injected: {list}");
            (Tone::Doubt, "gate", text)
        }
        Event::FaultArmed { fault: index } => {
            let (fault, tally) = fault(index)?;
            let flaps = fault.windows.len() > FEW;
            if flaps && tally.armed.len() > 1 {
                return None;
            }
            let often = if flaps {
                format!(", {} times", fault.windows.len())
            } else {
                String::new()
            };
            (Tone::Bad, "armed", format!("{}{often}", place(fault)))
        }
        Event::FaultHealed { fault: index } => {
            let (fault, tally) = fault(index)?;
            if fault.windows.len() > FEW && tally.healed.len() < fault.windows.len() {
                return None;
            }
            (Tone::Quiet, "healed", place(fault))
        }
        Event::HealAsked { fault: index, by } => {
            let (fault, _) = fault(index)?;
            (
                Tone::Quiet,
                "heal",
                format!("{}, asked by {by}", place(fault)),
            )
        }
        Event::Injected { what, by, .. } => (
            Tone::Quiet,
            "inject",
            format!("{}, asked by {by}", place(what)),
        ),
        Event::RateAsked { rate, by } => (Tone::Quiet, "rate", format!("{rate}, asked by {by}")),
        Event::Gateway(change) => {
            let GatewayChange {
                by,
                what,
                before,
                after,
            } = change.as_ref();
            (
                Tone::Quiet,
                "gateway",
                format!("{what}: {after} (was {before}), by {by}"),
            )
        }
        Event::FaultLost {
            fault: index,
            found,
        } => {
            let (fault, _) = fault(index)?;
            (Tone::Doubt, "lost", format!("{}: {found}", place(fault)))
        }
        Event::Service {
            name,
            state: ServiceState::Exited { status },
        } => (Tone::Bad, "ended", format!("service {name}: {status}")),
        Event::Decided { phase, seconds } => {
            let phase = plan.phases.get(*phase)?;
            let text = format!("after {seconds} s of phase {}", phase.name);
            (Tone::Strong, "decided", text)
        }
        Event::Aborted { condition } => {
            let condition = plan.abort.get(*condition).map(ToString::to_string);
            (Tone::Bad, "stopped", condition.unwrap_or_default())
        }
        Event::Interrupted { signal } => {
            let armed = tally.faults.iter().filter(|fault| fault.is_armed()).count();
            let faults = format::counted(armed as u64, "fault");
            let services = format::counted(plan.system.services.len() as u64, "service");
            let text = format!("signal {signal}: healing {faults}, stopping {services}");
            (Tone::Doubt, "stopped", text)
        }
        Event::Failed { part, reason } => (Tone::Bad, "failed", format!("{part}: {reason}")),
        Event::CleanedUp { left } if left.is_empty() => {
            // Worth a line only where somebody waits for it.
            tally.life.interrupted?;
            (Tone::Quiet, "cleaned", "nothing left (verified)".to_owned())
        }
        Event::CleanedUp { left } => (Tone::Bad, "left", left.join(", ")),
        _ => return None,
    })
}

fn place(fault: &Fault) -> String {
    format!("{} on {}", fault.summary, format::site(&fault.site()))
}
