//! `lab explain`: a diagnostic's code, a kind of fault, a kind of objective, or a resilience
//! pattern.

use lab_diagnostic::Code;
use lab_faults::{KINDS, find};
use lab_model::Exit;
use lab_scenarios::explain::objectives;
use lab_verdict::patterns::{self, PATTERNS};

use crate::arguments::Explain;
use crate::diagnostics::codes;
use crate::text;

pub(crate) fn run(options: &Explain) -> Exit {
    match (options.topic.as_str(), &options.kind) {
        ("fault" | "faults", None) => kinds(),
        ("fault" | "faults", Some(name)) => kind(name),
        ("objective" | "objectives", None) => all_objectives(),
        ("objective" | "objectives", Some(name)) => objective(name),
        ("pattern" | "patterns", None) => all_patterns(),
        ("pattern" | "patterns", Some(name)) => pattern(name),
        (text, _) => code(text),
    }
}

fn kinds() -> Exit {
    let width = KINDS.iter().map(|kind| kind.name.len()).max().unwrap_or(0);
    for kind in KINDS {
        let about = kind.explain().about;
        let first = about
            .split(". ")
            .next()
            .unwrap_or_default()
            .replace('\n', " ");
        text::out(&format!(
            "{:width$}  {}\n",
            kind.name,
            first.trim_end_matches('.')
        ));
    }
    Exit::Pass
}

fn kind(name: &str) -> Exit {
    let Some(kind) = find(name) else {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        text::error(
            &format!("no kind of fault is called `{name}`"),
            &names.join(", "),
        );
        return Exit::Usage;
    };
    text::out(&kind.explain().to_string());
    Exit::Pass
}

fn all_objectives() -> Exit {
    let kinds = objectives();
    let width = kinds.iter().map(|kind| kind.name.len()).max().unwrap_or(0);
    for kind in &kinds {
        let first = kind.about.split(". ").next().unwrap_or_default();
        let first = first.trim_end_matches('.');
        text::out(&format!("{:width$}  {first}\n", kind.name));
    }
    Exit::Pass
}

fn objective(name: &str) -> Exit {
    let kinds = objectives();
    let Some(kind) = kinds.iter().find(|kind| kind.name == name) else {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        text::error(
            &format!("no kind of objective is called `{name}`"),
            &names.join(", "),
        );
        return Exit::Usage;
    };
    text::out(&format!("{name}\n\n{}\n\n", kind.about));
    let width = kind
        .keys
        .iter()
        .map(|key| key.name.len())
        .max()
        .unwrap_or(0);
    for key in &kind.keys {
        let needed = if key.needed { "needed" } else { "      " };
        text::out(&format!("  {:width$}  {needed}  {}\n", key.name, key.about));
    }
    Exit::Pass
}

fn all_patterns() -> Exit {
    let names = PATTERNS.iter().map(|pattern| pattern.name.len());
    let width = names.max().unwrap_or(0);
    for pattern in PATTERNS {
        let about = pattern.explain().about;
        let first = about.split(". ").next().unwrap_or_default();
        let first = first.trim_end_matches('.');
        text::out(&format!("{:width$}  {first}\n", pattern.name));
    }
    Exit::Pass
}

fn pattern(name: &str) -> Exit {
    let Some(pattern) = patterns::find(name) else {
        let names: Vec<&str> = PATTERNS.iter().map(|pattern| pattern.name).collect();
        text::error(&format!("no pattern is called `{name}`"), &names.join(", "));
        return Exit::Usage;
    };
    text::out(&pattern.explain().to_string());
    Exit::Pass
}

/// A diagnostic's code.
fn code(wanted: &str) -> Exit {
    let Some(code) = codes().find(|code| code.as_str() == wanted) else {
        let known: Vec<&str> = codes().map(Code::as_str).collect();
        text::error(
            &format!("no diagnostic has the code `{wanted}`"),
            &known.join(", "),
        );
        return Exit::Usage;
    };
    let (severity, explanation) = (code.severity(), code.explanation());
    text::out(&format!("{severity}[{wanted}]\n\n{explanation}\n"));
    Exit::Pass
}
