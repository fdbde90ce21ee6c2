//! Texts with placeholders: `{name}`, `{feeder.field}`, `{random:1..20}`, `{unique}`.
//!
//! A brace that opens no placeholder stands for itself, so JSON can be written as it is. A
//! placeholder is `{`, a name (a letter, then letters, digits, `_`, `-`, `.`) and `}`, or `random:`
//! with a range in the name's place.

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::Value;
use thiserror::Error;

use crate::data::Data;
use crate::keys::ArrivalKeys;

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{{{0}}}` is not a range: write `{{random:1..20}}`, the smaller number first")]
pub(crate) struct TemplateError(String);

/// A placeholder without a value: no earlier step saved it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no value for `{{{0}}}`")]
pub(crate) struct Missing(pub(crate) String);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Saved(String),
    /// Both ends included.
    Random(u64, u64),
    Unique,
}

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

/// Where placeholders of one step of one arrival get their values.
pub(crate) struct Scope<'a> {
    saved: &'a HashMap<String, Value>,
    data: &'a Data,
    keys: ArrivalKeys,
    step: usize,
    /// How many random values the step has drawn.
    drawn: u64,
}

impl<'a> Scope<'a> {
    /// The values of a step, by its index in the journey.
    pub(crate) const fn new(
        saved: &'a HashMap<String, Value>,
        data: &'a Data,
        keys: ArrivalKeys,
        step: usize,
    ) -> Self {
        Self {
            saved,
            data,
            keys,
            step,
            drawn: 0,
        }
    }

    fn value(&mut self, piece: &Piece) -> Result<Value, Missing> {
        Ok(match piece {
            Piece::Text(text) => Value::from(text.as_str()),
            Piece::Saved(name) => match self.saved.get(name) {
                Some(value) => value.clone(),
                None => self.data.value(name, self.keys)?,
            },
            Piece::Random(low, high) => {
                let occurrence = self.drawn;
                self.drawn += 1;
                Value::from(self.keys.whole(self.step, occurrence, *low, *high))
            }
            Piece::Unique => Value::from(self.keys.unique()),
        })
    }
}

impl Template {
    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, tail) = rest.split_at(open);
            plain.push_str(before);
            let inside = tail[1..].split_once('}').map(|(inside, _)| inside);
            if let Some((piece, length)) = inside.map(placeholder).transpose()?.flatten() {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(piece);
                rest = &tail[length + 2..];
            } else {
                plain.push('{');
                rest = &tail[1..];
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The names it needs from earlier steps.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Saved(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The text itself, where it has no placeholder.
    pub(crate) fn fixed(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with its values.
    pub(crate) fn text(&self, scope: &mut Scope<'_>) -> Result<String, Missing> {
        let mut text = String::new();
        for piece in &self.0 {
            match scope.value(piece)? {
                Value::String(part) => text.push_str(&part),
                other => {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{other}");
                }
            }
        }
        Ok(text)
    }

    /// The JSON value with its values. A text that is one placeholder and nothing else becomes the
    /// value itself, so `"{random:1..5}"` is a number and a saved object stays an object.
    pub(crate) fn json(&self, scope: &mut Scope<'_>) -> Result<Value, Missing> {
        match self.0.as_slice() {
            [piece] => scope.value(piece),
            _ => self.text(scope).map(Value::String),
        }
    }
}

/// Whether a text can stand in `{…}` as the name of a saved value.
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && text != "unique"
}

/// The placeholder whose inside this is, with the inside's length; `None` where it is plain text.
fn placeholder(inside: &str) -> Result<Option<(Piece, usize)>, TemplateError> {
    let piece = if inside == "unique" {
        Piece::Unique
    } else if let Some(range) = inside.strip_prefix("random:") {
        let (low, high) = range
            .split_once("..")
            .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)))
            .filter(|(low, high): &(u64, u64)| low <= high)
            .ok_or_else(|| TemplateError(inside.to_owned()))?;
        Piece::Random(low, high)
    } else if is_name(inside) {
        Piece::Saved(inside.to_owned())
    } else {
        return Ok(None);
    };
    Ok(Some((piece, inside.len())))
}

/// A JSON value whose texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum JsonTemplate {
    /// Without placeholders.
    Fixed(Value),
    /// A text with placeholders.
    Text(Template),
    /// A list with some.
    List(Vec<JsonTemplate>),
    /// An object with some in its values.
    Object(Vec<(String, JsonTemplate)>),
}

impl JsonTemplate {
    /// Reads a value.
    pub(crate) fn parse(value: &Value) -> Result<Self, TemplateError> {
        let parsed = match value {
            Value::String(text) => {
                let template = Template::parse(text)?;
                if template.fixed().is_none() {
                    return Ok(Self::Text(template));
                }
                None
            }
            Value::Array(items) => Some(Self::List(
                items.iter().map(Self::parse).collect::<Result<_, _>>()?,
            )),
            Value::Object(fields) => Some(Self::Object(
                fields
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), Self::parse(value)?)))
                    .collect::<Result<_, _>>()?,
            )),
            _ => None,
        };
        Ok(match parsed {
            Some(parsed) if !parsed.is_fixed() => parsed,
            _ => Self::Fixed(value.clone()),
        })
    }

    fn is_fixed(&self) -> bool {
        match self {
            Self::Fixed(_) => true,
            Self::Text(_) => false,
            Self::List(items) => items.iter().all(Self::is_fixed),
            Self::Object(fields) => fields.iter().all(|(_, value)| value.is_fixed()),
        }
    }

    /// The names it needs from earlier steps.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Text(template) => template.names().collect(),
            Self::List(items) => items.iter().flat_map(Self::names).collect(),
            Self::Object(fields) => fields.iter().flat_map(|(_, v)| v.names()).collect(),
        }
    }

    /// The value with its values.
    pub(crate) fn value(&self, scope: &mut Scope<'_>) -> Result<Value, Missing> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => template.json(scope)?,
            Self::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.value(scope))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), value.value(scope)?)))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use proptest::prelude::*;
    use serde_json::json;

    fn saved() -> HashMap<String, Value> {
        HashMap::from([
            ("order".to_owned(), json!("o-17")),
            ("count".to_owned(), json!(3)),
            ("cart".to_owned(), json!({ "id": 9 })),
        ])
    }

    fn check(text: &str, expected: Result<&str, &str>) {
        let saved = saved();
        let data = Data::default();
        let mut scope = Scope::new(&saved, &data, Keys::new(7).arrival(5), 1);
        let rendered = Template::parse(text)
            .map_err(|error| error.to_string())
            .and_then(|template| template.text(&mut scope).map_err(|error| error.to_string()));
        assert_eq!(
            rendered.as_deref().map_err(String::as_str),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn texts() {
        check("", Ok(""));
        check("/orders/{order}?n={count}", Ok("/orders/o-17?n=3"));
        check("{order}{order}", Ok("o-17o-17"));
        check("{cart}", Ok(r#"{"id":9}"#));
        check("{random:4..4}", Ok("4"));
        check("{unique}", Ok(&Keys::new(7).arrival(5).unique()));
        check("{nothing}", Err("no value for `{nothing}`"));
        for plain in [
            "{",
            "}",
            "{}",
            "{ order }",
            "{\"a\":1}",
            "{1a}",
            "{{",
            "a{é}",
            "{order",
            "}{",
        ] {
            check(plain, Ok(plain));
        }
        check("{{order}}", Ok("{o-17}"));
    }

    #[test]
    fn ranges() {
        for bad in ["5", "5..1", "a..b", "-1..2", ""] {
            let text = format!("{{random:{bad}}}");
            assert!(Template::parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn each_random_of_a_step_is_drawn_anew() {
        let saved = HashMap::new();
        let template = Template::parse("{random:0..1000000} {random:0..1000000}").unwrap();
        let text = template
            .text(&mut Scope::new(
                &saved,
                &Data::default(),
                Keys::new(1).arrival(0),
                0,
            ))
            .unwrap();
        let (first, second) = text.split_once(' ').unwrap();
        assert_ne!(first, second);
    }

    #[test]
    fn json_keeps_types() {
        let saved = saved();
        let data = Data::default();
        let mut scope = Scope::new(&saved, &data, Keys::new(7).arrival(5), 1);
        let body = json!({
            "cart": "{cart}", "n": ["{random:2..2}", "n={count}"], "plain": { "a": [1, null] }
        });
        let template = JsonTemplate::parse(&body).unwrap();
        assert_eq!(template.names(), ["cart", "count"]);
        assert_eq!(
            template.value(&mut scope),
            Ok(json!({ "cart": { "id": 9 }, "n": [2, "n=3"], "plain": { "a": [1, null] } }))
        );
    }

    #[test]
    fn json_without_placeholders_is_fixed() {
        let body = json!({ "a": [1, "{}", { "b": "c" }] });
        assert_eq!(
            JsonTemplate::parse(&body),
            Ok(JsonTemplate::Fixed(body.clone()))
        );
    }

    proptest! {
        #[test]
        fn no_text_panics_and_text_without_braces_is_kept(text in ".{0,60}") {
            let parsed = Template::parse(&text);
            if !text.contains('{') {
                let template = parsed.unwrap();
                prop_assert_eq!(template.fixed(), Some(text.as_str()));
            }
        }

        #[test]
        fn pieces_come_back_in_order(
            parts in prop::collection::vec(("[a-z {}\":]{0,6}", "[a-z][a-z0-9_]{0,5}"), 0..5)
        ) {
            let (mut text, mut expected) = (String::new(), String::new());
            let mut values = HashMap::new();
            for (plain, name) in &parts {
                let _ = write!(text, "{plain} {{x{name}}}");
                let _ = write!(expected, "{plain} <{name}>");
                values.insert(format!("x{name}"), json!(format!("<{name}>")));
            }
            let template = Template::parse(&text).unwrap();
            // The plain parts may form placeholders of their own; those have no value.
            prop_assume!(template.names().all(|name| values.contains_key(name)));
            prop_assume!(!text.contains("{unique}"));
            let data = Data::default();
            let mut scope = Scope::new(&values, &data, Keys::new(1).arrival(0), 0);
            prop_assert_eq!(template.text(&mut scope).unwrap(), expected);
        }
    }
}
