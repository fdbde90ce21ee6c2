//! A panel: a title with its legend, labels at the left, a grid, a drawing that stretches.

use maud::{Markup, html};

use super::axis::Axis;
use crate::html::text::{number, percent};
use crate::series::Series;

/// What a panel shows.
pub(super) struct Panel<'a> {
    pub(super) title: &'a str,
    /// What each line or colour stands for: its class and its name.
    pub(super) legend: Vec<(&'static str, String)>,
    /// Labels at the left: the share of the height from the top, and the text.
    pub(super) labels: Vec<(f64, String)>,
    /// Limits: the share of the height from the top, and the text.
    pub(super) limits: Vec<(f64, String)>,
    /// Whether it is taller than the others.
    pub(super) tall: bool,
    /// Drawn in 1000 × 100.
    pub(super) drawing: Markup,
}

impl Panel<'_> {
    pub(super) fn markup(&self, axis: &Axis<'_>, series: &Series) -> Markup {
        html! {
            div.panel.tall[self.tall] aria-hidden="true" {
                div.title {
                    span { (self.title) }
                    @for (class, name) in &self.legend { span.key { i .(class) {} (name) } }
                }
                div.labels { @for (from_top, label) in &self.labels {
                    span style={ "top:" (percent(*from_top)) } { (label) }
                } }
                div.plot {
                    svg viewBox="0 0 1000 100" preserveAspectRatio="none" focusable="false" {
                        (axis.bands())
                        @for (from_top, _) in &self.labels {
                            @let y = number(from_top * 100.0);
                            line.grid x1="0" x2="1000" y1=(y) y2=(y) {}
                        }
                        (self.drawing)
                        @for (from_top, _) in &self.limits {
                            @let y = number(from_top * 100.0);
                            line.limit x1="0" x2="1000" y1=(y) y2=(y) {}
                        }
                        (axis.lines(series))
                    }
                    @for (from_top, label) in &self.limits {
                        span.limit .below[*from_top < 0.2] style={ "top:" (percent(*from_top)) } { (label) }
                    }
                    div.cursor {}
                }
            }
        }
    }
}

/// A round number at or above a value: 1, 2, 2.5 or 5 times a power of ten.
pub(super) fn round_up(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let step = steps
        .into_iter()
        .find(|step| step * power >= value * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

/// A line that keeps its value over each bin; `None` breaks it. Values are shares of the height
/// from the top.
pub(super) fn steps(
    axis: &Axis<'_>,
    series: &Series,
    value: impl Fn(usize) -> Option<f64>,
) -> String {
    use std::fmt::Write;
    let mut path = String::new();
    let mut open = false;
    for (index, bin) in series.bins.iter().enumerate() {
        let Some(y) = value(index) else {
            open = false;
            continue;
        };
        let y = number(y.clamp(0.0, 1.0) * 100.0);
        if open {
            let _ = write!(path, "V{y}H{}", number(axis.x(bin.to)));
        } else {
            let _ = write!(
                path,
                "M{} {y}H{}",
                number(axis.x(bin.from)),
                number(axis.x(bin.to))
            );
        }
        open = true;
    }
    path
}

/// The area under such a line.
pub(super) fn area(axis: &Axis<'_>, series: &Series, value: impl Fn(usize) -> f64) -> String {
    use std::fmt::Write;
    let mut path = String::new();
    for (index, bin) in series.bins.iter().enumerate() {
        let y = number(value(index).clamp(0.0, 1.0) * 100.0);
        let x = number(axis.x(bin.from));
        if path.is_empty() {
            let _ = write!(path, "M{x} 100");
        }
        let _ = write!(path, "V{y}H{}", number(axis.x(bin.to)));
    }
    if !path.is_empty() {
        path.push_str("V100Z");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::round_up;

    #[test]
    fn scales_end_at_round_numbers() {
        let check = |value: f64, expected: f64| assert!((round_up(value) - expected).abs() < 1e-9);
        check(50.0, 50.0);
        check(51.0, 60.0);
        check(0.012, 0.015);
        check(0.0, 1.0);
        check(f64::INFINITY, 1.0);
    }
}
