//! A journal grows by seconds and not by requests; so does the time to judge it.

use std::time::{Duration, Instant};

use lab_model::Journal;
use lab_model::Rate;
use lab_model::traffic::Arrivals;
use lab_verdict::{Call, judge};

use crate::build::{FAULT, RECOVERY, Run, plan, span};

#[test]
fn a_million_requests_are_judged_at_once() {
    let mut large = plan();
    large.load.arrivals = Arrivals::Constant {
        rate: Rate::per_second(2_100.0).unwrap(),
    };
    large.phases[FAULT].length = span("440s");
    large.phases[RECOVERY].start = span("460s");
    large.faults[0].windows[0].to = span("460s");
    let bytes = Run::healthy(large).bytes();
    let begun = Instant::now();
    let verdict = judge(&Journal::read(&bytes).unwrap());
    let took = begun.elapsed();
    assert_eq!(verdict.call, Call::Pass, "{:#?}", verdict.reasons);
    let arrivals: u64 = verdict.offered.iter().map(|offered| offered.due).sum();
    assert!(arrivals > 1_000_000);
    assert!(
        took < Duration::from_secs(2),
        "{took:?} for {} bytes",
        bytes.len()
    );
}
