//! The display of a run that goes on.

use insta::assert_snapshot;
use lab_model::event::Event;
use lab_report::{Live, Style};

use crate::sample::Course;
use crate::{check_fits, plain, render};

/// Everything a pipe would get.
fn piped(course: &Course, style: Style) -> String {
    let mut live = Live::new(&course.plan, style);
    let mut text = String::new();
    for record in course.records() {
        for line in live.push(&record) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    check_fits(&text, style);
    text
}

/// The living line after each second of the load.
fn living(course: &Course, style: Style, seconds: &[u64]) -> String {
    let mut live = Live::new(&course.plan, style);
    let mut text = String::new();
    let mut started = None;
    for record in course.records() {
        live.push(&record);
        if record.event == Event::LoadStarted {
            started = Some(record.at.as_micros());
        }
        let after = started.map(|start| record.at.as_micros() - start);
        let reported =
            matches!(&record.event, Event::Link(link) if link.link.from.as_str() == "orders");
        let wanted = after.is_some_and(|after| seconds.contains(&(after / 1_000_000)));
        if started.is_none() || (reported && wanted) || record.event == Event::Closed {
            text.push_str(&live.status());
            text.push('\n');
        }
    }
    check_fits(&text, style);
    text
}

#[test]
fn lines_for_a_pipe() {
    assert_snapshot!("live_120", piped(&Course::failing(), plain(120)));
    assert_snapshot!("live_80", piped(&Course::failing(), plain(80)));
    assert_snapshot!(
        "live_interrupted",
        piped(&Course::interrupted(), plain(120))
    );
    assert_snapshot!(
        "live_environment",
        piped(&Course::broken_environment(), plain(120))
    );
}

#[test]
fn the_living_line() {
    let course = Course::failing();
    assert_snapshot!(
        "living_120",
        living(&course, plain(120), &[0, 2, 12, 30, 60])
    );
    assert_snapshot!("living_60", living(&course, plain(60), &[0, 30]));
}

/// Rows that were printed one by one are those of the report.
#[test]
fn rows_are_those_of_the_report() {
    let course = Course::short();
    let widths = [60, 80, 120, 200];
    let reports = render(&course.journal(), "terminal", widths.map(plain));
    for (width, report) in widths.into_iter().zip(reports) {
        let live = piped(&course, plain(width));
        for phase in ["warm-up", "baseline", "▌ fault", "recovery"] {
            let row = |text: &str| {
                let found = text
                    .lines()
                    .find(|line| line.trim_start().starts_with(phase));
                found.map(str::to_owned)
            };
            assert_eq!(row(&live), row(&report));
            assert!(row(&live).is_some(), "{live}");
        }
    }
}
