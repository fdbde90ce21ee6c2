//! YAML's events to a tree, with limits that no file can talk its way around.

use std::collections::HashMap;
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, options};

use super::{Node, Report, Value};
use crate::code::Code;
use lab_diagnostic::{FileCode, Finding, Place};

/// The most values a file may hold, counting what aliases repeat. A scenario has about a
/// hundred, a large system a thousand.
const MOST_VALUES: usize = 10_000;
/// How deep lists and mappings may be nested.
const DEEPEST: usize = 32;

/// A list or mapping whose end has not come yet.
struct Open {
    place: Place,
    anchor: usize,
    children: Vec<Node>,
    is_map: bool,
}

struct Builder<'a> {
    report: &'a Report,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    values: usize,
}

/// Reads a text. An error means that there is no tree; lesser findings go to the report.
pub(super) fn build(text: &str, report: &Report) -> Result<Node, Finding> {
    let options = options! {
        emit_comments: false,
        // Deeper than our own limit, so that ours speaks first.
        flow_nesting_limit: DEEPEST * 2,
        block_nesting_limit: DEEPEST * 2,
    };
    let mut builder = Builder {
        report,
        open: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        values: 0,
    };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| syntax(text, &error))?;
        builder.take(event, place_of(&span))?;
    }
    builder.root.ok_or_else(|| {
        refuse(
            FileCode::Empty,
            Place::START,
            "the file holds only comments",
        )
    })
}

fn refuse(
    code: impl Into<lab_diagnostic::Code>,
    place: Place,
    message: impl Into<String>,
) -> Finding {
    Finding::new(code, place, message)
}

fn place_of(span: &Span) -> Place {
    let range = span.byte_range().unwrap_or_default();
    Place {
        start: range.start,
        end: range.end,
    }
}

fn syntax(text: &str, error: &ScanError) -> Finding {
    let start = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let next = text.get(start..).and_then(|rest| rest.chars().next());
    let place = Place {
        start,
        end: start + next.map_or(0, char::len_utf8),
    };
    let message = format!("not YAML from here on: {}", error.info());
    Finding::new(Code::Syntax, place, message).help(
        "check the indentation (spaces, no tabs), quotes and brackets of this line and the one above",
    )
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Finding> {
        if event.tag().is_some() {
            return Err(refuse(
                Code::Unsupported,
                place,
                "tags have no meaning here",
            ));
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar {
                    text: text.into(),
                    plain: style == ScalarStyle::Plain,
                };
                self.add(anchor, place, value, 1)
            }
            Event::SequenceStart(_, anchor, _) => self.start(place, anchor, false),
            Event::MappingStart(_, anchor, _) => self.start(place, anchor, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(place),
            Event::Alias(anchor) => {
                // An anchor that is still open is not here yet: the alias lies inside itself.
                let Some(Node { value, size, .. }) = self.anchors.get(&anchor).cloned() else {
                    return Err(refuse(
                        Code::Unsupported,
                        place,
                        "an alias of what it is part of",
                    ));
                };
                self.add(0, place, value, size)
            }
            Event::DocumentStart(..) if self.root.is_some() => {
                let message = "a second document begins here";
                Err(refuse(Code::Unsupported, place, message))
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, place: Place, anchor: usize, is_map: bool) -> Result<(), Finding> {
        if self.open.len() >= DEEPEST {
            let message = format!("nested more than {DEEPEST} deep");
            return Err(refuse(Code::TooDeep, place, message));
        }
        self.open.push(Open {
            place,
            anchor,
            children: Vec::new(),
            is_map,
        });
        Ok(())
    }

    fn end(&mut self, end: Place) -> Result<(), Finding> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        // A block ends where its last value does: the event itself stands at the next token.
        let last = open
            .children
            .last()
            .map_or(end.end, |child| child.place.end);
        let flow = self.report.source().text().as_bytes().get(open.place.start);
        let place = Place {
            start: open.place.start,
            end: match flow {
                Some(b'[' | b'{') => end.end.max(last),
                _ => last.max(open.place.start),
            },
        };
        let size = 1 + open.children.iter().map(|child| child.size).sum::<usize>();
        let value = if open.is_map {
            self.mapping(open.children)?
        } else {
            Value::List(open.children.into())
        };
        // Its children were counted when they were added.
        self.values -= size - 1;
        self.add(open.anchor, place, value, size)
    }

    /// Keys are texts; of two equal ones the first counts, the second is reported.
    fn mapping(&self, children: Vec<Node>) -> Result<Value, Finding> {
        let mut entries: Vec<(Node, Node)> = Vec::with_capacity(children.len() / 2);
        let mut seen = HashMap::new();
        let mut children = children.into_iter();
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            let Value::Scalar { text, .. } = &key.value else {
                return Err(refuse(
                    Code::Unsupported,
                    key.place,
                    "a key that is no text",
                ));
            };
            let text = Arc::clone(text);
            if let Some(first) = seen.insert(Arc::clone(&text), key.place) {
                let line = self.report.source().position(first.start).line;
                self.report.add(
                    Finding::new(
                        Code::DuplicateKey,
                        key.place,
                        format!("`{text}` stands here twice"),
                    )
                    .help(format!("line {line} has it too: remove one")),
                );
            } else {
                entries.push((key, value));
            }
        }
        Ok(Value::Map(entries.into()))
    }

    fn add(
        &mut self,
        anchor: usize,
        place: Place,
        value: Value,
        size: usize,
    ) -> Result<(), Finding> {
        self.values = self.values.saturating_add(size);
        if self.values > MOST_VALUES {
            let message =
                format!("more than {MOST_VALUES} values, those that aliases repeat included");
            return Err(refuse(Code::TooMany, place, message));
        }
        let node = Node { place, value, size };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }
}
