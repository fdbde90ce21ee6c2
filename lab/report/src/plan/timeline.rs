//! A plan's time line, to scale.

use lab_model::plan::{Phase, Plan};
use lab_model::{Name, Span};

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::style::Tone;

/// Room at the left for a fault's number.
const MARGIN: usize = 4;

/// Draws the phases with the time at which each begins, and below them each fault's windows.
pub(super) fn write(page: &mut Page, plan: &Plan) {
    let scale = Scale {
        length: plan.length(),
        columns: page.style().columns() - MARGIN - 1,
    };
    if scale.length == Span::ZERO {
        return;
    }
    let mut put = |label: String, tone: Tone, row: Vec<char>| {
        let text: String = row.into_iter().collect();
        let label = Line::plain(format!("{label:>2}")).padded(MARGIN);
        page.put(&label.join(Line::of(tone, text)).clean(&page.style()));
    };
    put(String::new(), Tone::Quiet, times(plan, &scale));
    put(String::new(), Tone::Plain, phases(plan, &scale));
    if let Some(rates) = Rates::of(plan, &scale) {
        put("/s".to_owned(), Tone::Plain, rates.row);
        put(String::new(), Tone::Quiet, rates.legend.chars().collect());
    }
    for (index, fault) in plan.faults.iter().enumerate() {
        let mut row = vec![' '; scale.columns + 1];
        for window in &fault.windows {
            let (from, to) = (scale.at(window.from), scale.at(window.to));
            // A window that is shorter than a column is still seen.
            for cell in row.iter_mut().take(to.max(from + 1)).skip(from) {
                *cell = '█';
            }
        }
        put((index + 1).to_string(), Tone::Bad, row);
    }
}

struct Scale {
    length: Span,
    columns: usize,
}

impl Scale {
    /// The column of an instant, from 0 to `columns`.
    fn at(&self, instant: Span) -> usize {
        let share = instant.as_secs_f64() / self.length.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the columns"
        )]
        let column = (share * self.columns as f64).round() as usize;
        column.min(self.columns)
    }
}

/// The rate over time, where it is not always the same.
struct Rates {
    row: Vec<char>,
    legend: String,
}

impl Rates {
    fn of(plan: &Plan, scale: &Scale) -> Option<Self> {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let column = |index: usize| {
            let share = index as f64 / scale.columns as f64;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of the length"
            )]
            let at = (scale.length.as_micros() as f64 * share) as u64;
            plan.load.arrivals.rate_at(Span::from_micros(at))
        };
        let rates: Vec<f64> = (0..=scale.columns).map(column).collect::<Option<_>>()?;
        let highest = rates.iter().copied().fold(0.0, f64::max);
        let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
        if highest - lowest < highest * 1e-6 {
            return None;
        }
        let bar = |rate: &f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "0 to 8"
            )]
            let height = (rate / highest * 8.0).ceil() as usize;
            height
                .checked_sub(1)
                .map_or(' ', |index| BARS[index.min(7)])
        };
        Some(Self {
            row: rates.iter().map(bar).collect(),
            legend: format!(
                "from {} to {} journeys a second",
                format::rate(lowest),
                format::rate(highest)
            ),
        })
    }
}

/// `0 s    5 s     20 s      50 s`: times that find no room are left out, the end never is.
fn times(plan: &Plan, scale: &Scale) -> Vec<char> {
    let mut row = vec![' '; scale.columns + 1];
    let end = format::planned(scale.length);
    let last = row.len().saturating_sub(end.chars().count());
    write_at(&mut row, last, &end);
    let mut free = 0;
    for phase in &plan.phases {
        let text = format::planned(phase.start);
        let (from, width) = (scale.at(phase.start), text.chars().count());
        if from >= free && from + width < last {
            write_at(&mut row, from, &text);
            free = from + width + 1;
        }
    }
    row
}

/// `├ warm-up ┼ baseline ──┼ fault ───────┤`.
fn phases(plan: &Plan, scale: &Scale) -> Vec<char> {
    let mut row = vec!['─'; scale.columns + 1];
    for (index, phase) in plan.phases.iter().enumerate() {
        let from = scale.at(phase.start);
        let room = scale.at(phase.end()).saturating_sub(from + 1);
        row[from] = if index == 0 { '├' } else { '┼' };
        write_at(&mut row, from + 1, &name_in(&phase.name, room));
    }
    row[scale.columns] = '┤';
    row
}

/// A phase's name in its room, as much of it as fits.
fn name_in(name: &Name, room: usize) -> String {
    let name = name.as_str();
    match room.checked_sub(name.len()) {
        Some(0) => name.to_owned(),
        Some(1) => format!("{name} "),
        Some(_) => format!(" {name} "),
        None => name.chars().take(room).collect(),
    }
}

fn write_at(row: &mut [char], from: usize, text: &str) {
    for (cell, character) in row.iter_mut().skip(from).zip(text.chars()) {
        *cell = character;
    }
}

/// When a phase is, in words: `20 – 50 s`.
pub(super) fn stretch(from: Span, to: Span) -> String {
    let (from, to) = (format::planned(from), format::planned(to));
    match (from.split_once(' '), to.split_once(' ')) {
        (Some((start, unit)), Some((_, other))) if unit == other => format!("{start} – {to}"),
        _ => format!("{from} – {to}"),
    }
}

/// The stretch of a phase.
pub(super) fn of_phase(phase: &Phase) -> String {
    stretch(phase.start, phase.end())
}
