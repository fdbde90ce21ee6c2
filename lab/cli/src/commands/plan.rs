//! `lab plan`: everything decided, nothing touched.

use lab_model::Exit;

use crate::arguments::{Color, Plan};
use crate::commands::run::chosen;
use crate::{scenario, text};

pub(crate) fn run(options: &Plan, color: Color) -> Exit {
    let Some(reference) = chosen(options.choice.scenario.as_deref(), "plan") else {
        return Exit::Usage;
    };
    let planned = match scenario::planned(&options.choice, &reference, color) {
        Ok(planned) => planned,
        Err(exit) => return exit,
    };
    match options.format.as_str() {
        "terminal" => {
            let style = text::style(color, &std::io::stdout());
            text::out(&lab_report::plan::text(&planned.plan, &style));
        }
        "json" => text::out(&lab_report::plan::json(&planned.plan)),
        other => {
            text::error(
                &format!("a plan has no format called `{other}`"),
                "terminal, json",
            );
            return Exit::Usage;
        }
    }
    Exit::Pass
}
