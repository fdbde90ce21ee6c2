//! The table of what is drawn: for those who do not see charts, for the cursor, for a check.

use maud::{Markup, html};

use crate::format;
use crate::html::scrolling;
use crate::html::text::number;
use crate::run::Run;
use crate::series::{Bin, Series};

pub(super) fn table(run: &Run<'_>, series: &Series) -> Markup {
    let phase = |bin: &Bin| {
        let phase = run.plan().phases.get(bin.phase);
        phase.map_or("", |phase| phase.name.as_str())
    };
    let time = |bin: &Bin, quantile| {
        bin.quantile(quantile)
            .map_or_else(|| "–".to_owned(), format::span)
    };
    let share = |bin: &Bin| {
        bin.bad_share()
            .map_or_else(|| "–".to_owned(), format::percent)
    };
    let table = html! {
        table.small.values {
            caption.hidden { "Values of " (series.journey) " over time" }
            thead { tr {
                th scope="col" { "From" }
                th scope="col" { "Phase" }
                th.right scope="col" { "Arrivals" }
                th.right scope="col" { "Bad" }
                th.right scope="col" { "Bad share" }
                th.right scope="col" { "p50" }
                th.right scope="col" { "p90" }
                th.right scope="col" { "p99" }
            } }
            tbody { @for bin in &series.bins { tr data-from=(number(bin.from.as_secs_f64())) data-to=(number(bin.to.as_secs_f64())) {
                th scope="row" { (number(bin.from.as_secs_f64())) " s" }
                td { (phase(bin)) }
                td.right { (format::count(bin.due)) }
                td.right { (format::count(bin.bad)) }
                td.right { (share(bin)) }
                td.right { (time(bin, 0.5)) }
                td.right { (time(bin, 0.9)) }
                td.right { (time(bin, 0.99)) }
            } } }
        }
    };
    let label = format!("Values of {} over time", series.journey);
    html! { details { summary { "Values as a table" } (scrolling(&label, &table)) } }
}
