//! The table of phases: what was offered, how each journey fared, what passed the faulted links.
//!
//! Its columns follow from the plan alone, so the rows that a run prints one by one are those of
//! the final report.

use lab_model::link::Traffic;
use lab_model::plan::{Fault, Phase, PhaseKind};
use lab_model::{Link, Plan};
use lab_verdict::outcome::Recovery;
use lab_verdict::tally::{FaultTally, JourneyTally, Tally, attempts_per_request};

use crate::format;
use crate::line::{Line, width};
use crate::page::Page;
use crate::style::{Style, Tone};
use crate::table::{Align, Column, Table};

/// The least room for what a fault did; longer texts continue in the next line.
const DEEDS: usize = 24;

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
            format::count(plan.load.arrivals.count_between(phase.start, phase.end()))
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

    /// Writes the row of a phase. `recoveries` may hold those of other phases too.
    pub(crate) fn row(
        &self,
        page: &mut Page,
        plan: &Plan,
        tally: &Tally,
        index: usize,
        recoveries: &[Recovery],
    ) {
        let (Some(phase), Some(counted)) = (plan.phases.get(index), tally.phases.get(index)) else {
            return;
        };
        let mut cells = vec![
            Line::plain(phase.name.as_str()),
            Line::plain(format::planned(phase.length)),
        ];
        if counted.started.is_none() {
            cells.push(Line::plain("–"));
            cells.push(Line::of(Tone::Doubt, "not reached"));
        } else {
            cells.push(Line::plain(format::rate(offered(phase, &counted.journeys))));
            let journeys = counted.journeys.iter();
            cells.extend(journeys.map(|journey| fared(plan, index, journey)));
            for (column, link) in self.links.iter().enumerate() {
                let mut notes = self.deeds(plan, tally, index, link);
                if column == 0 {
                    notes.extend(back(recoveries, index));
                }
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

    /// What is said of a link in a phase: its attempts, and what faults did to it.
    fn deeds(&self, plan: &Plan, tally: &Tally, index: usize, link: &Link) -> Vec<String> {
        let here = |fault: &&(usize, &Fault)| fault.1.phase == index && &fault.1.link == link;
        let faults: Vec<_> = plan.faults.iter().enumerate().collect();
        let mut notes: Vec<String> = Vec::new();
        let attempts = tally
            .link_in(index, link)
            .and_then(|link| attempts_per_request(&link.traffic));
        let faulted = faults.iter().any(|fault| here(&fault));
        // Under a fault, attempts are worth a word where there is more than one.
        if let Some(attempts) = attempts.filter(|attempts| !faulted || *attempts >= 1.05) {
            notes.push(format!("{attempts:.1} attempts"));
        }
        for (index, fault) in faults.iter().filter(here) {
            if let Some(done) = tally.faults.get(*index) {
                notes.push(format!("{}: {}", fault.summary, did(done)));
            }
        }
        notes
    }
}

/// Arrivals that came due, by second of the phase.
fn offered(phase: &Phase, journeys: &[JourneyTally]) -> f64 {
    let due: f64 = journeys
        .iter()
        .map(|journey| journey.total.due as f64)
        .sum();
    let seconds = phase.length.as_secs_f64();
    if seconds > 0.0 { due / seconds } else { 0.0 }
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

/// `touched 1 497, added 2.01 s`, `touched 12, reset 12`; what a fault did, by its counters.
pub(crate) fn did(fault: &FaultTally) -> String {
    if fault.armed.is_empty() {
        return "not armed".to_owned();
    }
    let touched = match fault.touched.requests {
        0 => fault.touched.connections,
        requests => requests,
    };
    let mut text = format!("touched {}", format::count(touched));
    text.push_str(&measured(fault));
    text
}

/// `, added 2.01 s`; empty where the counters say nothing beyond what was touched.
fn measured(fault: &FaultTally) -> String {
    let mut text = String::new();
    if let Some(mean) = fault.delay.mean() {
        text.push_str(&format!(", added {}", format::span(mean)));
    }
    for (count, deed) in [(fault.resets, "reset"), (fault.refused, "refused")] {
        if count > 0 {
            text.push_str(&format!(", {deed} {}", format::count(count)));
        }
    }
    if fault.dropped > 0 {
        text.push_str(&format!(", dropped {}", format::bytes(fault.dropped)));
    }
    text
}

/// `back after 2.2 s`, when all journeys were; `not back: checkout`, where some were not.
fn back(recoveries: &[Recovery], phase: usize) -> Option<String> {
    let here = || recoveries.iter().filter(|recovery| recovery.phase == phase);
    let missing: Vec<&str> = here()
        .filter(|recovery| recovery.after.is_none())
        .map(|recovery| recovery.journey.as_str())
        .collect();
    if !missing.is_empty() {
        return Some(format!("not back: {}", missing.join(", ")));
    }
    let after = here().filter_map(|recovery| recovery.after).max()?;
    Some(format!("back after {}", format::elapsed(after)))
}
