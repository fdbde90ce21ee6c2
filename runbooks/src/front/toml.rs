//! TOML to a tree.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::Read;
use super::tree::{Key, Node, Value};
use lab_diagnostic::Place;

/// Reads a text that stands in the file at `base`.
pub(super) fn read(text: &str, base: usize) -> Read {
    match DeTable::parse(text) {
        Ok(table) => Ok(Some(Node {
            place: place(&table, base),
            value: mapping(table.get_ref(), base),
        })),
        Err(error) => {
            let at = base + error.span().map_or(0, |span| span.start);
            Err((
                at,
                format!("the front matter is not TOML: {}", error.message()),
            ))
        }
    }
}

fn place<T>(spanned: &Spanned<T>, base: usize) -> Place {
    let span = spanned.span();
    Place::new(base + span.start, base + span.end)
}

fn mapping(table: &DeTable<'_>, base: usize) -> Value {
    let entries = table.iter().map(|(key, value)| {
        let key = Key {
            place: place(key, base),
            text: key.get_ref().to_string(),
        };
        (key, node(value, base))
    });
    Value::Map(entries.collect())
}

fn node(spanned: &Spanned<DeValue<'_>>, base: usize) -> Node {
    let value = match spanned.get_ref() {
        DeValue::Table(table) => mapping(table, base),
        DeValue::Array(items) => Value::List(items.iter().map(|item| node(item, base)).collect()),
        DeValue::String(text) => Value::Scalar(text.to_string()),
        DeValue::Integer(number) => Value::Scalar(number.to_string()),
        DeValue::Float(number) => Value::Scalar(number.to_string()),
        DeValue::Boolean(truth) => Value::Scalar(truth.to_string()),
        DeValue::Datetime(time) => Value::Scalar(time.to_string()),
    };
    Node {
        place: place(spanned, base),
        value,
    }
}
