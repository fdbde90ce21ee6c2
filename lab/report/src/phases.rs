//! The table of phases: what was offered, how each journey fared, what passed the faulted links.
//!
//! Its columns follow from the plan alone, so the rows that a run prints one by one are those of
//! the final report.

use lab_model::link::Traffic;
use lab_model::plan::{Phase, PhaseKind};
use lab_model::{Link, Plan, Span};
use lab_verdict::tally::{JourneyTally, Tally, attempts_per_request};

use crate::deeds;
use crate::format;
use crate::line::{Line, width};
use crate::page::Page;
use crate::style::{Style, Tone};
use crate::table::{Align, Column, Table};

/// The least room for what a fault did; longer texts continue in the next line.
const DEEDS: usize = 24;

/// A count that leaves room for those of closed users, which nobody knows beforehand.
const MOST_CLOSED: u64 = 99_999;

/// The table, before its first row.
#[derive(Debug, Clone)]
pub(crate) struct Phases {
    table: Table,
    links: Vec<Link>,
    /// The room of a count of requests.
    digits: usize,
}

impl Phases {
    /// The columns for a plan.
    pub(crate) fn new(plan: &Plan, style: &Style) -> Self {
        let mut links: Vec<Link> = Vec::new();
        for fault in &plan.faults {
            if !links.contains(&fault.link) {
                links.push(fault.link.clone());
            }
        }
        let longest = |text: &dyn Fn(&Phase) -> String| {
            plan.phases
                .iter()
                .map(|phase| width(&text(phase)))
                .max()
                .unwrap_or(0)
        };
        let name = longest(&|phase| phase.name.to_string());
        let time = longest(&|phase| format::planned(phase.length));
        let most = longest(&|phase| {
            let planned = plan.load.arrivals.count_between(phase.start, phase.end());
            format::count(planned.unwrap_or(MOST_CLOSED))
        });
        let mut columns = vec![
            Column::new("phase", name, Align::Left, style),
            Column::new("for", time, Align::Right, style),
            Column::new("offered", 8, Align::Right, style),
        ];
        for journey in &plan.load.journeys {
            let head = journey.name.as_str();
            columns.push(Column::new(
                head,
                width(&health(0.1, "1.50 s")),
                Align::Left,
                style,
            ));
        }
        for link in &links {
            let needs = most + width(" requests  ") + DEEDS;
            columns.push(Column::new(&format::link(link), needs, Align::Left, style));
        }
        Self {
            table: Table::new(2, columns, style),
            links,
            digits: most,
        }
    }

    /// Writes the heads.
    pub(crate) fn head(&self, page: &mut Page) {
        self.table.head(page);
    }

    /// Writes the row of a phase, as far as it came.
    pub(crate) fn row(&self, page: &mut Page, plan: &Plan, tally: &Tally, index: usize) {
        let (Some(phase), Some(counted)) = (plan.phases.get(index), tally.phases.get(index)) else {
            return;
        };
        let lasted = match counted.started {
            Some(_) => lasted(plan, tally, index),
            None => phase.length,
        };
        let mut cells = vec![
            Line::plain(phase.name.as_str()),
            Line::plain(format::planned(lasted)),
        ];
        if counted.started.is_none() {
            cells.push(Line::plain("–"));
            cells.push(Line::of(Tone::Doubt, "not reached"));
        } else {
            cells.push(Line::plain(format::rate(offered(
                lasted,
                &counted.journeys,
            ))));
            let journeys = counted.journeys.iter();
            cells.extend(journeys.map(|journey| fared(plan, index, journey)));
            for link in &self.links {
                let notes = notes(plan, tally, index, link);
                let traffic = tally.link_in(index, link).map(|link| &link.traffic);
                cells.push(self.passed(traffic, &notes));
            }
        }
        let mark = match phase.kind {
            PhaseKind::Fault => Line::of(Tone::Bad, "▌"),
            _ => Line::default(),
        };
        self.table.row(page, &mark, &cells);
    }

