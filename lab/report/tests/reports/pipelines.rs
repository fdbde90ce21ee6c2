//! Reports for pipelines: `JUnit`, Markdown, annotations, `GitLab`, Prometheus, OpenTelemetry.

use insta::assert_snapshot;
use serde_json::Value;

use crate::sample::Course;
use crate::{plain, render};

fn report(course: &Course, format: &str) -> String {
    let [text] = render(&course.journal(), format, [plain(80)]);
    text
}

#[test]
fn junit_tells_failures_errors_and_skips_apart() {
    let check = |course: Course, expected: &[&str]| {
        let xml = report(&course, "junit");
        for part in expected {
            assert!(xml.contains(part), "{part} in {xml}");
        }
    };
    check(
        Course::failing(),
        &["failures=\"1\" errors=\"0\"", "<failure type=\"fail\""],
    );
    check(
        Course::passing(),
        &["failures=\"0\" errors=\"0\"", "skipped=\"0\""],
    );
    check(
        Course::bypassed(),
        &["<error type=\"error\"", "<skipped message=\"inconclusive"],
    );
    check(
        Course::broken_environment(),
        &["<error type=\"error\"", "unable to open database file"],
    );
    assert_snapshot!("junit", report(&Course::failing(), "junit"));
}

#[test]
fn markdown_and_annotations() {
    assert_snapshot!("markdown", report(&Course::failing(), "markdown"));
    assert_snapshot!(
        "markdown_broken",
        report(&Course::broken_environment(), "markdown")
    );
    assert_snapshot!("github", report(&Course::failing(), "github"));
    for line in report(&Course::broken_environment(), "github").lines() {
        assert!(line.starts_with("::"), "{line}");
    }
}

#[test]
fn gitlab_keeps_its_fingerprints() {
    let issues = |course: Course| -> Vec<Value> {
        serde_json::from_str(&report(&course, "gitlab")).unwrap()
    };
    let failing = issues(Course::failing());
    assert_eq!(failing.len(), 1);
    assert_eq!(failing[0]["severity"], "critical");
    let mut worse = Course::failing();
    worse.bad = |phase, _| if phase == 2 { 50 } else { 0 };
    assert_eq!(issues(worse)[0]["fingerprint"], failing[0]["fingerprint"]);
    assert!(issues(Course::passing()).is_empty());
}

#[test]
fn prometheus_reads_every_line() {
    let text = report(&Course::failing(), "prometheus");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once('{').unwrap();
        let (labels, value) = rest.rsplit_once("} ").unwrap();
        assert!(name.starts_with("lab_"), "{line}");
        assert!(labels.contains("scenario=\"slow-payments\""), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    assert!(text.contains(
        "lab_run_verdict{scenario=\"slow-payments\",system=\"shop\",verdict=\"fail\"} 1"
    ));
    assert!(text.contains("result=\"bad\"} 1497"));
}

#[test]
fn a_trace_hangs_together() {
    let trace: Value = serde_json::from_str(&report(&Course::failing(), "otlp-trace")).unwrap();
    let spans = trace["resourceSpans"][0]["scopeSpans"][0]["spans"]
        .as_array()
        .unwrap();
    let ids: Vec<&Value> = spans.iter().map(|span| &span["spanId"]).collect();
    let mut roots = 0;
    for span in spans {
        if span["parentSpanId"] == "" {
            roots += 1;
        } else {
            assert!(ids.contains(&&span["parentSpanId"]), "{span}");
        }
        let nanos = |key: &str| span[key].as_str().unwrap().parse::<u64>().unwrap();
        assert!(
            nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"),
            "{span}"
        );
        assert!(nanos("startTimeUnixNano") > 1_700_000_000_000_000_000);
    }
    assert_eq!(roots, 1);
    assert_eq!(spans.len(), 6, "the run, four phases, one fault");
    let metrics: Value = serde_json::from_str(&report(&Course::failing(), "otlp-metrics")).unwrap();
    let first = &metrics["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
    assert_eq!(first["gauge"]["dataPoints"].as_array().unwrap().len(), 150);
}
