//! `lab explain`: a diagnostic's code, or a kind of fault.

use lab_faults::{KINDS, find};
use lab_model::Exit;
use lab_scenarios::Code;

use crate::arguments::Explain;
use crate::text;

pub(crate) fn run(options: &Explain) -> Exit {
    match (options.topic.as_str(), &options.kind) {
        ("fault" | "faults", None) => {
            let width = KINDS.iter().map(|kind| kind.name.len()).max().unwrap_or(0);
            for kind in KINDS {
                let about = kind.explain().about;
                let first = about.split(". ").next().unwrap_or_default().replace('\n', " ");
                text::out(&format!("{:width$}  {}\n", kind.name, first.trim_end_matches('.')));
            }
            Exit::Pass
        }
        ("fault" | "faults", Some(name)) => match find(name) {
            Some(kind) => {
                text::out(&kind.explain().to_string());
                Exit::Pass
            }
            None => {
                let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
                text::error(&format!("no kind of fault is called `{name}`"), &names.join(", "));
                Exit::Usage
            }
        },
        (code, _) => match Code::find(code) {
            Some(found) => {
                text::out(&format!("{}[{found}]\n\n{}\n", found.severity(), found.explanation()));
                Exit::Pass
            }
            None => {
                let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
                text::error(&format!("no diagnostic has the code `{code}`"), &codes.join(", "));
                Exit::Usage
            }
        },
    }
}
