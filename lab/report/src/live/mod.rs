//! What a run shows while it goes on: finished phases and findings as lines, and one living line.
//!
//! A state machine without clock or terminal: records go in, text comes out. Whoever draws decides
//! whether there is a terminal to redraw the living line on; in a pipe the lines alone are printed.

mod findings;
mod status;

use lab_model::Plan;
use lab_model::Span;
use lab_model::event::{Event, Record};
use lab_verdict::tally::Tally;

use crate::header;
use crate::page::Page;
use crate::phases::Phases;
use crate::style::Style;

/// After a phase, how long its row waits for reports that are late, on top of what a journey may
/// take.
const PATIENCE: Span = Span::from_secs(3);

/// The display of a run that goes on.
#[derive(Debug, Clone)]
pub struct Live {
    plan: Plan,
    style: Style,
    phases: Phases,
    tally: Tally,
    /// The last record's time, on the journal's clock.
    now: Span,
    /// Phases whose row was shown.
    shown: usize,
    /// The last report of the generator, and of the proxy.
    reported: (Span, Span),
    /// Findings that wait for the row of the phase before them.
    held: Vec<String>,
    /// Services that are ready.
    ready: usize,
    /// Whether the load has ended, or nothing of it will follow.
    over: bool,
}

impl Live {
    /// A display before the first record.
    pub fn new(plan: &Plan, style: Style) -> Self {
        Self {
            plan: plan.clone(),
            style,
            phases: Phases::new(plan, &style),
            tally: Tally::new(plan),
            now: Span::ZERO,
            shown: 0,
            reported: (Span::ZERO, Span::ZERO),
            held: Vec::new(),
            ready: 0,
            over: false,
        }
    }

    /// Takes a record in, the opening one included, and gives the lines to print now: the head of
    /// the run, the row of each phase once its arrivals have ended, and findings. A line is never
    /// taken back and never moves the cursor.
    pub fn push(&mut self, record: &Record) -> Vec<String> {
        self.now = record.at;
        self.tally.add(record);
        if let Event::Injected { what, .. } = &record.event {
            self.plan.faults.push(*what.clone());
        }
        let mut lines = Vec::new();
        match &record.event {
            Event::Opened(opened) => lines = self.head(&opened.driver),
            Event::Load(_) => self.reported.0 = record.at,
            Event::Link(_) => self.reported.1 = record.at,
            _ => {}
        }
        self.count(&record.event);
        let finding = findings::of(&self.plan, &self.tally, &record.event, self.style);
        while self.row_is_due() {
            lines.extend(self.row());
        }
        if let Some(finding) = finding {
            self.held.extend(finding);
        }
        if self.over || !self.row_is_awaited() {
            lines.append(&mut self.held);
        }
        lines
    }

    /// The living line: the phase, how far it is, the rate, each journey against its objectives,
    /// what the fault touched. Empty when there is nothing more to wait for.
    pub fn status(&self) -> String {
        status::line(self).painted(&self.style)
    }

    fn count(&mut self, event: &Event) {
        use lab_model::event::ServiceState;
        match event {
            Event::Service {
                state: ServiceState::Ready { .. },
                ..
            } => self.ready += 1,
            Event::LoadEnded { .. }
            | Event::Aborted { .. }
            | Event::Interrupted { .. }
            | Event::Failed { .. }
            | Event::CleanedUp { .. }
            | Event::Closed => self.over = true,
            _ => {}
        }
    }

    fn head(&self, driver: &lab_model::Name) -> Vec<String> {
        let mut page = Page::new(self.style);
        header::beginning(&mut page, &self.plan, driver);
        page.blank();
        self.phases.head(&mut page);
        lines(page)
    }

    fn row(&mut self) -> Vec<String> {
        let mut page = Page::new(self.style);
        self.phases
            .row(&mut page, &self.plan, &self.tally, self.shown);
        self.shown += 1;
        lines(page)
    }

    /// Whether a phase has ended whose row was not shown yet.
    fn row_is_awaited(&self) -> bool {
        self.began(self.shown) && (self.over || self.began(self.shown + 1))
    }

    fn began(&self, phase: usize) -> bool {
        let tally = self.tally.phases.get(phase);
        tally.is_some_and(|phase| phase.started.is_some())
    }

    /// Whether the next row can be shown: its phase has ended, and its arrivals have too, or have
    /// been waited for long enough.
    fn row_is_due(&self) -> bool {
        if !self.row_is_awaited() {
            return false;
        }
        let (Some(phase), Some(tally)) = (
            self.plan.phases.get(self.shown),
            self.tally.phases.get(self.shown),
        ) else {
            return false;
        };
        let end = tally
            .started
            .map_or(self.now, |started| started.plus(phase.length));
        let longest = self
            .plan
            .load
            .journeys
            .iter()
            .map(lab_model::traffic::Journey::longest);
        let patience = longest.max().unwrap_or(Span::ZERO).plus(PATIENCE);
        let planned = self.tally.timetable.count_between(phase.start, phase.end());
        let due: u64 = tally.journeys.iter().map(|journey| journey.total.due).sum();
        let ended = tally
            .journeys
            .iter()
            .all(|journey| journey.total.unresolved() == 0);
        let linked = self.plan.system.links.is_empty() || self.reported.1 >= end;
        self.over
            || self.now >= end.plus(patience)
            || (self.reported.0 >= end
                && linked
                && ended
                && planned.is_none_or(|planned| due >= planned))
    }
}

/// A page as lines.
fn lines(page: Page) -> Vec<String> {
    page.finish().lines().map(str::to_owned).collect()
}
