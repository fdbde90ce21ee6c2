//! YAML, and JSON as a part of it, to a tree.

use std::collections::HashSet;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, options};

use super::Read;
use super::tree::{DEEPEST, Key, Node, Value};
use lab_diagnostic::Place;

/// A list or mapping whose end has not come yet.
struct Open {
    place: Place,
    children: Vec<Node>,
    is_map: bool,
}

struct Builder<'a> {
    base: usize,
    twice: &'a mut Vec<Key>,
    open: Vec<Open>,
    root: Option<Node>,
}

/// Reads a text that stands in the file at `base`. Of equal keys the first counts, the others are
/// added to `twice`.
pub(super) fn read(text: &str, base: usize, twice: &mut Vec<Key>) -> Read {
    let options = options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST * 2,
        block_nesting_limit: DEEPEST * 2,
    };
    let mut builder = Builder {
        base,
        twice,
        open: Vec::new(),
        root: None,
    };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| {
            let at = base + error.marker().byte_offset().unwrap_or(0);
            (
                at,
                format!(
                    "the front matter is not YAML from here on: {}",
                    error.info()
                ),
            )
        })?;
        builder.take(event, &span)?;
    }
    Ok(builder.root)
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), (usize, String)> {
        let range = span.byte_range().unwrap_or_default();
        let place = Place::new(self.base + range.start, self.base + range.end);
        match event {
            Event::Scalar(text, style, ..) => {
                let nothing = matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if nothing && style == ScalarStyle::Plain {
                    Value::Nothing
                } else {
                    Value::Scalar(text.into())
                };
                self.add(Node { place, value });
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if self.open.len() >= DEEPEST {
                    return Err((place.start, format!("nested more than {DEEPEST} deep")));
                }
                let is_map = matches!(event, Event::MappingStart(..));
                self.open.push(Open {
                    place,
                    children: Vec::new(),
                    is_map,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(place),
            Event::Alias(_) => self.add(Node {
                place,
                value: Value::Alias,
            }),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, end: Place) {
        let Some(open) = self.open.pop() else {
            return;
        };
        let last = open
            .children
            .last()
            .map_or(end.end, |child| child.place.end);
        let place = Place::new(open.place.start, last.max(open.place.start));
        let value = if open.is_map {
            self.mapping(open.children)
        } else {
            Value::List(open.children)
        };
        self.add(Node { place, value });
    }

    fn mapping(&mut self, children: Vec<Node>) -> Value {
        let mut entries: Vec<(Key, Node)> = Vec::with_capacity(children.len() / 2);
        let mut seen = HashSet::new();
        let mut children = children.into_iter();
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            // A key that is no text has none: no section of ours has such a key.
            let text = match key.value {
                Value::Scalar(text) => text,
                _ => String::new(),
            };
            let place = key.place;
            if seen.insert(text.clone()) {
                entries.push((Key { place, text }, value));
            } else {
                self.twice.push(Key { place, text });
            }
        }
        Value::Map(entries)
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            // Of several documents the first is the front matter.
            None => {
                self.root.get_or_insert(node);
            }
        }
    }
}
