//! Bodies, read as Go's decoder reads them: the first value counts whatever follows, keys match
//! without regard to case, unknown ones are ignored, `null` leaves a field as it was.

use super::toxics::Scope;
use crate::error::Error;
use crate::spec::{LinkSpec, Stream, ToxicSpec, ToxicUpdate};
use crate::toxics::is_extension;
use serde::Deserialize;
use serde_json::{Deserializer, Map, Value};

/// The first JSON value of a body.
fn value(body: &[u8]) -> Result<Value, Error> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::BadRequest("EOF".to_owned()));
    }
    let mut decoder = Deserializer::from_slice(body);
    Value::deserialize(&mut decoder).map_err(|error| Error::BadRequest(error.to_string()))
}

/// The fields of an object.
struct Fields(Map<String, Value>);

impl Fields {
    fn of(value: Value) -> Result<Self, Error> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            Value::Null => Ok(Self(Map::new())),
            other => Err(mismatch("the body", "an object", &other)),
        }
    }

    fn find(&self, name: &str) -> Option<&Value> {
        let named =
            |(key, value): &(&String, &Value)| key.eq_ignore_ascii_case(name) && !value.is_null();
        self.0.iter().rev().find(named).map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.find(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(mismatch(name, "a string", other)),
        }
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.find(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(mismatch(name, "true or false", other)),
        }
    }

    fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        match self.find(name).map(|value| (value.as_f64(), value)) {
            None => Ok(None),
            Some((Some(number), _)) => Ok(Some(number)),
            Some((None, other)) => Err(mismatch(name, "a number", other)),
        }
    }

    fn object(&self, name: &str) -> Result<Map<String, Value>, Error> {
        match self.find(name) {
            None => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object.clone()),
            Some(other) => Err(mismatch(name, "an object", other)),
        }
    }
}

fn mismatch(name: &str, expected: &str, found: &Value) -> Error {
    Error::BadRequest(format!("{name} must be {expected}, got {found}"))
}

/// The fields of a link that a body may set.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LinkFields {
    pub(super) name: String,
    pub(super) listen: Option<String>,
    pub(super) upstream: Option<String>,
    pub(super) enabled: Option<bool>,
}

impl LinkFields {
    fn of(value: Value) -> Result<Self, Error> {
        let fields = Fields::of(value)?;
        Ok(Self {
            name: fields.text("name")?.unwrap_or_default(),
            listen: fields.text("listen")?,
            upstream: fields.text("upstream")?,
            enabled: fields.flag("enabled")?,
        })
    }

    /// Reads the body of an update.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        Self::of(value(body)?)
    }

    /// A link to open; `place` tells which one of several it is when a field is missing.
    fn spec(self, place: &str) -> Result<LinkSpec, Error> {
        let missing = |field: &str| Error::MissingField(format!("{field}{place}"));
        if self.name.is_empty() {
            return Err(missing("name"));
        }
        let upstream = self.upstream.filter(|upstream| !upstream.is_empty());
        Ok(LinkSpec {
            name: self.name,
            listen: self.listen.unwrap_or_default(),
            upstream: Some(upstream.ok_or_else(|| missing("upstream"))?),
            enabled: self.enabled.unwrap_or(true),
            tap: false,
            tls: false,
        })
    }
}

/// Reads one text of an object; an empty body has none.
pub(super) fn text(body: &[u8], name: &str) -> Result<Option<String>, Error> {
    optional(body)?.text(name)
}

/// Reads one flag of an object; an empty body has none.
pub(super) fn flag(body: &[u8], name: &str) -> Result<Option<bool>, Error> {
    optional(body)?.flag(name)
}

fn optional(body: &[u8]) -> Result<Fields, Error> {
    if body.is_empty() {
        return Ok(Fields(Map::new()));
    }
    Fields::of(value(body)?)
}

/// Reads a link to open.
pub(crate) fn link(body: &[u8]) -> Result<LinkSpec, Error> {
    LinkFields::parse(body)?.spec("")
}

/// Reads the links of a populate request or a config file.
pub(crate) fn links(body: &[u8]) -> Result<Vec<LinkSpec>, Error> {
    let list = match value(body)? {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        other => return Err(mismatch("the body", "an array", &other)),
    };
    let mut specs: Vec<LinkSpec> = Vec::with_capacity(list.len());
    for (index, value) in list.into_iter().enumerate() {
        let spec = LinkFields::of(value)?.spec(&format!(" at proxy {}", index + 1))?;
        if specs.iter().any(|other| other.name == spec.name) {
            let text = format!("duplicate proxy name {:?}", spec.name);
            return Err(Error::BadRequest(text));
        }
        specs.push(spec);
    }
    Ok(specs)
}

/// Reads a toxic to add.
pub(crate) fn toxic(body: &[u8], scope: Scope) -> Result<ToxicSpec, Error> {
    let fields = Fields::of(value(body)?)?;
    let stream = fields.text("stream")?;
    let stream = stream.map_or(Some(Stream::Downstream), |name| Stream::parse(&name));
    let toxicity = fields.number("toxicity")?;
    let stream = stream.ok_or(Error::InvalidStream)?;
    let kind = fields.text("type")?.unwrap_or_default();
    if scope == Scope::Toxiproxy && is_extension(&kind) {
        return Err(Error::InvalidToxicType);
    }
    Ok(ToxicSpec {
        name: fields.text("name")?,
        kind,
        stream,
        toxicity: toxicity.unwrap_or(1.0),
        attributes: fields.object("attributes")?,
    })
}

/// Reads a change to a toxic.
pub(crate) fn toxic_update(body: &[u8]) -> Result<ToxicUpdate, Error> {
    let fields = Fields::of(value(body)?)?;
    Ok(ToxicUpdate {
        attributes: fields.object("attributes")?,
        toxicity: fields.number("toxicity")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text of the error, or `fine`.
    fn check(body: &str, expected: &str) {
        let found =
            links(body.as_bytes()).map_or_else(|error| error.to_string(), |_| "fine".to_owned());
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn bodies_are_read_as_leniently_as_go_does() {
        check("[]", "fine");
        check("null", "fine");
        check(
            r#"[{"NAME":"a","Upstream":"b:1","extra":[1]}] and more"#,
            "fine",
        );
        check(r#"[{"name":"a","upstream":"b:1","enabled":null}]"#, "fine");
        let last_wins = link(br#"{"name":"a","NAME":"b","upstream":"c:1"}"#).unwrap();
        assert_eq!((last_wins.name.as_str(), last_wins.enabled), ("b", true));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        check("", "bad request body: EOF");
        check(
            "{",
            "bad request body: EOF while parsing an object at line 1 column 1",
        );
        check("{}", "bad request body: the body must be an array, got {}");
        check("[{}]", "missing required field: name at proxy 1");
        let second = r#"[{"name":"a","upstream":"b:1"},{"name":"c"}]"#;
        check(second, "missing required field: upstream at proxy 2");
        let wrong = r#"[{"name":1}]"#;
        check(wrong, "bad request body: name must be a string, got 1");
        let twice = r#"[{"name":"a","upstream":"b:1"},{"name":"a","upstream":"b:1"}]"#;
        check(twice, "bad request body: duplicate proxy name \"a\"");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_fail(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (links(&body), link(&body), toxic(&body, Scope::Every), toxic_update(&body));
        }
    }
}
