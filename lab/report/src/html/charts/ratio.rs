//! The share of bad arrivals, with what availability objectives allow.

use lab_model::objective::Promise;
use maud::{Markup, html};

use super::axis::Axis;
use super::panel::{Panel, round_up, steps};
use crate::format;
use crate::run::Run;
use crate::series::{Bin, Series};

pub(super) fn panel(run: &Run<'_>, axis: &Axis<'_>, series: &Series) -> Markup {
    let objectives = run.plan().objectives.iter();
    let mut allowed: Vec<f64> = objectives
        .filter(|objective| objective.of == series.journey)
        .filter(|objective| matches!(objective.promise, Promise::Availability { .. }))
        .map(|objective| objective.promise.allowed_bad())
        .collect();
    allowed.dedup();
    let highest = allowed.iter().map(|share| share * 1.5).fold(0.01, f64::max);
    let most = series
        .bins
        .iter()
        .filter_map(Bin::bad_share)
        .fold(highest, f64::max);
    let top = round_up(most).min(1.0);
    let line = steps(axis, series, |index| {
        series.bins[index]
            .bad_share()
            .map(|share| 1.0 - share / top)
    });
    let panel = Panel {
        title: "Bad share",
        legend: vec![],
        labels: vec![
            (0.0, percent(top)),
            (0.5, percent(top / 2.0)),
            (1.0, "0 %".to_owned()),
        ],
        limits: allowed
            .iter()
            .map(|share| {
                (
                    1.0 - share / top,
                    format!("allowed {}", format::percent(*share)),
                )
            })
            .collect(),
        tall: false,
        drawing: html! { path.line.bad-line d=(line) {} },
    };
    panel.markup(axis, series)
}

/// A round share without needless digits: `100 %`, `2.5 %`.
fn percent(share: f64) -> String {
    format!("{} %", crate::html::text::number(share * 100.0))
}
