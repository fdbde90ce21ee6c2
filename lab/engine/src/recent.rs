//! The last seconds of a run, and its status at one moment. Pure: fed with records.

use std::collections::VecDeque;

use lab_model::event::{Event, Record};
use lab_model::load::Slot;
use lab_model::objective::{Objective, Promise};
use lab_model::plan::Fault;
use lab_model::status::{FaultStatus, JourneyStatus, LinkStatus, ObjectiveStatus, Status};
use lab_model::{Histogram, Link, Name, Plan, RunId, Span};
use lab_verdict::tally::Tally;

/// How far back figures go.
const WINDOW: Span = Span::from_secs(10);

/// Reports of the last seconds.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    records: VecDeque<Record>,
}

impl Recent {
    /// Keeps a record if figures are made of it, and forgets what is too old.
    pub(crate) fn add(&mut self, record: &Record) {
        if matches!(record.event, Event::Load(_) | Event::Link(_)) {
            self.records.push_back(record.clone());
        }
        let oldest = record.at.minus(WINDOW);
        while self.records.front().is_some_and(|first| first.at < oldest) {
            self.records.pop_front();
        }
    }

    /// How the run fares; `faults` are all it has, `zero` is when its load started.
    pub(crate) fn status(
        &self,
        run: &RunId,
        plan: &Plan,
        faults: &[Fault],
        tally: &Tally,
        (zero, now): (Span, Span),
    ) -> Status {
        let journeys = plan
            .load
            .journeys
            .iter()
            .map(|journey| Sum::of(&journey.name, self));
        let journeys: Vec<Sum> = journeys.collect();
        let objectives = plan.objectives.iter().map(|objective| ObjectiveStatus {
            text: objective.to_string(),
            holds: journeys
                .iter()
                .find(|sum| sum.journey == objective.of)
                .and_then(|sum| sum.holds(objective, plan)),
        });
        let armed = faults.iter().zip(&tally.faults).enumerate();
        let armed = armed.filter(|(_, (_, tally))| tally.is_armed());
        Status {
            run: run.clone(),
            system: plan.system.name.clone(),
            since: now.minus(zero),
            window: WINDOW.min(now.minus(zero)),
            objectives: objectives.collect(),
            journeys: journeys.iter().map(Sum::status).collect(),
            links: plan
                .system
                .links
                .iter()
                .map(|link| self.link(link))
                .collect(),
            faults: armed
                .map(|(number, (fault, tally))| FaultStatus {
                    number,
                    link: fault.link.clone(),
                    summary: fault.summary.clone(),
                    since: tally.armed.last().map_or(Span::ZERO, |at| at.minus(zero)),
                    touched: tally.touched,
                })
                .collect(),
            seat: None,
        }
    }

    fn link(&self, link: &Link) -> LinkStatus {
        let mut status = LinkStatus {
            link: link.clone(),
            requests: 0,
            first_attempts: 0,
            failed: 0,
            p99: None,
        };
        let mut time = Histogram::new();
        for record in &self.records {
            if let Event::Link(report) = &record.event
                && &report.link == link
            {
                let traffic = &report.traffic;
                status.requests += traffic.requests;
                status.first_attempts += traffic.first_attempts;
                status.failed += traffic.replies[4] + traffic.broken + traffic.abandoned;
                time.merge(&traffic.caller_time);
            }
        }
        status.p99 = time.quantile(0.99);
        status
    }
}

/// What was resolved of one journey.
struct Sum {
    journey: Name,
    good: u64,
    bad: u64,
    over: Vec<u64>,
    time: Histogram,
}

impl Sum {
    fn of(journey: &Name, recent: &Recent) -> Self {
        let mut sum = Self {
            journey: journey.clone(),
            good: 0,
            bad: 0,
            over: Vec::new(),
            time: Histogram::new(),
        };
        let reports = recent
            .records
            .iter()
            .filter_map(|record| match &record.event {
                Event::Load(report) => Some(report),
                _ => None,
            });
        for slot in reports.flat_map(|report| &report.slots) {
            if &slot.journey == journey {
                sum.add(slot);
            }
        }
        sum
    }

    fn add(&mut self, slot: &Slot) {
        self.good += slot.good;
        self.bad += slot.bad;
        self.time.merge(&slot.from_intended);
        self.over.resize(self.over.len().max(slot.over.len()), 0);
        for (sum, over) in self.over.iter_mut().zip(&slot.over) {
            *sum += over;
        }
    }

    fn status(&self) -> JourneyStatus {
        JourneyStatus {
            name: self.journey.clone(),
            ended: self.good + self.bad,
            bad: self.bad,
            p50: self.time.quantile(0.5),
            p99: self.time.quantile(0.99),
        }
    }

    /// Whether the figures keep a promise: the plain comparison, without a bound on its error.
    fn holds(&self, objective: &Objective, plan: &Plan) -> Option<bool> {
        let ended = self.good + self.bad;
        if ended == 0 {
            return None;
        }
        let bad = match &objective.promise {
            Promise::Availability { .. } => self.bad,
            promise => {
                let limit = promise.limit()?;
                let limits = plan.limits(&self.journey);
                let at = limits.iter().position(|known| *known == limit)?;
                self.over.get(at).copied().unwrap_or(self.bad)
            }
        };
        Some(bad as f64 <= objective.promise.allowed_bad() * ended as f64)
    }
}
