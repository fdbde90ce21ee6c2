//! `JUnit` XML for continuous integration: what did not hold is a failure, what kept the run from
//! saying so an error, what the data could not decide is skipped.
//!
//! The dialect is the one that Jenkins publishes (`junit-10.xsd`), which GitLab, GitHub's actions
//! and Azure read too.

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
    let cases = cases::all(run);
    let count = |end: End| cases.iter().filter(|case| case.end == end).count();
    let (plan, opened) = (run.plan(), &run.journal.opened);
    let took = format!("{:.3}", run.took().as_secs_f64());
    // Without a fraction and a zone, as the schema wants it.
    let started = opened.wall.get(..19).unwrap_or("1970-01-01T00:00:00");
    let properties = [
        ("run", opened.run.to_string()),
        ("seed", plan.seed.to_string()),
        ("system", plan.system.name.to_string()),
        ("driver", opened.driver.to_string()),
        ("lab", opened.lab.clone()),
        ("exit-code", run.verdict.exit.code().to_string()),
        ("replay", format!("lab {}", plan.replay.join(" "))),
    ];
    let suite = html! {
        testsuites name="Failure Lab" tests=(cases.len()) failures=(count(End::Failed))
            errors=(count(End::Broken)) time=(took) {
            testsuite name=(plan.scenario) id="0" tests=(cases.len()) failures=(count(End::Failed))
                errors=(count(End::Broken)) skipped=(count(End::Undecided)) time=(took)
                timestamp=(started) hostname="localhost" {
                properties { @for (name, value) in &properties {
                    property name=(name) value=(value) {}
                } }
                @for case in &cases { (one(plan.scenario.as_str(), case)) }
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
