//! Which requests a fault of HTTP acts on: what all its kinds have in common.

use lab_model::plan::{Deed, Effect};
use lab_model::toxic::{Primitive, Stream, Toxic};
use lab_model::{Ratio, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::kind::Target;
use crate::problem::Checks;

/// The requests that a fault acts on: everything that is given has to hold; without anything, all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path without query; `*` stands for any run of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `name` of a header that is there, or `name: value` with `*` as in a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Text that the body contains; bodies of more than 1 MiB do not match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Only so many requests, the first ones (of each key); then all goes well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// What a key is: `path`, or the name of a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<String>,
}

impl Match {
    /// One that any request meets.
    pub(crate) fn is_any(&self) -> bool {
        *self == Self::default()
    }

    /// `on POST /charges*, the first 2 per idempotency-key`; empty where it is all.
    pub(crate) fn summary(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.method.clone());
        words.extend(self.path.clone());
        words.extend(
            self.header
                .as_ref()
                .map(|header| format!("with `{header}`")),
        );
        words.extend(self.body.as_ref().map(|body| format!("saying `{body}`")));
        let first = self.first.map(|first| match &self.per {
            Some(per) => format!("the first {first} per {per}"),
            None => format!("the first {first}"),
        });
        let which = Some(words.join(" ")).filter(|words| !words.is_empty());
        let text: Vec<_> = which.into_iter().chain(first).collect();
        if text.is_empty() {
            String::new()
        } else {
            format!(" on {}", text.join(", "))
        }
    }

    /// What is wrong with it.
    pub(crate) fn check(&self, checks: Checks) -> Checks {
        let texts = [
            ("method", &self.method),
            ("path", &self.path),
            ("header", &self.header),
            ("body", &self.body),
            ("per", &self.per),
        ];
        let checks = texts.into_iter().fold(checks, |checks, (name, text)| {
            let text = text.as_deref();
            checks
                .refuse(
                    text == Some(""),
                    "match",
                    format!("an empty `{name}`"),
                    "leave it out where any will do",
                )
                .refuse(
                    text.is_some_and(|text| text.contains(['\r', '\n'])),
                    "match",
                    format!("a line break in `{name}`"),
                    "methods, paths, headers and keys are one line",
                )
        });
        checks
            .refuse(
                self.path
                    .as_ref()
                    .is_some_and(|path| !path.starts_with(['/', '*'])),
                "match",
                "a path that no request has",
                "it begins with `/`, or with `*` for anything before",
            )
            .refuse(
                self.first == Some(0),
                "match",
                "the first 0 requests are none",
                "at least 1",
            )
            .refuse(
                self.per.is_some() && self.first.is_none(),
                "match",
                "`per` without `first`",
                "`first` says how many of each key",
            )
    }

    fn wire(&self) -> Value {
        let mut map = Map::new();
        let texts = [
            ("method", &self.method),
            ("path", &self.path),
            ("header", &self.header),
            ("body", &self.body),
            ("per", &self.per),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                map.insert(name.to_owned(), json!(text));
            }
        }
        if let Some(first) = self.first {
            map.insert("first".to_owned(), json!(first));
        }
        Value::Object(map)
    }

    /// The toxic of a fault that acts on these requests.
    pub(crate) fn toxic<const N: usize>(
        &self,
        target: Target<'_>,
        kind: &str,
        attributes: [(&str, Value); N],
    ) -> Vec<Primitive> {
        let matching = [("match", self.wire())];
        toxic(target, kind, attributes.into_iter().chain(matching))
    }

    /// The effect, where every request that matches and is chosen feels it: but for those behind
    /// the first ones.
    pub(crate) fn effect(&self, deed: Deed) -> Effect {
        let share = if self.first.is_some() {
            Ratio::ZERO
        } else {
            Ratio::ONE
        };
        Effect::Exchange { deed, share }
    }
}

/// The toxic of a fault that understands what a link carries.
pub(crate) fn toxic<'a>(
    target: Target<'_>,
    kind: &str,
    attributes: impl IntoIterator<Item = (&'a str, Value)>,
) -> Vec<Primitive> {
    let attributes = attributes.into_iter();
    vec![Primitive::Toxic(Toxic {
        kind: kind.to_owned(),
        stream: Stream::Downstream,
        toxicity: target.toxicity,
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    })]
}

/// A delay with its jitter, in words.
pub(crate) fn give_or_take(delay: Span, jitter: Span) -> String {
    if jitter == Span::ZERO {
        delay.to_string()
    } else {
        format!("{delay} ± {jitter}")
    }
}
