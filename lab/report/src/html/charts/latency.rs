//! Latencies as a heat map on a logarithmic scale, with percentiles and limits over it.

use std::fmt::Write;

use lab_model::Span;
use maud::{Markup, html};

use super::axis::Axis;
use super::panel::{Panel, steps};
use crate::format;
use crate::html::text::number;
use crate::run::Run;
use crate::series::{Bin, Series};

/// Rows of the heat map for each factor of ten.
const ROWS: f64 = 8.0;
/// A bin's share of arrivals from which a cell is darker.
const LEVELS: [f64; 4] = [0.02, 0.08, 0.25, 0.5];
/// The lines: quantile, class, name.
const LINES: [(f64, &str, &str); 3] = [
    (0.5, "p50", "p50"),
    (0.9, "p90", "p90"),
    (0.99, "p99", "p99"),
];

pub(super) fn panel(run: &Run<'_>, axis: &Axis<'_>, series: &Series) -> Markup {
    let objectives = run.plan().objectives.iter();
    let mut limits: Vec<Span> = objectives
        .filter(|objective| objective.of == series.journey)
        .filter_map(|objective| objective.promise.limit())
        .collect();
    limits.sort_unstable();
    limits.dedup();
    let Some(scale) = Scale::of(series, &limits) else {
        return html! {};
    };
    let mut legend = vec![("heat", "share of arrivals".to_owned())];
    legend.extend(LINES.map(|(_, class, name)| (class, name.to_owned())));
    let limit = |limit: &Span| {
        (
            scale.height_of(limit.as_micros()),
            format!("limit {}", format::planned(*limit)),
        )
    };
    let panel = Panel {
        title: "Latency",
        legend,
        labels: scale.labels(),
        limits: limits.iter().map(limit).collect(),
        tall: true,
        drawing: html! {
            @for (level, path) in heat(axis, series, &scale).iter().enumerate() {
                @if !path.is_empty() { path .{ "heat h" (level) } d=(path) {} }
            }
            @for (quantile, class, _) in LINES {
                path .{ "line " (class) } d=(steps(axis, series, |index| {
                    let value = series.bins[index].quantile(quantile)?;
                    Some(scale.height_of(value.as_micros()))
                })) {}
            }
        },
    };
    panel.markup(axis, series)
}

/// Powers of ten of microseconds, the lowest and the highest row.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(series: &Series, limits: &[Span]) -> Option<Self> {
        let values = || {
            series
                .bins
                .iter()
                .flat_map(Bin::times)
                .map(|(value, _)| value)
        };
        let low = values().min()?.max(1);
        let high = values()
            .chain(limits.iter().map(|limit| limit.as_micros()))
            .max()?;
        let row = |value: u64| (value.max(1) as f64).log10() * ROWS;
        let low = (row(low).floor() - 1.0).max(0.0);
        let high = (row(high).ceil() + 1.0).max(low + ROWS);
        Some(Self { low, high })
    }

    /// The share of the height from the top.
    fn height_of(&self, micros: u64) -> f64 {
        let row = (micros.max(1) as f64).log10() * ROWS;
        1.0 - (row - self.low) / (self.high - self.low)
    }

    fn labels(&self) -> Vec<(f64, String)> {
        let powers = (0..=9).map(|power| 10_u64.pow(power));
        // With one power of ten in sight, its halves and doubles help.
        let wide = self.high - self.low > 2.0 * ROWS;
        let all = powers.flat_map(|power| {
            if wide {
                vec![power]
            } else {
                vec![power, 2 * power, 5 * power]
            }
        });
        let all = all.map(|micros| {
            (
                self.height_of(micros),
                format::planned(Span::from_micros(micros)),
            )
        });
        all.filter(|(top, _)| (0.0..=1.0).contains(top)).collect()
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to some hundred"
    )]
    fn row(&self, micros: u64) -> u32 {
        let row = (micros.max(1) as f64).log10() * ROWS;
        (row.floor() - self.low).max(0.0) as u32
    }

    /// The top and height of a row in a drawing 100 high.
    fn place(&self, row: u32) -> (f64, f64) {
        let height = 100.0 / (self.high - self.low);
        (100.0 - f64::from(row + 1) * height, height)
    }
}

/// The cells of each level as one path; neighbours of a row are drawn as one.
fn heat(axis: &Axis<'_>, series: &Series, scale: &Scale) -> [String; LEVELS.len() + 1] {
    let mut paths: [String; LEVELS.len() + 1] = Default::default();
    let columns: Vec<_> = series.bins.iter().map(|bin| cells(bin, scale)).collect();
    let rows = columns
        .iter()
        .flat_map(|column| column.iter().map(|(row, _)| *row));
    let last = rows.max().unwrap_or(0);
    for row in 0..=last {
        let at = |index: usize| {
            let column: &Vec<(u32, usize)> = columns.get(index)?;
            column
                .iter()
                .find(|(one, _)| *one == row)
                .map(|(_, level)| *level)
        };
        let mut index = 0;
        while index < columns.len() {
            let Some(level) = at(index) else {
                index += 1;
                continue;
            };
            let first = index;
            while at(index) == Some(level) {
                index += 1;
            }
            let (from, to) = (
                axis.x(series.bins[first].from),
                axis.x(series.bins[index - 1].to),
            );
            let (top, height) = scale.place(row);
            let _ = write!(
                paths[level],
                "M{} {}h{}v{}h-{}z",
                number(from),
                number(top),
                number(to - from),
                number(height),
                number(to - from)
            );
        }
    }
    paths
}

/// The filled rows of a bin with their levels.
fn cells(bin: &Bin, scale: &Scale) -> Vec<(u32, usize)> {
    let total = bin.sent().max(1) as f64;
    let mut rows: Vec<(u32, u64)> = Vec::new();
    for (value, count) in bin.times() {
        let row = scale.row(value);
        match rows.last_mut() {
            Some((last, sum)) if *last == row => *sum = sum.saturating_add(count),
            _ => rows.push((row, count)),
        }
    }
    let level = |count: u64| {
        let share = count as f64 / total;
        LEVELS.iter().filter(|level| share >= **level).count()
    };
    rows.into_iter()
        .map(|(row, count)| (row, level(count)))
        .collect()
}
