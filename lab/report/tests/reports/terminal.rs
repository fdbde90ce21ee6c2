//! The report for people.

use insta::assert_snapshot;
use lab_model::Journal;
use lab_report::Style;

use crate::sample::Course;
use crate::{check_fits, plain, render, uncolored};

fn reports<const N: usize>(journal: &Journal, styles: [Style; N]) -> [String; N] {
    let texts = render(journal, "terminal", styles);
    for (text, style) in texts.iter().zip(styles) {
        check_fits(text, style);
    }
    texts
}

#[test]
fn a_run_that_fails() {
    let color = Style {
        color: true,
        ..plain(120)
    };
    let ascii = Style {
        unicode: false,
        ..plain(120)
    };
    let styles = [plain(80), plain(120), plain(200), color, ascii];
    let [narrow, text, wide, colored, ascii] = reports(&Course::failing().journal(), styles);
    assert_snapshot!("fails_80", narrow);
    assert_snapshot!("fails_120", text);
    assert_snapshot!("fails_200", wide);
    assert_snapshot!("fails_color", colored.replace('\u{1b}', "␛"));
    assert_eq!(uncolored(&colored), text, "colour only repeats the words");
    assert_snapshot!("fails_ascii", ascii);
    assert!(ascii.is_ascii(), "{ascii}");
}

#[test]
fn a_run_that_passes() {
    let journal = Course::passing().journal();
    let [narrow, text] = reports(&journal, [plain(80), plain(120)]);
    assert_snapshot!("passes_80", narrow);
    assert_snapshot!("passes_120", text);
}

#[test]
fn a_fault_without_a_witness() {
    let journal = Course::bypassed().journal();
    let [narrow, text] = reports(&journal, [plain(80), plain(120)]);
    assert_snapshot!("bypassed_80", narrow);
    assert_snapshot!("bypassed_120", text);
}

#[test]
fn a_system_that_was_not_healthy() {
    let [text] = reports(&Course::unhealthy().journal(), [plain(120)]);
    assert_snapshot!("unhealthy_120", text);
}

#[test]
fn a_run_that_is_too_short_to_tell() {
    let mut course = Course::short();
    course.bad = |_, _| 0;
    let [text] = reports(&course.journal(), [plain(120)]);
    assert_snapshot!("undecided_120", text);
}

#[test]
fn an_environment_that_fails() {
    let journal = Course::broken_environment().journal();
    let [narrow, text] = reports(&journal, [plain(80), plain(120)]);
    assert_snapshot!("environment_80", narrow);
    assert_snapshot!("environment_120", text);
}

#[test]
fn a_run_that_is_interrupted() {
    let [text] = reports(&Course::interrupted().journal(), [plain(120)]);
    assert_snapshot!("interrupted_120", text);
}

#[test]
fn a_journal_that_is_cut() {
    let bytes = Course::failing().bytes();
    let journal = Journal::read(&bytes[..bytes.len() - 1_000]).unwrap();
    let [text] = reports(&journal, [plain(120)]);
    assert_snapshot!("cut_120", text);
}

#[test]
fn the_conclusion_is_the_end_of_the_report() {
    let journal = Course::short().journal();
    let verdict = lab_verdict::judge(&journal);
    let run = lab_report::Run::new(&journal, &verdict, None);
    let whole = lab_report::terminal::report(&run, &Style::PLAIN);
    let end = lab_report::terminal::conclusion(&run, &Style::PLAIN);
    assert!(whole.ends_with(&end) && end.starts_with("FAIL"), "{end}");
}
