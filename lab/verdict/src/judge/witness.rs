//! Whether each fault was seen to bite, from the proxy's own counters and the states of services.

use lab_model::link::Traffic;
use lab_model::plan::{Effect, Fault};

use super::Case;
use crate::effect;
use crate::figures::{part, percent};
use crate::outcome::{Call, WitnessVerdict};
use crate::tally::FaultTally;

pub(super) fn judge(case: &Case<'_>) -> Vec<WitnessVerdict> {
    let faults = case.plan.faults.iter().zip(&case.tally.faults).enumerate();
    faults
        .map(|(index, (fault, tally))| judge_fault(case, index, fault, tally))
        .collect()
}

fn judge_fault(case: &Case<'_>, index: usize, fault: &Fault, tally: &FaultTally) -> WitnessVerdict {
    let wanted_share = fault.toxicity.get() * fault.effect.share() / 2.0;
    let nothing = Traffic::default();
    let link = case
        .tally
        .link_in(fault.phase, &fault.link)
        .map_or(&nothing, |link| &link.traffic);
    let doubt = doubt(fault, tally, wanted_share, link);
    WitnessVerdict {
        fault: index,
        link: fault.link.clone(),
        call: if doubt.is_some() {
            Call::Inconclusive
        } else {
            Call::Pass
        },
        passing: tally.passing,
        touched: tally.touched,
        matched: tally.matched,
        wanted_share,
        share: effect::share(&fault.effect, tally).get(),
        delay: tally.delay,
        resets: tally.resets,
        refused: tally.refused,
        dropped: tally.dropped,
        note: doubt.unwrap_or_default(),
    }
}

fn doubt(fault: &Fault, tally: &FaultTally, wanted: f64, link: &Traffic) -> Option<String> {
    let (summary, on) = (&fault.summary, fault.site());
    if let Some(found) = &tally.lost {
        return Some(format!("{summary} did not stay on {on}: {found}"));
    }
    if tally.armed.is_empty() {
        return Some(format!("{summary} was never armed on {on}"));
    }
    let share = effect::share(&fault.effect, tally);
    let Some(touched) = share.get() else {
        return Some(match fault.on_service() {
            Some(_) => format!("the state of {on} was never read while {summary} was armed"),
            None if let Effect::Exchange { deed, .. } = fault.effect => {
                let noun = deed.noun();
                format!("no {noun} on {on} matched while {summary} was armed")
            }
            None if let Effect::Open { .. } = fault.effect => format!(
                "no connection opened on {on} while {summary} was armed: callers kept theirs, or the \
                 link is bypassed"
            ),
            None => format!(
                "nothing passed {on} while {summary} was armed: the link is bypassed or never used"
            ),
        });
    };
    if touched <= 0.0 || touched < wanted {
        let part = part(share.touched, share.passing, share.noun);
        let wanted = percent(wanted);
        return Some(format!(
            "{summary} touched {part} on {on}, where {wanted} was wanted"
        ));
    }
    let lacking = effect::seen(&fault.effect, tally, link).err()?;
    Some(format!("{summary} on {on} showed no effect: {lacking}"))
}
