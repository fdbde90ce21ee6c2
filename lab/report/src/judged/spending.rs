//! What each objective would have spent of its error budget, and when someone would have been paged.

use lab_verdict::outcome::Spending;

use super::{Judged, Word};
use crate::format;
use crate::run::Run;
use crate::style::Tone;

/// One line for each objective that burned its budget faster than sustainable.
pub(crate) fn judged(run: &Run<'_>) -> Vec<Judged> {
    let spending = run.verdict.spending.iter();
    let burning = spending.filter(|spending| spending.burn >= 1.0);
    burning.filter_map(|spending| line(run, spending)).collect()
}

fn line(run: &Run<'_>, spending: &Spending) -> Option<Judged> {
    let plan = run.plan();
    let objective = plan.objectives.get(spending.objective)?;
    let phase = plan.phases.get(spending.phase)?;
    Some(Judged {
        word: Word::of(Tone::Quiet, "burn"),
        subject: format!("{objective} ({})", phase.name),
        found: found(spending),
        strength: "",
        note: String::new(),
    })
}

/// `99.8 times too fast · 0.1 % of 30 days spent · would have paged after 519 s (14.4×)`.
fn found(spending: &Spending) -> String {
    let burn = format!("{:.1} times too fast", spending.burn);
    let spent = format!("{} of 30 days spent", format::percent(spending.spent));
    // The first to fire.
    let fired = spending
        .pages
        .iter()
        .filter_map(|page| Some((page.after?, page.burn)));
    let page = match fired.min_by_key(|(after, _)| *after) {
        Some((after, rule)) => {
            format!(
                "would have paged after {} ({rule}×)",
                format::elapsed(after)
            )
        }
        None => "would have paged nobody".to_owned(),
    };
    [burn, spent, page].join(" · ")
}
