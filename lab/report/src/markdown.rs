//! Markdown: a summary for a pull request or a pipeline's page (`$GITHUB_STEP_SUMMARY`).

use std::fmt::Write;

use crate::judged::{self, Judged};
use crate::registry::Format;
use crate::run::Run;
use crate::sentence;
use crate::style::{Style, Tone};
use crate::terminal::{closing, findings};
use crate::{format, words};
use lab_verdict::outcome::Call;

/// This format.
pub const FORMAT: Format = Format {
    name: "markdown",
    about: "for a pull request or a pipeline's summary page",
    render: |run, _| report(run),
};

/// The report as Markdown.
pub fn report(run: &Run<'_>) -> String {
    let (plan, verdict) = (run.plan(), run.verdict);
    let mut text = String::new();
    let word = words::alone(verdict.call);
    let sign = sign(words::tone(verdict.call));
    let _ = writeln!(
        text,
        "## {sign} {word}: {}\n",
        escaped(plan.scenario.as_str())
    );
    let _ = writeln!(text, "**{}**\n", escaped(&sentence::of(run)));
    if let Some(cause) = &verdict.cause {
        let _ = writeln!(text, "{}\n", escaped(cause));
    }
    let judged = if run.reached() {
        judged::all(run)
    } else {
        Vec::new()
    };
    if !judged.is_empty() {
        text.push_str("| | What | Found | |\n|---|---|---|---|\n");
        for line in &judged {
            row(&mut text, line);
        }
        text.push('\n');
    }
    for failure in &run.tally.life.failures {
        let reason = failure.reason.replace("{lab}", "lab");
        let first = reason.lines().next().unwrap_or_default();
        let _ = writeln!(
            text,
            "- **{} failed**: {}",
            escaped(&failure.part),
            escaped(first)
        );
    }
    for exit in &run.tally.life.exits {
        let (service, status) = (escaped(exit.service.as_str()), escaped(&exit.status));
        let _ = writeln!(
            text,
            "- **{service} ended** after {}: {status}",
            format::elapsed(exit.at)
        );
    }
    for reason in findings::reasons(run) {
        let _ = writeln!(text, "- {} `{}`", escaped(&reason.text), reason.code);
    }
    for missing in &verdict.missing {
        let _ = writeln!(text, "- missing: {}", escaped(missing));
    }
    if run.reached() && !verdict.limits.is_empty() {
        let limits: Vec<String> = verdict.limits.iter().map(|limit| escaped(limit)).collect();
        let _ = writeln!(text, "\nNot shown: {}.", limits.join("; "));
    }
    again(&mut text, run);
    // A list may have followed a blank line already.
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}

fn row(text: &mut String, line: &Judged) {
    let mut found = escaped(&line.found);
    if !line.note.is_empty() {
        if !found.is_empty() {
            found.push_str("<br>");
        }
        found.push_str(&escaped(&line.note));
    }
    let _ = writeln!(
        text,
        "| {} {} | {} | {found} | {} |",
        sign(line.word.tone),
        line.word.text,
        escaped(&line.subject),
        line.strength
    );
}

fn again(text: &mut String, run: &Run<'_>) {
    let plan = run.plan();
    text.push_str("\n```sh\n");
    let command = |arguments: &[String]| {
        let line = Style::PLAIN.clean(&arguments.join(" "));
        format!("lab {}\n", line.replace("```", ""))
    };
    text.push_str(&command(&plan.replay));
    if run.verdict.call == Call::Fail
        && let Some(remedy) = closing::remedy(plan)
    {
        text.push_str("# with what its author would try\n");
        text.push_str(&command(&remedy));
    }
    text.push_str("```\n");
}

/// The sign of a tone.
pub(crate) const fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✅",
        Tone::Bad => "❌",
        Tone::Doubt => "❔",
        Tone::Plain | Tone::Strong | Tone::Quiet => "▫️",
    }
}

/// A text as Markdown shows it, on one line: nothing in it starts a table's cell, a tag or a link.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in Style::PLAIN.clean(text).chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(escaped("a|b <i> `c`\nd"), "a\\|b &lt;i&gt; \\`c\\` d");
    }
}
