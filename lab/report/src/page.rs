//! A page being written: lines that are wrapped, aligned and painted in one style.

use crate::line::{Line, width};
use crate::style::{Style, Tone};

/// Collects lines. Whatever is written fits the style's width; only paths stay whole.
pub(crate) struct Page {
    style: Style,
    text: String,
}

impl Page {
    /// An empty page.
    pub(crate) const fn new(style: Style) -> Self {
        Self {
            style,
            text: String::new(),
        }
    }

    /// How the page looks.
    pub(crate) const fn style(&self) -> Style {
        self.style
    }

    /// An empty line; never two in a row, and none at the top.
    pub(crate) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line, continued two columns further in where it is too long.
    pub(crate) fn line(&mut self, indent: usize, line: &Line) {
        let inner = self.inner(indent + 2);
        self.hang(spaces(indent), inner, line);
    }

    /// A label and what belongs to it, continued under itself where it is too long:
    ///
    /// ```text
    /// Because orders waits for payments without a deadline: every checkout met
    ///         its client's 1.5 s limit.
    /// ```
    ///
    /// `hanging` is the label's room, from the indentation on; a label that is as long stands above.
    pub(crate) fn labelled(&mut self, indent: usize, label: &Line, hanging: usize, body: &Line) {
        let inner = self.inner(indent + hanging);
        let label = spaces(indent).join(label.clean(&self.style));
        // One that fills the room would touch the words.
        let is_long = label.width() >= inner;
        let label = label.padded(inner);
        if is_long {
            let columns = self.style.columns();
            for part in label.wrapped(columns, columns) {
                self.put(&part);
            }
            self.hang(spaces(inner), inner, body);
        } else {
            self.hang(label, inner, body);
        }
    }

    /// An indentation that leaves at least half of the page for the words.
    fn inner(&self, wanted: usize) -> usize {
        wanted.min(self.style.columns() / 2)
    }

    /// A body behind its lead, continued at column `inner`.
    fn hang(&mut self, lead: Line, inner: usize, body: &Line) {
        let columns = self.style.columns();
        let room = columns.saturating_sub(lead.width());
        let mut lead = Some(lead);
        for part in body.clean(&self.style).wrapped(room, columns - inner) {
            let lead = lead.take().unwrap_or_else(|| spaces(inner));
            self.put(&lead.join(part));
        }
    }

    /// A label and a command of the program: broken with a backslash, so that it can be copied.
    pub(crate) fn command(&mut self, label: &str, hanging: usize, arguments: &[String]) {
        let mut lines = vec![String::from("lab")];
        let room = self.style.columns().saturating_sub(hanging + 2);
        for word in words(arguments) {
            match lines.last_mut() {
                Some(line) if width(line) + 1 + width(&word) <= room => {
                    line.push(' ');
                    line.push_str(&word);
                }
                _ => lines.push(format!("  {word}")),
            }
        }
        let last = lines.len() - 1;
        let mut label = Line::of(Tone::Quiet, label).padded(hanging);
        for (index, mut line) in lines.into_iter().enumerate() {
            if index < last {
                line.push_str(" \\");
            }
            self.put(&label.join(Line::plain(line).clean(&self.style)));
            label = Line::plain(" ".repeat(hanging));
        }
    }

    /// A line that is never broken: a path.
    pub(crate) fn whole(&mut self, line: &Line) {
        let line = line.clean(&self.style);
        self.put(&line);
    }

    /// A line that was laid out already.
    pub(crate) fn put(&mut self, line: &Line) {
        self.text.push_str(&line.painted(&self.style));
        self.text.push('\n');
    }

    /// What was written.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

fn spaces(columns: usize) -> Line {
    Line::plain(" ".repeat(columns))
}

/// Arguments as a shell reads them, an option together with its value.
fn words(arguments: &[String]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for argument in arguments {
        let word = quoted(argument);
        match words.last_mut() {
            Some(last) if last.starts_with("--") && !last.contains([' ', '=']) => {
                last.push(' ');
                last.push_str(&word);
            }
            _ => words.push(word),
        }
    }
    words
}

/// An argument as a POSIX shell reads it back.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: usize, write: impl FnOnce(&mut Page), expected: &str) {
        let mut page = Page::new(Style {
            width: columns,
            ..Style::PLAIN
        });
        write(&mut page);
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn a_body_hangs_under_itself() {
        check(
            24,
            |page| {
                let label = Line::plain("Because");
                page.labelled(0, &label, 9, &Line::plain("orders waits for payments"));
            },
            "Because  orders waits\n         for payments\n",
        );
        check(
            24,
            |page| {
                let label = Line::plain("a label that is long");
                page.labelled(2, &label, 6, &Line::plain("and its words"));
            },
            "  a label that is long\n        and its words\n",
        );
    }

    #[test]
    fn blank_lines_stay_single() {
        check(
            40,
            |page| {
                page.blank();
                page.line(0, &Line::plain("a"));
                page.blank();
                page.blank();
                page.line(0, &Line::plain("b"));
            },
            "a\n\nb\n",
        );
    }

    #[test]
    fn commands_can_be_copied() {
        let arguments = ["run", "slow-payments", "--with", "a=it's 1"].map(str::to_owned);
        check(
            80,
            |page| page.command("Again", 7, &arguments),
            "Again  lab run slow-payments --with 'a=it'\\''s 1'\n",
        );
        check(
            32,
            |page| page.command("Again", 7, &arguments),
            "Again  lab run slow-payments \\\n         --with 'a=it'\\''s 1'\n",
        );
    }
}
