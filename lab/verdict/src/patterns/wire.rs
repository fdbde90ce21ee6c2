//! The evidence: what the proxy saw on each link, report by report, as a journal holds it.

use std::rc::Rc;

use lab_model::calls::Burst;
use lab_model::event::Event;
use lab_model::link::Traffic;
use lab_model::plan::PhaseKind;
use lab_model::{Histogram, Journal, Link, Plan, Span};

use crate::tally::{LinkTally, Tally};

/// A run as patterns look at it.
#[derive(Debug)]
pub struct Wire<'a> {
    pub(super) plan: &'a Plan,
    pub(super) tally: &'a Tally,
    /// The phases in which the pattern must show.
    pub(super) during: Vec<usize>,
    /// Every report on a link, in order.
    reports: &'a [Report<'a>],
}

/// A report on a link of about a second.
#[derive(Debug, Clone)]
pub(super) struct Report<'a> {
    /// When it was made, on the journal's clock.
    pub(super) at: Span,
    /// The phase it belongs to.
    pub(super) phase: usize,
    /// The faults (by index) that were armed all the while.
    armed: Rc<[bool]>,
    pub(super) link: &'a Link,
    pub(super) traffic: &'a Traffic,
}

/// Every report on a link, after the load has started.
pub(super) fn reports<'a>(journal: &'a Journal, plan: &'a Plan) -> Vec<Report<'a>> {
    let mut armed: Rc<[bool]> = vec![false; plan.faults.len()].into();
    let mut start = None;
    let mut reports = Vec::new();
    for record in &journal.records {
        match &record.event {
            Event::LoadStarted => start = start.or(Some(record.at)),
            Event::FaultArmed { fault } => set(&mut armed, *fault, true),
            Event::FaultHealed { fault } => set(&mut armed, *fault, false),
            Event::Link(report) => {
                let Some(start) = start else { continue };
                let since = record.at.minus(start);
                let last = plan.phases.len().saturating_sub(1);
                reports.push(Report {
                    at: record.at,
                    phase: plan.phase_at(since).unwrap_or(last),
                    armed: Rc::clone(&armed),
                    link: &report.link,
                    traffic: &report.traffic,
                });
            }
            _ => {}
        }
    }
    reports
}

fn set(armed: &mut Rc<[bool]>, fault: usize, value: bool) {
    if fault < armed.len() {
        let mut changed = armed.to_vec();
        changed[fault] = value;
        *armed = changed.into();
    }
}

