//! Where a value stands in a reply, and what must hold of it.

use std::fmt;

use http::HeaderName;
use lab_model::traffic::{Check, Extract, Must};
use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::reply::Reply;

/// A place in a reply, ready.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Pointer(String),
    Path(JsonPath),
    Header(HeaderName),
    Pattern(Regex),
    Body,
}

/// Why a place is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct PlaceError(String);

/// A JSON path, or why it is none.
pub(crate) fn json_path(text: &str) -> Result<JsonPath, PlaceError> {
    JsonPath::parse(text).map_err(|error| PlaceError(format!("`{text}` is no JSON path: {error}")))
}

fn pattern(text: &str) -> Result<Regex, PlaceError> {
    Regex::new(text)
        .map_err(|error| PlaceError(format!("`{text}` is no regular expression: {error}")))
}

impl Place {
    /// Reads a place.
    pub(crate) fn of(extract: &Extract) -> Result<Self, PlaceError> {
        Ok(match extract {
            Extract::Pointer(pointer) => {
                if !pointer.is_empty() && !pointer.starts_with('/') {
                    let why = "it is empty or starts with `/`";
                    return Err(PlaceError(format!(
                        "`{pointer}` is not a JSON pointer: {why}"
                    )));
                }
                Self::Pointer(pointer.clone())
            }
            Extract::Path(path) => Self::Path(json_path(path)?),
            Extract::Header(name) => Self::Header(
                name.parse()
                    .map_err(|_| PlaceError(format!("`{name}` is no header's name")))?,
            ),
            Extract::Pattern(text) => Self::Pattern(pattern(text)?),
            Extract::Body => Self::Body,
        })
    }

    /// Whether it needs the reply's body, and whether its headers.
    pub(crate) const fn needs(&self) -> (bool, bool) {
        let header = matches!(self, Self::Header(_));
        (!header, header)
    }

    /// What stands there; `None` where nothing does.
    pub(crate) fn find(&self, reply: &Parsed<'_>) -> Option<Value> {
        match self {
            Self::Pointer(pointer) => reply.json()?.pointer(pointer).cloned(),
            Self::Path(path) => path.query(reply.json()?).first().cloned(),
            Self::Header(name) => {
                let value = reply.reply.headers.as_ref()?.get(name)?;
                Some(Value::from(value.to_str().ok()?))
            }
            Self::Pattern(pattern) => {
                let found = pattern.captures(reply.text()?)?;
                let group = found.get(1).or_else(|| found.get(0))?;
                Some(Value::from(group.as_str()))
            }
            Self::Body => Some(Value::from(reply.text()?)),
        }
    }
}

/// A reply whose body is read as JSON once, when someone asks.
pub(crate) struct Parsed<'a> {
    reply: &'a Reply,
    json: std::cell::OnceCell<Option<Value>>,
}

impl<'a> Parsed<'a> {
    /// Not read yet.
    pub(crate) const fn new(reply: &'a Reply) -> Self {
        Self {
            reply,
            json: std::cell::OnceCell::new(),
        }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<&Value> {
        let read = || serde_json::from_slice(self.reply.body.as_deref()?).ok();
        self.json.get_or_init(read).as_ref()
    }

    fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.reply.body.as_deref()?).ok()
    }
}

/// A check, ready.
#[derive(Debug, Clone)]
pub(crate) struct CheckScript {
    pub(crate) of: Place,
    must: MustScript,
}

#[derive(Debug, Clone)]
enum MustScript {
    Exist,
    Equal(Value),
    Contain(String),
    Match(Regex),
}

impl CheckScript {
    /// Reads a check.
    pub(crate) fn of(check: &Check) -> Result<Self, PlaceError> {
        Ok(Self {
            of: Place::of(&check.of)?,
            must: match &check.must {
                Must::Exist => MustScript::Exist,
                Must::Equal(value) => MustScript::Equal(value.clone()),
                Must::Contain(text) => MustScript::Contain(text.clone()),
                Must::Match(text) => MustScript::Match(pattern(text)?),
            },
        })
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, reply: &Parsed<'_>) -> bool {
        let Some(found) = self.of.find(reply) else {
            return false;
        };
        match &self.must {
            MustScript::Exist => true,
            // A header says 5 as a text, a body as a number.
            MustScript::Equal(value) => {
                *value == found || Written(value).to_string() == Written(&found).to_string()
            }
            MustScript::Contain(text) => Written(&found).to_string().contains(text.as_str()),
            MustScript::Match(pattern) => pattern.is_match(&Written(&found).to_string()),
        }
    }
}

/// A value as it is written: a text without quotes.
struct Written<'a>(&'a Value);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => f.write_str(text),
            other => other.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;

    fn reply() -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert("location", "/orders/o-17".parse().unwrap());
        headers.insert("retry-after", "5".parse().unwrap());
        Reply {
            status: 201,
            body: Some(br#"{"items":[{"id":"a","n":1},{"id":"b","n":2}],"ok":true}"#.to_vec()),
            digest: None,
            headers: Some(headers),
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "expectations are written in place"
    )]
    fn find(extract: &Extract, expected: Option<Value>) {
        let found = Place::of(extract).unwrap().find(&Parsed::new(&reply()));
        assert_eq!(found, expected, "{extract:?}");
    }

    #[test]
    fn places() {
        let text = str::to_owned;
        find(&Extract::Pointer(text("/items/1/id")), Some(json!("b")));
        find(&Extract::Pointer(text("/none")), None);
        find(
            &Extract::Path(text("$.items[?@.n > 1].id")),
            Some(json!("b")),
        );
        find(&Extract::Path(text("$..nothing")), None);
        find(
            &Extract::Header(text("Location")),
            Some(json!("/orders/o-17")),
        );
        find(&Extract::Header(text("x-none")), None);
        find(&Extract::Pattern(text(r#""id":"(\w)""#)), Some(json!("a")));
        find(&Extract::Pattern(text("o+k")), Some(json!("ok")));
        find(&Extract::Pattern(text("never")), None);
    }

    #[test]
    fn what_is_no_place() {
        let refused = |extract, expected: &str| {
            let error = Place::of(&extract).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        refused(Extract::Pointer("id".to_owned()), "starts with `/`");
        refused(Extract::Path("items".to_owned()), "no JSON path");
        refused(Extract::Header("a b".to_owned()), "no header's name");
        refused(Extract::Pattern("(".to_owned()), "no regular expression");
    }

    #[test]
    fn checks() {
        let check = |of: Extract, must: Must, expected: bool| {
            let script = CheckScript::of(&Check {
                of,
                must: must.clone(),
            })
            .unwrap();
            assert_eq!(script.holds(&Parsed::new(&reply())), expected, "{must:?}");
        };
        let path = |text: &str| Extract::Path(text.to_owned());
        check(path("$.ok"), Must::Equal(json!(true)), true);
        check(path("$.ok"), Must::Equal(json!(false)), false);
        check(
            Extract::Header("retry-after".to_owned()),
            Must::Equal(json!(5)),
            true,
        );
        check(path("$.items[0]"), Must::Exist, true);
        check(path("$.items[7]"), Must::Exist, false);
        check(Extract::Body, Must::Contain("\"n\":2".to_owned()), true);
        check(
            path("$.items[0].id"),
            Must::Match("^[a-c]$".to_owned()),
            true,
        );
        check(path("$.items[0].id"), Must::Match("^x".to_owned()), false);
    }
}
