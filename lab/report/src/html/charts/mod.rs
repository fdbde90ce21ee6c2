//! What happened over time: one figure for each journey, its panels on one time axis.
//!
//! Panels stretch with the page while their labels stay text, so that they read the same on a
//! phone. The table below a figure holds every value that is drawn.
//!
//! | file | what lives there |
//! |---|---|
//! | `axis` | the time axis: phases, faults, moments |
//! | `panel` | a panel: labels, grid, drawing |
//! | `rate` | arrivals a second, good and bad |
//! | `ratio` | the share of bad arrivals |
//! | `latency` | a heat map of latencies with percentiles over it |
//! | `values` | the table of what is drawn |

mod axis;
mod latency;
mod panel;
mod rate;
mod ratio;
mod values;

use lab_verdict::outcome::Call;
use maud::{Markup, html};

use self::axis::Axis;
use super::Section;
use crate::run::Run;
use crate::series::{self, Series};

pub(super) fn section(run: &Run<'_>) -> Option<Section> {
    let axis = Axis::new(run)?;
    let all = series::of(run);
    let mut drawn: Vec<&Series> = all
        .iter()
        .filter(|series| series.bins.iter().any(|bin| bin.due > 0))
        .collect();
    if drawn.is_empty() {
        return None;
    }
    // What broke a promise comes first, then what has one; the sort keeps the plan's order
    // otherwise.
    let objective = |index: usize| run.plan().objectives.get(index);
    let broken = |series: &Series| {
        let mut failed = run
            .verdict
            .objectives
            .iter()
            .filter(|one| one.call == Call::Fail);
        failed.any(|one| objective(one.objective).is_some_and(|one| one.of == series.journey))
    };
    let promised = |series: &Series| {
        let mut objectives = run.plan().objectives.iter();
        objectives.any(|objective| objective.of == series.journey)
    };
    drawn.sort_by_key(|series| (!broken(series), !promised(series)));
    let width = series::width(run);
    let every = if width == 1 {
        "second".to_owned()
    } else {
        format!("{width} seconds")
    };
    Some(Section {
        id: "time",
        title: "What happened over time",
        lead: format!(
            "One value for every {every}, by the moment an arrival was due. Red bands: a fault was \
             armed. Move over a chart, or use the slider below it, to read values."
        ),
        body: html! { @for series in drawn { (figure(run, &axis, series)) } },
    })
}

fn figure(run: &Run<'_>, axis: &Axis<'_>, series: &Series) -> Markup {
    let name = series.journey.as_str();
    let heading = format!("time-{name}");
    html! {
        figure.timeline aria-labelledby=(heading) {
            figcaption { h3 id=(heading) { (name) } }
            (axis.strip(series))
            (rate::panel(axis, series))
            (ratio::panel(run, axis, series))
            (latency::panel(run, axis, series))
            (axis.ticks())
            div.reader hidden {
                label { span.hidden { "Moment of " (name) } input type="range" min="0" max=(series.bins.len().saturating_sub(1)) value="0"; }
                output {}
            }
            (values::table(run, series))
        }
    }
}
