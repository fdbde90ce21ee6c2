//! Annotations of a GitHub workflow: one command a line, for what did not simply hold.

use std::fmt::Write;

use crate::cases::{self, End};
use crate::registry::Format;
use crate::run::Run;
use crate::sentence;
use crate::style::Style;
use crate::words;

/// This format.
pub const FORMAT: Format = Format {
    name: "github",
    about: "for a GitHub workflow's log: annotations",
    render: |run, _| report(run),
};

/// The annotations; the last line is a notice with the verdict.
pub fn report(run: &Run<'_>) -> String {
    let mut text = String::new();
    let scenario = run.plan().scenario.as_str();
    for case in cases::all(run) {
        let level = match case.end {
            End::Passed => continue,
            End::Failed | End::Broken => "error",
            End::Undecided => "warning",
        };
        let title = property(&format!("{scenario}: {}", case.name));
        let message = data(&if case.detail.is_empty() || case.detail == case.message {
            case.message
        } else {
            format!("{}\n{}", case.message, case.detail)
        });
        let _ = writeln!(text, "::{level} title={title}::{message}");
    }
    let title = property(&format!("{scenario}: {}", words::alone(run.verdict.call)));
    let _ = writeln!(text, "::notice title={title}::{}", data(&sentence::of(run)));
    text
}

/// The text of a command, with the escapes of the workflow commands.
fn data(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| Style::PLAIN.clean(line).replace('%', "%25"))
        .collect();
    lines.join("%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
