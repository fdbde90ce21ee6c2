//! `JUnit` XML for continuous integration: what did not hold is a failure, what kept the run from
//! saying so an error, what the data could not decide is skipped.
//!
//! The dialect is the one that Jenkins publishes (`junit-10.xsd`), which GitLab, GitHub's actions
//! and Azure read too.

use lab_runbooks::session::Report;
use maud::{Markup, PreEscaped, html};

use crate::cases::{self, Case, End};
use crate::registry::Format;
use crate::run::Run;
use crate::style::Style;

/// This format.
pub const FORMAT: Format = Format {
    name: "junit",
    about: "for continuous integration: JUnit XML",
    render: |run, _| report(run),
};

/// The report as `JUnit` XML.
pub fn report(run: &Run<'_>) -> String {
    let (plan, opened) = (run.plan(), &run.journal.opened);
    let properties = [
        ("run", opened.run.to_string()),
        ("seed", plan.seed.to_string()),
        ("system", plan.system.name.to_string()),
        ("driver", opened.driver.to_string()),
        ("lab", opened.lab.clone()),
        ("exit-code", run.verdict.exit.code().to_string()),
        ("replay", format!("lab {}", plan.replay.join(" "))),
    ];
    // Without a fraction and a zone, as the schema wants it.
    let started = opened.wall.get(..19).unwrap_or(NO_TIME);
    let took = format!("{:.3}", run.took().as_secs_f64());
    let cases = cases::all(run);
    suite(
        plan.scenario.as_str(),
        (started, &took),
        &properties,
        &cases,
    )
}

/// A grade as `JUnit` XML; `name` is how `lab report` finds it again. A session has no time of its own.
pub fn graded(report: &Report, name: &str) -> String {
    let session = &report.session;
    let properties = [
        ("grade", name.to_owned()),
        ("seed", session.seed.to_string()),
        ("lab", session.lab.clone()),
        ("digest", session.digest.clone()),
        (
            "score",
            report
                .score
                .map_or_else(String::new, |score| format!("{score:.1}")),
        ),
    ];
    let cases = cases::of_grade(report);
    let times = (NO_TIME, "0");
    suite(session.runbook.as_str(), times, &properties, &cases)
}

/// What stands where no time is known.
const NO_TIME: &str = "1970-01-01T00:00:00";

fn suite(
    name: &str,
    (started, took): (&str, &str),
    properties: &[(&str, String)],
    cases: &[Case],
) -> String {
    let count = |end: End| cases.iter().filter(|case| case.end == end).count();
    let suite = html! {
        testsuites name="Failure Lab" tests=(cases.len()) failures=(count(End::Failed))
            errors=(count(End::Broken)) time=(took) {
            testsuite name=(name) id="0" tests=(cases.len()) failures=(count(End::Failed))
                errors=(count(End::Broken)) skipped=(count(End::Undecided)) time=(took)
                timestamp=(started) hostname="localhost" {
                properties { @for (name, value) in properties {
                    property name=(name) value=(value) {}
                } }
                @for case in cases { (one(name, case)) }
            }
        }
    };
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n",
        suite.into_string()
    );
    text.replace("><testsuite ", ">\n<testsuite ")
        .replace("><testcase ", ">\n<testcase ")
        .replace("></testsuite>", ">\n</testsuite>")
}

fn one(scenario: &str, case: &Case) -> Markup {
    let class = format!("{scenario}.{}", case.group);
    let message = Style::PLAIN.clean(&case.message);
    let detail: Vec<String> = case
        .detail
        .lines()
        .map(|line| Style::PLAIN.clean(line))
        .collect();
    let detail = detail.join("\n");
    let name = Style::PLAIN.clean(&case.name);
    let body = match case.end {
        End::Passed => PreEscaped(String::new()),
        End::Failed => html! { failure type="fail" message=(message) { (detail) } },
        End::Broken => html! { error type="error" message=(message) { (detail) } },
        End::Undecided => html! { skipped message=(format!("inconclusive: {message}")) {} },
    };
    html! { testcase classname=(class) name=(name) time="0" { (body) } }
}
