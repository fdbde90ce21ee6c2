//! Arrivals a second, the bad ones below.

use maud::{Markup, html};

use super::axis::Axis;
use super::panel::{Panel, area, round_up};
use crate::format;
use crate::series::{Bin, Series};

pub(super) fn panel(axis: &Axis<'_>, series: &Series) -> Markup {
    let most = series.bins.iter().map(Bin::rate).fold(0.0, f64::max);
    let top = round_up(most * 1.05);
    let bad = |bin: &Bin| bin.rate() * bin.bad as f64 / bin.due.max(1) as f64;
    let all = area(axis, series, |index| 1.0 - series.bins[index].rate() / top);
    let failed = area(axis, series, |index| 1.0 - bad(&series.bins[index]) / top);
    let panel = Panel {
        title: "Arrivals",
        legend: vec![
            ("fill-good", "good".to_owned()),
            ("fill-bad", "bad".to_owned()),
        ],
        labels: vec![
            (0.0, format::rate(top)),
            (0.5, format::rate(top / 2.0)),
            (1.0, "0".to_owned()),
        ],
        limits: vec![],
        tall: false,
        drawing: html! { path.fill-good d=(all) {} path.fill-bad d=(failed) {} },
    };
    panel.markup(axis, series)
}
