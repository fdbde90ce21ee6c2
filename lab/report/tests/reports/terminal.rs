//! The report for people.

use insta::assert_snapshot;
use lab_report::Style;

use crate::sample::Course;
use crate::{check_fits, plain, render};

fn report(course: &Course, style: Style) -> String {
    let text = render(&course.journal(), "terminal", style);
    check_fits(&text, style);
    text
}

#[test]
fn a_run_that_fails() {
    let course = Course::failing();
    assert_snapshot!("fails_120", report(&course, plain(120)));
    assert_snapshot!("fails_80", report(&course, plain(80)));
    assert_snapshot!("fails_200", report(&course, plain(200)));
}

#[test]
fn colour_repeats_the_words() {
    let color = Style {
        color: true,
        ..plain(120)
    };
    let colored = report(&Course::failing(), color);
    assert_snapshot!("fails_color", colored.replace('\u{1b}', "␛"));
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, report(&Course::failing(), plain(120)));
}

#[test]
fn ascii_where_asked() {
    let ascii = Style {
        unicode: false,
        ..plain(120)
    };
    let text = report(&Course::failing(), ascii);
    assert!(text.is_ascii(), "{text}");
    assert_snapshot!("fails_ascii", text);
}

#[test]
fn a_run_that_passes() {
    assert_snapshot!("passes_120", report(&Course::passing(), plain(120)));
    assert_snapshot!("passes_80", report(&Course::passing(), plain(80)));
}

#[test]
fn a_fault_without_a_witness() {
    assert_snapshot!("bypassed_120", report(&Course::bypassed(), plain(120)));
    assert_snapshot!("bypassed_80", report(&Course::bypassed(), plain(80)));
}

#[test]
fn an_environment_that_fails() {
    let course = Course::broken_environment();
    assert_snapshot!("environment_120", report(&course, plain(120)));
    assert_snapshot!("environment_80", report(&course, plain(80)));
}

#[test]
fn a_run_that_is_interrupted() {
    assert_snapshot!(
        "interrupted_120",
        report(&Course::interrupted(), plain(120))
    );
}

#[test]
fn a_journal_that_is_cut() {
    let bytes = Course::failing().bytes();
    let journal = lab_model::Journal::read(&bytes[..bytes.len() - 1_000]).unwrap();
    let text = render(&journal, "terminal", plain(120));
    check_fits(&text, plain(120));
    assert_snapshot!("cut_120", text);
}

#[test]
fn the_conclusion_is_the_end_of_the_report() {
    let journal = Course::failing().journal();
    let verdict = lab_verdict::judge(&journal);
    let run = lab_report::Run::new(&journal, &verdict, None);
    let whole = lab_report::terminal::report(&run, &Style::PLAIN);
    let end = lab_report::terminal::conclusion(&run, &Style::PLAIN);
    assert!(whole.ends_with(&end) && end.starts_with("FAIL"), "{end}");
}
