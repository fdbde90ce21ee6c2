//! Front matter: where it ends, its tree, and the `lab` section as types.

mod header;
mod section;
mod toml;
mod tree;
mod yaml;

pub(crate) use header::is_variable;
pub use header::{Budget, Equivalent, Header, Variable, target};

use crate::code::Code;
use lab_diagnostic::{Finding, Findings, Place, Source};

use tree::Node;

/// What the front matter says, and where what follows it begins.
pub(crate) struct Front {
    pub(crate) header: Option<Header>,
    /// Whether there is a `lab` section, be it right or wrong.
    pub(crate) is_ours: bool,
    pub(crate) body: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Language {
    /// Also JSON, which is a part of it.
    Yaml,
    Toml,
}

/// Reads the front matter, where there is any.
pub(crate) fn read(source: &Source, findings: &mut Findings) -> Front {
    let mut front = Front {
        header: None,
        is_ours: false,
        body: 0,
    };
    let Some((language, place, body)) = split(source.text()) else {
        return front;
    };
    front.body = body;
    let text = source.slice(place);
    let mut twice = Vec::new();
    let tree = match language {
        Language::Yaml => yaml::read(text, place.start, &mut twice),
        Language::Toml => toml::read(text, place.start),
    };
    match tree {
        Ok(tree) => {
            if let Some((key, section)) = tree.as_ref().and_then(|tree| tree.entry("lab")) {
                front.is_ours = true;
                // What stands twice in the section of another tool is that tool's.
                let (from, to) = (section.place.start, section.place.end);
                twice.retain(|key| key.text == "lab" || (from..to).contains(&key.place.start));
                for key in twice {
                    let message = format!("`{}` stands here twice", key.text);
                    findings.add(Finding::new(Code::DuplicateKey, key.place, message));
                }
                front.header = header::resolve(key, section, findings);
            }
        }
        Err((at, message)) => {
            front.is_ours = mentions_lab(text);
            let code = if front.is_ours {
                Code::FrontMatter
            } else {
                Code::ForeignFrontMatter
            };
            let at = at.clamp(place.start, place.end);
            findings.add(Finding::new(code, Place::new(at, place.end), message));
        }
    }
    front
}

/// Whether a line of unreadable front matter begins our section.
fn mentions_lab(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches([' ', '{', '[', '"', '\'', ',']);
        line.strip_prefix("lab").is_some_and(|rest| {
            rest.is_empty() || rest.starts_with([':', '"', '\'', ']', '.', ' ', '='])
        })
    })
}

/// The language of the front matter, its place, and where what follows it begins.
fn split(text: &str) -> Option<(Language, Place, usize)> {
    if text.starts_with('{') {
        let end = object_end(text)?;
        let line = text[end..]
            .find('\n')
            .map_or(text.len(), |feed| end + feed + 1);
        return text[end..line].trim().is_empty().then_some((
            Language::Yaml,
            Place::new(0, end),
            line,
        ));
    }
    let first = text.split_inclusive('\n').next()?;
    let (language, ends): (_, &[&str]) = match first.trim_end() {
        "---" => (Language::Yaml, &["---", "..."]),
        "+++" => (Language::Toml, &["+++"]),
        _ => return None,
    };
    let mut at = first.len();
    for line in text[at..].split_inclusive('\n') {
        if ends.contains(&line.trim_end()) {
            return Some((language, Place::new(first.len(), at), at + line.len()));
        }
        at += line.len();
    }
    // A thematic break that begins a file without front matter.
    None
}

/// Where the object that begins a text ends.
fn object_end(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// A tree, nothing where there are only comments, or where and why there is none.
type Read = Result<Option<Node>, (usize, String)>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_is_split_off() {
        let check = |text: &str, expected: Option<(Language, &str, &str)>| {
            let found = split(text);
            let found =
                found.map(|(l, place, body)| (l, &text[place.start..place.end], &text[body..]));
            assert_eq!(found, expected, "{text}");
        };
        check("---\na: 1\n---\nx", Some((Language::Yaml, "a: 1\n", "x")));
        check(
            "---\r\na: 1\r\n...\r\nx",
            Some((Language::Yaml, "a: 1\r\n", "x")),
        );
        check("---\n---\n", Some((Language::Yaml, "", "")));
        check("+++\na = 1\n+++\n", Some((Language::Toml, "a = 1\n", "")));
        check(
            "{\"a\":\"}\"}\nx",
            Some((Language::Yaml, "{\"a\":\"}\"}", "x")),
        );
        check("---\n# Title\n", None);
        check(
            "{{ include }}\n",
            Some((Language::Yaml, "{{ include }}", "")),
        );
        check("{a} text\n", None);
        check("{\n", None);
        check("# Title\n---\n", None);
    }
}