impl<'a> Wire<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        tally: &'a Tally,
        during: &[usize],
        reports: &'a [Report<'a>],
    ) -> Self {
        Self {
            plan,
            tally,
            during: during.to_vec(),
            reports,
        }
    }

    /// All reports on a link.
    pub(super) fn on(&self, link: &Link) -> impl Iterator<Item = &'a Report<'a>> {
        self.reports
            .iter()
            .filter(move |report| report.link == link)
    }

    /// Which reports are about a link's test: those of the phases in which the pattern must show,
    /// and under a fault of that link where there ever is one.
    fn test_of(&self, link: &Link) -> impl Fn(&Report<'_>) -> bool + '_ {
        let mut faults = vec![false; self.plan.faults.len()];
        for (mark, fault) in faults.iter_mut().zip(&self.plan.faults) {
            *mark = &fault.link == link;
        }
        let under = move |report: &Report<'_>| {
            let mut armed = report.armed.iter().zip(&faults);
            armed.any(|(armed, ours)| *armed && *ours)
        };
        let inside = |report: &Report<'_>| self.during.contains(&report.phase);
        let faulty = self
            .reports
            .iter()
            .any(|report| inside(report) && under(report));
        move |report| inside(report) && (!faulty || under(report))
    }

    /// The reports on a link while it was put to the test.
    pub(super) fn tested(&self, link: &Link) -> Vec<&'a Report<'a>> {
        let test = self.test_of(link);
        self.on(link).filter(|report| test(report)).collect()
    }

    /// The reports on a link before anything was broken.
    pub(super) fn healthy(&self, link: &Link) -> Vec<&'a Report<'a>> {
        let baseline = |phase: usize| {
            let kind = self.plan.phases.get(phase).map(|phase| phase.kind);
            kind == Some(PhaseKind::Baseline)
        };
        self.on(link)
            .filter(|report| baseline(report.phase))
            .collect()
    }

    /// The links that lead to the caller of a link.
    pub(super) fn inbound(&self, link: &Link) -> Vec<&'a Link> {
        let links = self.plan.system.links.iter();
        links.filter(|inbound| inbound.to == link.from).collect()
    }

    /// How many calls over a link its caller would have made for the requests that came to it while
    /// the link was tested, were everything well: those requests, times the calls for each of them
    /// in the baseline. `None` without a baseline to learn from.
    pub(super) fn expected_calls(&self, link: &Link) -> Option<f64> {
        let came: u64 = self.came(link).iter().map(|(_, came)| came).sum();
        Some(came as f64 * self.calls_per_request(link)?)
    }

    /// First attempts over a link for each request that came to its caller, in the baseline.
    pub(super) fn calls_per_request(&self, link: &Link) -> Option<f64> {
        let firsts = |link: &Link| -> u64 {
            let reports = self.healthy(link);
            reports
                .iter()
                .map(|report| report.traffic.first_attempts)
                .sum()
        };
        let came: u64 = self.inbound(link).into_iter().map(firsts).sum();
        let made = firsts(link);
        (came > 0 && made > 0).then(|| made as f64 / came as f64)
    }

    /// Requests that came to a link's caller while the link was tested, observation by
    /// observation.
    pub(super) fn came(&self, link: &Link) -> Vec<(Span, u64)> {
        let mut came: Vec<(Span, u64)> = Vec::new();
        for report in self.inbound_tested(link) {
            let first = report.traffic.first_attempts;
            match came.last_mut() {
                Some((at, sum)) if *at == report.at => *sum = sum.saturating_add(first),
                _ => came.push((report.at, first)),
            }
        }
        came
    }

    /// The reports on the links to a link's caller while the link was tested.
    pub(super) fn inbound_tested(&self, link: &Link) -> Vec<&'a Report<'a>> {
        let (inbound, test) = (self.inbound(link), self.test_of(link));
        let ours = |report: &&Report<'_>| inbound.contains(&report.link) && test(report);
        self.reports.iter().filter(ours).collect()
    }

    /// The stretches of attempts that ended in some reports, each with its report.
    pub(super) fn bursts(reports: &[&'a Report<'a>]) -> impl Iterator<Item = (Span, &'a Burst)> {
        let bursts = |report: &&'a Report<'a>| {
            let at = report.at;
            let bursts = report.traffic.calls.bursts.iter();
            bursts.map(move |burst| (at, burst))
        };
        reports
            .iter()
            .flat_map(bursts)
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// Everything that several reports say.
pub(super) fn sum<'a>(reports: impl IntoIterator<Item = &'a Report<'a>>) -> Traffic {
    let mut reports = reports.into_iter().peekable();
    let Some(first) = reports.peek() else {
        return Traffic::default();
    };
    let mut tally = LinkTally::new(first.link);
    for report in reports {
        tally.add(report.traffic);
    }
    tally.traffic
}

/// How many of a histogram's durations exceed a limit.
pub(super) fn beyond(histogram: &Histogram, limit: Span) -> u64 {
    let beyond = histogram
        .buckets()
        .filter(|(value, _)| *value > limit.as_micros());
    beyond.fold(0, |sum, (_, count)| sum.saturating_add(count))
}

/// How a link's attempts ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// Requests and refused connections.
    pub(super) attempts: u64,
    /// Without a reply, or with one from 500 on or 429.
    pub(super) failed: u64,
}

impl Ends {
    /// The ends on record; what is still on its way has none.
    pub(super) fn of(traffic: &Traffic) -> Self {
        let calls = &traffic.calls;
        let failures = [
            traffic.refused,
            traffic.abandoned,
            traffic.broken,
            calls.error_time.count(),
            calls.shed_time.count(),
        ];
        Self {
            attempts: traffic.requests.saturating_add(traffic.refused),
            failed: failures.into_iter().fold(0, u64::saturating_add),
        }
    }

    /// Whether at least half of the attempts failed.
    pub(super) fn mostly_failed(self) -> bool {
        self.failed > 0 && self.failed.saturating_mul(2) >= self.attempts
    }
}
