//! `lab check`: all mistakes of scenario files at once.

use lab_model::Exit;
use lab_model::container::Runtime;
use lab_scenarios::{Diagnostic, Overrides, catalog};

use crate::arguments::{Check, Color};
use crate::scenario::{Trouble, plan};
use crate::{diagnostics, text};

pub(crate) fn run(options: &Check, color: Color) -> Exit {
    let Some(sarif) = diagnostics::is_sarif(&options.format) else {
        return Exit::Usage;
    };
    let references: Vec<String> = if options.scenarios.is_empty() {
        catalog::names().map(str::to_owned).collect()
    } else {
        options.scenarios.clone()
    };
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut unreadable = 0;
    let mut contained = 0;
    for reference in &references {
        match plan(reference, Overrides::default()) {
            Ok(planned) => {
                contained += usize::from(planned.runtime == Runtime::Containers);
                found.extend(planned.warnings);
            }
            Err(Trouble::Diagnostics(diagnostics)) => found.extend(diagnostics),
            Err(Trouble::Unreadable(reason)) => {
                unreadable += 1;
                text::error(&reason, "");
            }
        }
    }
    if sarif {
        text::out(&diagnostics::sarif(&found));
        let broken = unreadable > 0 || found.iter().any(Diagnostic::is_error);
        return if broken { Exit::Usage } else { Exit::Pass };
    }
    text::out(&diagnostics::render(&found, color, &std::io::stdout()));
    if !found.is_empty() {
        text::out(&format!("{}\n", diagnostics::summary(&found)));
    }
    if unreadable > 0 || found.iter().any(Diagnostic::is_error) {
        return Exit::Usage;
    }
    let count = references.len();
    let needs = match contained {
        0 => String::new(),
        _ => format!(", {contained} of them in containers only"),
    };
    text::out(&format!("{count} of {count} scenarios can be run{needs}\n"));
    Exit::Pass
}
