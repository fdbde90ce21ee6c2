//! `lab coverage`: what scenarios break, and what none of them does.

use lab_faults::KINDS;
use lab_model::{Exit, Plan};
use lab_report::coverage;
use lab_scenarios::catalog;
use lab_verdict::patterns::PATTERNS;

use crate::arguments::{Choice, Color, Coverage, Driver};
use crate::{scenario, text};

pub(crate) fn run(options: &Coverage, color: Color) -> Exit {
    if !matches!(options.format.as_str(), "terminal" | "json") {
        let message = format!("coverage has no format called `{}`", options.format);
        text::error(&message, "terminal, json");
        return Exit::Usage;
    }
    let references: Vec<String> = if options.scenarios.is_empty() {
        catalog::names().map(str::to_owned).collect()
    } else {
        options.scenarios.clone()
    };
    let planned = references.iter().map(|reference| {
        let choice = Choice {
            scenario: Some(reference.clone()),
            with: vec![],
            seed: None,
            toxiproxy: None,
            driver: Driver::Auto,
            allow: vec![],
            early_stop: None,
            lengths: None,
        };
        scenario::planned(&choice, reference, color).map(|planned| planned.plan)
    });
    let planned: Vec<Result<Plan, Exit>> = planned.collect();
    if planned.iter().any(Result::is_err) {
        return Exit::Usage;
    }
    let plans: Vec<Plan> = planned.into_iter().flatten().collect();
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let patterns: Vec<&str> = PATTERNS.iter().map(|pattern| pattern.name).collect();
    let found = coverage::of(&plans, &kinds, &patterns);
    text::out(&if options.format == "json" {
        coverage::json(&found)
    } else {
        coverage::text(&found, &text::style(color, &std::io::stdout()))
    });
    Exit::Pass
}
