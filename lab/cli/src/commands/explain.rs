//! `lab explain`: a diagnostic's code, or a kind of fault.

use lab_faults::{KINDS, find};
use lab_model::Exit;
use lab_scenarios::Code;

use crate::arguments::Explain;
use crate::text;

pub(crate) fn run(options: &Explain) -> Exit {
    match (options.topic.as_str(), &options.kind) {
        ("fault" | "faults", None) => kinds(),
        ("fault" | "faults", Some(name)) => kind(name),
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

/// A code of a scenario or of a runbook.
fn code(wanted: &str) -> Exit {
    let found = Code::find(wanted)
        .map(|code| (code.severity().to_string(), code.explanation()))
        .or_else(|| {
            let code = lab_runbooks::Code::find(wanted)?;
            Some((code.severity().to_string(), code.explanation()))
        });
    let Some((severity, explanation)) = found else {
        let codes = Code::ALL.iter().map(|code| code.as_str());
        let codes: Vec<&str> = codes
            .chain(lab_runbooks::Code::ALL.iter().map(|code| code.as_str()))
            .collect();
        text::error(
            &format!("no diagnostic has the code `{wanted}`"),
            &codes.join(", "),
        );
        return Exit::Usage;
    };
    text::out(&format!("{severity}[{wanted}]\n\n{explanation}\n"));
    Exit::Pass
}
