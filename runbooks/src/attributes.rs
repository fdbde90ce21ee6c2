//! The line of a fence: its language, and its attributes with their places.
//!
//! Attributes are one flat JSON object. As the common runner (runme v3) does, reading stops at the
//! first `}`, values that are no texts are taken as they are written, and the older form
//! `{ name=value }` is read too.

use std::collections::HashSet;

use crate::code::Code;
use lab_diagnostic::{Finding, Findings, Place, Source};

/// A text of the file that may have been written with escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) place: Place,
}

impl Word {
    /// The parts of a list separated by commas or spaces, empty ones left out.
    pub(crate) fn list(&self, source: &Source) -> Vec<Self> {
        // With escapes the parts cannot be located one by one.
        let exact = source.slice(self.place) == self.text;
        let parts = self
            .text
            .split([',', ' ', '\t'])
            .filter(|part| !part.is_empty());
        let base = self.text.as_ptr() as usize;
        let located = |part: &str| {
            let start = self.place.start + (part.as_ptr() as usize - base);
            let place = if exact {
                Place::new(start, start + part.len())
            } else {
                self.place
            };
            Self {
                text: part.to_owned(),
                place,
            }
        };
        parts.map(located).collect()
    }
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) key: Word,
    pub(crate) value: Word,
}

/// What the line of a fence says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Info {
    /// The language, in lower case.
    pub(crate) language: Option<String>,
    pub(crate) attributes: Vec<Attribute>,
    /// Whether there is something that could not be read.
    pub(crate) broken: bool,
}

/// Why attributes cannot be read, and where.
struct Mistake {
    nested: bool,
    at: usize,
    message: String,
}

fn mistake<T>(at: usize, message: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake {
        nested: false,
        at,
        message: message.into(),
    })
}

/// Reads what follows an opening fence.
pub(crate) fn read(source: &Source, place: Place, findings: &mut Findings) -> Info {
    let info = source.slice(place);
    let end = info
        .find(|c: char| c.is_whitespace() || c == '{')
        .unwrap_or(info.len());
    let (language, rest) = info.split_at(end);
    let mut read = Info {
        language: (!language.is_empty()).then(|| language.to_lowercase()),
        ..Info::default()
    };
    let base = place.start + end;
    let (attributes, outcome) = object(rest);
    let mut seen = HashSet::new();
    // What is not for the lab is no error, whatever it is.
    let ours = info.contains("lab.");
    for (key, value) in attributes {
        let bind = |(text, from, to): Part| Word {
            text,
            place: Place::new(base + from, base + to),
        };
        let (key, value) = (bind(key), bind(value));
        if seen.insert(key.text.clone()) {
            read.attributes.push(Attribute { key, value });
        } else {
            let message = format!("`{}` stands twice", key.text);
            let code = if ours {
                Code::DuplicateAttribute
            } else {
                Code::ForeignAttributes
            };
            findings.add(Finding::new(code, key.place, message));
        }
    }
    if let Err(Mistake {
        nested,
        at,
        message,
    }) = outcome
    {
        read.broken = true;
        let code = match (ours, nested) {
            (false, _) => Code::ForeignAttributes,
            (true, true) => Code::NestedAttributes,
            (true, false) => Code::BadAttributes,
        };
        let at = base + at.min(rest.len());
        let finding = Finding::new(code, Place::new(at, place.end), message);
        findings.add(if ours {
            finding.help("attributes are one flat object: {\"name\":\"a\",\"lab.kind\":\"step\"}")
        } else {
            finding
        });
    }
    read
}

/// A text, and from where to where it stands.
type Part = (String, usize, usize);

