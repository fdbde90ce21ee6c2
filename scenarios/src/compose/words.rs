//! Texts of a compose file: commands as lists of words, `${NAME:-default}` replaced.

use lab_diagnostic::Finding;

use crate::code::Code;
use crate::tree::{Node, Report, Value};

/// A text with its variables replaced by their defaults; one without a default is reported, as
/// what the user's shell holds is no part of the file.
pub(super) fn text(node: &Node, report: &Report) -> Option<String> {
    let Some(text) = node.text() else {
        let message = "a text is needed here";
        report.add(Finding::new(Code::WrongType, node.place, message));
        return None;
    };
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            filled.push('$');
            rest = after;
        } else if let Some((inside, after)) = rest
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'))
        {
            let default = inside.split_once(":-").or_else(|| inside.split_once('-'));
            match default {
                Some((_, default)) => filled.push_str(default),
                None => unset(inside, node, report),
            }
            rest = after;
        } else {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            if end == 0 {
                filled.push('$');
            } else {
                unset(&rest[..end], node, report);
            }
            rest = &rest[end..];
        }
    }
    filled.push_str(rest);
    Some(filled)
}

fn unset(name: &str, node: &Node, report: &Report) {
    let message = format!("`{name}` has no default here, and is empty");
    let finding = Finding::new(Code::NotUnderstood, node.place, message);
    report.add(finding.help(format!("write `${{{name}:-value}}`")));
}

/// A command: a list of words, or a text that is split as a shell would.
pub(super) fn command(node: &Node, report: &Report) -> Vec<String> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(|item| text(item, report)).collect(),
        _ => text(node, report).map_or_else(Vec::new, |text| split(&text)),
    }
}

/// Splits at blanks outside of quotes.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut quote, mut open) = (None, false);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => word.extend(letters.next()),
            (letter, Some(mark)) if letter == mark => quote = None,
            ('"' | '\'', None) => {
                quote = Some(letter);
                open = true;
            }
            (letter, None) if letter.is_whitespace() => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            (letter, _) => word.push(letter),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        let check = |text: &str, expected: &[&str]| assert_eq!(split(text), expected);
        check("a b", &["a", "b"]);
        check("  a  'b c' \"d\\\"e\" ''", &["a", "b c", "d\"e", ""]);
        check("a\\ b", &["a b"]);
        check("", &[]);
    }
}
