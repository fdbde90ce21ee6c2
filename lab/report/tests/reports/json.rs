//! The report for programs keeps to its published schema.

use std::sync::LazyLock;

use serde_json::Value;

use crate::sample::Course;
use crate::{plain, render};

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&lab_report::json::schema()).unwrap());
static VALIDATOR: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::draft7::new(&SCHEMA).unwrap());

fn check(course: &Course, pointers: &[(&str, Value)]) {
    let [text] = render(&course.journal(), "json", [plain(80)]);
    let report: Value = serde_json::from_str(&text).unwrap();
    let errors: Vec<String> = VALIDATOR
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    for (pointer, expected) in pointers {
        assert_eq!(
            report.pointer(pointer),
            Some(expected),
            "{pointer} in {text}"
        );
    }
}

#[test]
fn reports_keep_to_the_schema() {
    check(
        &Course::failing(),
        &[
            ("/report", 1.into()),
            ("/run", "2026-11-22-slow-payments-7".into()),
            ("/verdict", "fail".into()),
            ("/exit/code", 1.into()),
            ("/complete", true.into()),
            ("/objectives/0/verdict", "fail".into()),
            ("/objectives/0/phase", "fault".into()),
            ("/objectives/0/n", 1_500.into()),
            ("/objectives/0/bad", 1_497.into()),
            ("/witnesses/0/link", "orders -> payments".into()),
            ("/witnesses/0/delay/mean_ms", 2_010.0.into()),
            (
                "/phases/2/journeys/1/steps/0/outcomes/1/outcome",
                "timeout".into(),
            ),
            ("/phases/2/journeys/1/bad_share", 0.998.into()),
        ],
    );
    check(
        &Course::passing(),
        &[
            ("/verdict", "pass".into()),
            ("/exit/name", "pass".into()),
            ("/settings/orders.timeout", "400ms".into()),
        ],
    );
    check(
        &Course::bypassed(),
        &[
            ("/verdict", "inconclusive".into()),
            ("/exit/code", 2.into()),
        ],
    );
    check(
        &Course::broken_environment(),
        &[
            ("/exit/code", 4.into()),
            ("/failures/0/part", "service orders".into()),
        ],
    );
    check(&Course::interrupted(), &[("/exit/code", 130.into())]);
}

#[test]
fn unknown_versions_are_told_apart() {
    let [text] = render(&Course::short().journal(), "json", [plain(80)]);
    let mut report: Value = serde_json::from_str(&text).unwrap();
    report["report"] = 2.into();
    assert!(!VALIDATOR.is_valid(&report));
}

#[test]
fn every_field_is_documented() {
    let mut types = vec![&*SCHEMA];
    types.extend(SCHEMA["definitions"].as_object().unwrap().values());
    for kind in types {
        for (name, field) in kind["properties"].as_object().into_iter().flatten() {
            assert!(field.get("description").is_some(), "{name} in {kind:#}");
        }
    }
}
