//! What several generator processes say, put together as if one had said it.
//!
//! Reports are differences, so any of them may be summed, exactly: a process that paused and covers
//! two seconds in one report brings nothing out of step. A report goes on when every process that
//! still runs has brought its part.

use lab_model::load::LoadReport;
use lab_model::{Rate, Span};

/// What the processes have said and nobody has heard yet.
#[derive(Debug)]
pub(super) struct Assembly(Vec<Part>);

/// One process.
#[derive(Debug, Default)]
struct Part {
    pending: Option<LoadReport>,
    /// How many of its changes of the rate went on.
    changes: usize,
    ended: bool,
}

impl Assembly {
    /// Of so many processes, which have said nothing yet.
    pub(super) fn of(processes: usize) -> Self {
        let mut parts = Vec::new();
        parts.resize_with(processes, Part::default);
        Self(parts)
    }

    /// A process reports; what all of them report, once each that runs has brought its part.
    pub(super) fn report(&mut self, process: usize, report: LoadReport) -> Option<LoadReport> {
        let part = self.0.get_mut(process)?;
        let in_flight = report.in_flight;
        let pending = part.pending.get_or_insert_default();
        pending.merge(report);
        pending.in_flight = in_flight;
        self.assemble()
    }

    /// A process has changed its rate; the change, once the last one has.
    pub(super) fn changed(
        &mut self,
        process: usize,
        from: Span,
        rate: Rate,
    ) -> Option<(Span, Rate)> {
        let part = self.0.get_mut(process)?;
        part.changes += 1;
        let made = part.changes;
        let last = self.0.iter().all(|part| part.changes >= made);
        last.then_some((from, rate))
    }

    /// A process has said its last; what was still waiting for its part, and whether all have ended.
    pub(super) fn ended(&mut self, process: usize) -> (Option<LoadReport>, bool) {
        if let Some(part) = self.0.get_mut(process) {
            part.ended = true;
        }
        let all = self.0.iter().all(|part| part.ended);
        (self.assemble(), all)
    }

    fn assemble(&mut self) -> Option<LoadReport> {
        let complete = |part: &Part| part.ended || part.pending.is_some();
        if !self.0.iter().all(complete) {
            return None;
        }
        self.0
            .iter_mut()
            .filter_map(|part| part.pending.take())
            .reduce(|mut whole, part| {
                whole.merge(part);
                whole
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(in_flight: u64) -> LoadReport {
        LoadReport {
            in_flight,
            ..LoadReport::default()
        }
    }

    fn in_flight(whole: Option<LoadReport>) -> Option<u64> {
        whole.map(|report| report.in_flight)
    }

    #[test]
    fn a_report_waits_for_every_process() {
        let mut assembly = Assembly::of(3);
        assert_eq!(in_flight(assembly.report(0, report(5))), None);
        assert_eq!(in_flight(assembly.report(2, report(1))), None);
        // What is in flight is what was last said, not a sum over time.
        assert_eq!(in_flight(assembly.report(0, report(7))), None);
        assert_eq!(in_flight(assembly.report(1, report(2))), Some(10));
        assert_eq!(in_flight(assembly.report(1, report(2))), None);
    }

    #[test]
    fn one_process_is_passed_on() {
        let mut assembly = Assembly::of(1);
        assert_eq!(in_flight(assembly.report(0, report(5))), Some(5));
        let (rest, all) = assembly.ended(0);
        assert_eq!((in_flight(rest), all), (None, true));
    }

    #[test]
    fn nobody_waits_for_a_process_that_has_ended() {
        let mut assembly = Assembly::of(2);
        assert_eq!(in_flight(assembly.report(0, report(3))), None);
        let (rest, all) = assembly.ended(1);
        assert_eq!((in_flight(rest), all), (Some(3), false));
        assert_eq!(in_flight(assembly.report(0, report(4))), Some(4));
        assert!(assembly.ended(0).1);
    }

    #[test]
    fn a_change_is_made_when_all_have_made_it() {
        let mut assembly = Assembly::of(2);
        let (one, two) = (Span::from_secs(1), Span::from_secs(2));
        let rate = Rate::per_second(9.0).unwrap();
        assert_eq!(assembly.changed(0, one, rate), None);
        assert_eq!(assembly.changed(0, two, rate), None);
        assert_eq!(assembly.changed(1, one, rate), Some((one, rate)));
        assert_eq!(assembly.changed(1, two, rate), Some((two, rate)));
        assert_eq!(assembly.changed(9, two, rate), None);
    }
}