    /// `1 497 requests  latency 2 s: touched 1 497, added 2.01 s`.
    fn passed(&self, traffic: Option<&Traffic>, notes: &[String]) -> Line {
        let amount = match traffic {
            Some(traffic) if traffic.requests > 0 => (traffic.requests, "request"),
            Some(traffic) => (traffic.connections, "connection"),
            None => (0, "request"),
        };
        let number = format::count(amount.0);
        let missing = self.digits.saturating_sub(width(&number));
        let mut text = format!(
            "{}{}",
            " ".repeat(missing),
            format::counted(amount.0, amount.1)
        );
        if !notes.is_empty() {
            text.push_str("  ");
            text.push_str(&notes.join(" · "));
        }
        Line::plain(text)
    }
}

/// What is said of a link in a phase: its attempts, and what faults did to it.
fn notes(plan: &Plan, tally: &Tally, phase: usize, link: &Link) -> Vec<String> {
    let faults = plan.faults.iter().zip(&tally.faults);
    let here = faults.filter(|(fault, _)| fault.phase == phase && &fault.link == link);
    let done: Vec<String> = here
        .map(|(fault, tally)| format!("{}: {}", deeds::label(fault), deeds::so_far(tally)))
        .collect();
    let traffic = tally.link_in(phase, link).map(|link| &link.traffic);
    traffic
        .and_then(attempts_per_request)
        // Under a fault, attempts are worth a word where there is more than one.
        .filter(|attempts| done.is_empty() || *attempts >= 1.05)
        .map(|attempts| format!("{attempts:.1} attempts"))
        .into_iter()
        .chain(done)
        .collect()
}

/// How long a phase lasted: as planned, or in whole seconds where the run ended within it.
fn lasted(plan: &Plan, tally: &Tally, index: usize) -> Span {
    let phase = &plan.phases[index];
    let counted = &tally.phases[index];
    let followed = tally
        .phases
        .get(index + 1)
        .is_some_and(|next| next.started.is_some());
    let seconds = counted.journeys.iter().map(|journey| journey.seconds.len());
    let seen = Span::from_secs(seconds.max().unwrap_or(0) as u64);
    // The last arrivals of a phase may lie in any of its last seconds: what counts as cut is a
    // phase whose load falls short of what was planned.
    let due = due(&counted.journeys);
    let planned = tally.timetable.count_between(phase.start, phase.end());
    if followed || planned.is_none_or(|planned| due >= planned) {
        phase.length
    } else {
        seen.min(phase.length)
    }
}

fn due(journeys: &[JourneyTally]) -> u64 {
    let due = journeys.iter().map(|journey| journey.total.due);
    due.fold(0, u64::saturating_add)
}

/// Arrivals that came due, by second.
fn offered(lasted: Span, journeys: &[JourneyTally]) -> f64 {
    let seconds = lasted.as_secs_f64();
    if seconds > 0.0 {
        due(journeys) as f64 / seconds
    } else {
        0.0
    }
}

/// `99.8 %  p99 1.50 s`: the share of bad arrivals, and the 99th percentile of their time.
fn fared(plan: &Plan, phase: usize, journey: &JourneyTally) -> Line {
    let total = &journey.total;
    if total.ended() == 0 {
        return Line::of(Tone::Doubt, "no arrivals");
    }
    let kind = plan.phases.get(phase).map(|phase| phase.kind);
    if kind == Some(PhaseKind::WarmUp) && total.bad == 0 {
        return Line::of(Tone::Quiet, "ready");
    }
    let share = total.bad as f64 / total.ended() as f64;
    let p99 = journey.from_intended.quantile(0.99);
    let p99 = p99.map_or_else(|| "–".to_owned(), format::span);
    let tone = if breaks(plan, phase, journey) {
        Tone::Bad
    } else {
        Tone::Plain
    };
    Line::of(tone, health(share, &p99))
}

/// Whether what was measured, taken as it is, breaks an objective of the journey in this phase.
pub(crate) fn breaks(plan: &Plan, phase: usize, journey: &JourneyTally) -> bool {
    let total = &journey.total;
    let judged = plan
        .objectives
        .iter()
        .filter(|objective| objective.of == journey.journey && objective.during.contains(&phase));
    judged.into_iter().any(|objective| {
        let bad = match objective.promise.limit() {
            Some(limit) => journey
                .limit(limit)
                .map_or(total.bad, |limit| total.over(limit)),
            None => total.bad,
        };
        bad as f64 > objective.promise.allowed_bad() * total.ended() as f64
    })
}

fn health(bad: f64, p99: &str) -> String {
    format!("{:>8}  p99 {p99:>6}", format::percent(bad))
}
