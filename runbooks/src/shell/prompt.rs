//! Scripts written as a session: lines with a `$ ` prompt, and what the commands printed.

use crate::text::Text;

/// The commands of a session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// The prompted lines without prompts, with the lines that continue them.
    pub(crate) commands: Text,
    /// Where the first prompt stands in the text.
    pub(crate) first: usize,
    /// How many lines are taken for output.
    pub(crate) output: usize,
    /// Where a prompted line opens a here-document.
    pub(crate) unfinished: Option<(usize, usize)>,
}

/// The commands of a text in which at least one line has a prompt.
pub(crate) fn session(text: &Text) -> Option<Session> {
    let mut session = Session {
        commands: Text::default(),
        first: 0,
        output: 0,
        unfinished: None,
    };
    let mut found = false;
    let mut continued = false;
    for (at, line) in text.lines() {
        let command = prompted(line).or_else(|| {
            // The second prompt of a shell stands before what continues a command.
            continued.then(|| line.trim_start().strip_prefix("> ").unwrap_or(line))
        });
        let Some(command) = command else {
            session.output += usize::from(!line.trim().is_empty());
            continue;
        };
        let start = at + (line.len() - command.len());
        let end = at + line.len();
        if !found {
            (found, session.first) = (true, at + (line.len() - line.trim_start().len()));
        }
        session.commands.push_part(text, start, end);
        session.commands.push("\n", text.place(end, end));
        continued = command.trim_end().ends_with('\\');
        if opens_document(command) && session.unfinished.is_none() {
            session.unfinished = Some((start, end));
        }
    }
    found.then_some(session)
}

fn prompted(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("$ ").or((line == "$").then_some(""))
}

/// Whether a command has a here-document: `<<` followed by a word, and not `<<<`.
fn opens_document(command: &str) -> bool {
    let mut rest = command;
    while let Some(at) = rest.find("<<") {
        let after = &rest[at + 2..];
        if let Some(third) = after.strip_prefix('<') {
            rest = third;
            continue;
        }
        let word = after.trim_start_matches(['-', ' ']);
        if word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '\'' | '"' | '\\')) {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use lab_diagnostic::Place;

    fn check(text: &str, expected: Option<(&str, usize)>) {
        let mut whole = Text::default();
        whole.push(text, Place::new(0, text.len()));
        let found = session(&whole);
        let found = found
            .as_ref()
            .map(|one| (one.commands.as_str(), one.output));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn prompted_lines_are_the_commands() {
        check("$ ls\na b\n", Some(("ls\n", 1)));
        check("  $ ls\n\n  $ pwd\n/x\n", Some(("ls\npwd\n", 1)));
        check("$ a \\\n  b\nout\n", Some(("a \\\n  b\n", 1)));
        check("$ a \\\n> b\n", Some(("a \\\nb\n", 0)));
        check("$HOME/x\necho $ a\n", None);
        check("", None);
    }

    #[test]
    fn here_documents_are_seen() {
        assert!(opens_document("cat <<EOF"));
        assert!(opens_document("cat <<-'EOF' > x"));
        assert!(!opens_document("cat <<< text"));
        assert!(!opens_document("echo $((1 << 2))"));
        assert!(!opens_document("sort < in"));
    }
}