/// The attributes in what follows the language. Those before a mistake are returned with it.
fn object(rest: &str) -> (Vec<(Part, Part)>, Result<(), Mistake>) {
    let mut read = Vec::new();
    let outcome = (|| {
        let Some(open) = rest.find('{') else {
            return match rest.find("lab.") {
                Some(at) => mistake(at, "attributes stand in braces"),
                None => Ok(()),
            };
        };
        if let Some(at) = rest[..open].find("lab.") {
            return mistake(at, "attributes stand in braces");
        }
        let Some(length) = rest[open..].find('}') else {
            return mistake(
                open,
                "the attributes have no end: `}` is missing on this line",
            );
        };
        let close = open + length;
        let inner = &rest[open + 1..close];
        let written = inner.trim_start();
        if written.starts_with('"') {
            json(rest, open + 1, close, &mut read)?;
        } else if !written.is_empty() {
            pairs(inner, open + 1, &mut read)?;
        }
        match rest[close + 1..].trim() {
            "" => Ok(()),
            _ => mistake(
                close + 1,
                "the attributes end at the first `}`, and more follows it",
            ),
        }
    })();
    (read, outcome)
}

/// The older form: `name=value other="value"`.
fn pairs(inner: &str, base: usize, read: &mut Vec<(Part, Part)>) -> Result<(), Mistake> {
    let origin = inner.as_ptr() as usize;
    for item in inner.split_whitespace() {
        let at = base + (item.as_ptr() as usize - origin);
        let plain = |key: &str| {
            key.starts_with(|c: char| c.is_ascii_alphabetic())
                && key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        match item.split_once('=') {
            Some((key, value)) if plain(key) => {
                let start = at + key.len() + 1;
                let bare = value.trim_matches(['"', '\'']);
                let from = start + (bare.as_ptr() as usize - value.as_ptr() as usize);
                read.push((
                    (key.to_owned(), at, at + key.len()),
                    (bare.to_owned(), from, from + bare.len()),
                ));
            }
            _ => {
                return mistake(
                    at,
                    format!("`{item}` is no attribute: neither JSON nor `name=value`"),
                );
            }
        }
    }
    Ok(())
}

/// A flat JSON object from behind its brace at `at` up to the first `}` at `close`.
fn json(
    text: &str,
    mut at: usize,
    close: usize,
    read: &mut Vec<(Part, Part)>,
) -> Result<(), Mistake> {
    let skip = |at: usize| at + (text[at..close].len() - text[at..close].trim_start().len());
    let next = |at: usize| text[at..close].chars().next();
    loop {
        at = skip(at);
        let key = quoted(text, at, close)?;
        at = skip(key.2 + 1);
        if next(at) != Some(':') {
            return mistake(at, format!("`:` and a value are missing after `{}`", key.0));
        }
        at = skip(at + 1);
        let value = match next(at) {
            Some('"') => {
                let value = quoted(text, at, close)?;
                at = skip(value.2 + 1);
                value
            }
            Some('{' | '[') => {
                let message = format!("the value of `{}` is nested", key.0);
                return Err(Mistake {
                    nested: true,
                    at,
                    message,
                });
            }
            _ => {
                let value = bare(text, at, close, &key.0)?;
                at = skip(value.2);
                value
            }
        };
        read.push((key, value));
        match next(at) {
            None => return Ok(()),
            Some(',') => at += 1,
            Some(_) => return mistake(at, "`,` is missing between two attributes"),
        }
    }
}

/// A number, `true`, `false` or `null`, taken as it is written.
fn bare(text: &str, at: usize, close: usize, key: &str) -> Result<Part, Mistake> {
    let value = text[at..close]
        .split(',')
        .next()
        .unwrap_or_default()
        .trim_end();
    match serde_json::from_str::<serde_json::Value>(value) {
        Ok(_) => Ok((value.to_owned(), at, at + value.len())),
        Err(_) => mistake(at, format!("the value of `{key}` is no text in quotes")),
    }
}

/// A text in quotes that opens at `at`; its place is what stands between the quotes.
fn quoted(text: &str, at: usize, close: usize) -> Result<Part, Mistake> {
    if !text[at..close].starts_with('"') {
        return mistake(at, "a name in double quotes is missing");
    }
    let mut escaped = false;
    let end = text[at + 1..close].char_indices().find_map(|(offset, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at + 1 + offset)
    });
    let Some(end) = end else {
        return mistake(
            close,
            "attributes end at the first `}`, which stands inside a value here",
        );
    };
    match serde_json::from_str(&text[at..=end]) {
        Ok(value) => Ok((value, at + 1, end)),
        Err(_) => mistake(at, "an escape in this text is not one of JSON"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// The attributes as `key=value`, and the code of what is wrong.
    fn check(info: &str, language: &str, attributes: &[&str], code: &str) {
        let source = Arc::new(Source::new("a.md", info.into()).unwrap());
        let mut findings = Findings::default();
        let read = read(&source, Place::new(0, info.len()), &mut findings);
        assert_eq!(read.language.unwrap_or_default(), language, "{info}");
        let shown = |a: &Attribute| format!("{}={}", a.key.text, a.value.text);
        let found: Vec<_> = read.attributes.iter().map(shown).collect();
        assert_eq!(found, attributes, "{info}");
        for attribute in &read.attributes {
            assert_eq!(source.slice(attribute.key.place), attribute.key.text);
        }
        let found = findings.into_diagnostics(&source);
        let found: Vec<_> = found.iter().map(|one| one.code().as_str()).collect();
        let expected: Vec<_> = code.split_whitespace().collect();
        assert_eq!(found, expected, "{info}");
    }

    #[test]
    fn attributes_are_flat_json() {
        check("bash", "bash", &[], "");
        check(
            "Bash {\"name\":\"a\", \"lab.kind\" : \"step\"}",
            "bash",
            &["name=a", "lab.kind=step"],
            "",
        );
        check(
            "sh{\"interactive\":false,\"n\":2}",
            "sh",
            &["interactive=false", "n=2"],
            "",
        );
        check("{\"name\":\"a\"}", "", &["name=a"], "");
        check(r#"sh {"a":"say \"x\" é"}"#, "sh", &["a=say \"x\" é"], "");
        check(
            "sh { name=a interactive=\"false\" }",
            "sh",
            &["name=a", "interactive=false"],
            "",
        );
        check("sh {}", "sh", &[], "");
        check("js title=\"x\"", "js", &[], "");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        check("js {1,3-5}", "js", &[], "runbook::foreign-attributes");
        check("{.bash #id}", "", &[], "runbook::foreign-attributes");
        check(
            "sh {\"name\":\"a\"",
            "sh",
            &[],
            "runbook::foreign-attributes",
        );
        check(
            "sh {\"lab.kind\":\"step\"",
            "sh",
            &[],
            "runbook::bad-attributes",
        );
        check(
            "sh {\"name\":\"a\" \"lab.kind\":\"step\"}",
            "sh",
            &["name=a"],
            "runbook::bad-attributes",
        );
        check(
            "sh {\"name\":\"${X}\",\"lab.kind\":\"step\"}",
            "sh",
            &[],
            "runbook::bad-attributes",
        );
        check(
            "sh {\"lab.needs\":[\"a\"]}",
            "sh",
            &[],
            "runbook::nested-attributes",
        );
        check(
            "sh {\"lab.kind\":{\"a\":\"b\"}}",
            "sh",
            &[],
            "runbook::nested-attributes",
        );
        check(
            "sh {\"name\":\"a\",}",
            "sh",
            &["name=a"],
            "runbook::foreign-attributes",
        );
        check(
            "sh {\"a\":\"1\",\"a\":\"2\"}",
            "sh",
            &["a=1"],
            "runbook::foreign-attributes",
        );
        check("sh lab.kind=step", "sh", &[], "runbook::bad-attributes");
        check(
            "sh {\"name\":\"a\"} {\"lab.kind\":\"step\"}",
            "sh",
            &["name=a"],
            "runbook::bad-attributes",
        );
        check(
            r#"sh {"lab.due":"\q"}"#,
            "sh",
            &[],
            "runbook::bad-attributes",
        );
    }

    #[test]
    fn what_stands_twice_counts_once() {
        let twice = "sh {\"lab.due\":\"1s\",\"lab.due\":\"2s\"}";
        check(twice, "sh", &["lab.due=1s"], "runbook::duplicate-attribute");
    }

    #[test]
    fn lists_are_located() {
        let source = Source::new("a", "x: one, two".into()).unwrap();
        let word = Word {
            text: "one, two".into(),
            place: Place::new(3, 11),
        };
        let found: Vec<_> = word
            .list(&source)
            .into_iter()
            .map(|word| word.place)
            .collect();
        assert_eq!(found, [Place::new(3, 6), Place::new(8, 11)]);
    }
}
