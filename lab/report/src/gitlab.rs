//! A code quality report for GitLab, shown in merge requests: one issue for everything that did
//! not simply hold. Beside it GitLab reads `junit` as a test report and `prometheus` as a metrics
//! report.

use std::fmt::Write;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cases::{self, Case, End};
use crate::registry::Format;
use crate::run::Run;
use crate::style::Style;

/// This format.
pub const FORMAT: Format = Format {
    name: "gitlab",
    about: "for GitLab's merge requests: a code quality report",
    render: |run, _| report(run),
};

/// The report as JSON.
pub fn report(run: &Run<'_>) -> String {
    let cases = cases::all(run);
    let issues: Vec<Value> = cases.iter().filter_map(|case| issue(run, case)).collect();
    let mut text = serde_json::to_string_pretty(&issues).unwrap_or_default();
    text.push('\n');
    text
}

fn issue(run: &Run<'_>, case: &Case) -> Option<Value> {
    let severity = match case.end {
        End::Passed => return None,
        End::Failed => "critical",
        End::Broken => "blocker",
        End::Undecided => "minor",
    };
    let plan = run.plan();
    let scenario = plan.scenario.as_str();
    let check = format!("lab.{}", case.group);
    // The same finding keeps its fingerprint from run to run, whatever its figures.
    let known = format!("{scenario}\n{check}\n{}", case.name);
    let clean = |text: &str| Style::PLAIN.clean(text);
    Some(json!({
        "description": clean(&format!("{scenario}: {}: {}", case.name, case.message)),
        "check_name": check,
        "fingerprint": hex(&Sha256::digest(known)),
        "severity": severity,
        "location": { "path": plan.replay.get(1).map_or(scenario, String::as_str), "lines": { "begin": 1 } },
    }))
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
