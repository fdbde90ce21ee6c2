//! Headers that come, change or go.

use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::Match;

/// A header of requests or answers is added, changed or dropped: a gateway that loses the trace,
/// a proxy that strips a key. What says where messages end stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpHeader {
    /// The header.
    pub name: String,
    /// What becomes of it.
    #[serde(default)]
    pub action: Action,
    /// Its new value, except where it is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Whose header.
    #[serde(default)]
    pub of: Message,
    /// Which requests, by `method`, `path` (with `*`), `header` and `body`; `first` how many, `per`
    /// which key; all if left out.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_any")]
    pub matching: Match,
}

/// What becomes of a header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is left out.
    #[default]
    Drop,
    /// It gets another value, where it is there.
    Change,
    /// It is added, even where it is there.
    Add,
}

/// Whose header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// The caller's.
    #[default]
    Request,
    /// The callee's.
    Reply,
}

impl Kind for HttpHeader {
    const NAME: &'static str = "http_header";
    const UNDO: &'static str = "the rule is removed; headers pass as they are";
    const MARK: Mark = Mark {
        letter: 'h',
        colour: "#35978f",
    };
    const REACH: Reach = Reach::Requests;

    fn example() -> Self {
        Self {
            name: "traceparent".to_owned(),
            action: Action::Drop,
            value: None,
            of: Message::Request,
            matching: Match::default(),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let value = self.value.as_deref();
        let drops = self.action == Action::Drop;
        let checks = Checks::default()
            .header("name", &self.name, value.unwrap_or_default())
            .refuse(
                drops && value.is_some(),
                "value",
                "a value of a header that is dropped",
                "leave it out, or write `action: change`",
            )
            .refuse(
                !drops && value.is_none(),
                "action",
                "no value to add or to change to",
                "write `value` beside it",
            );
        self.matching.check(checks).done()
    }

    fn effect(&self) -> Effect {
        self.matching.effect(Deed::Edited)
    }

    fn summary(&self) -> String {
        let (name, value) = (&self.name, self.value.as_deref().unwrap_or_default());
        let deed = match self.action {
            Action::Drop => format!("`{name}` dropped"),
            Action::Change => format!("`{name}` changed to `{value}`"),
            Action::Add => format!("`{name}: {value}` added"),
        };
        format!("{deed}{}", self.matching.summary())
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let action = match self.action {
            Action::Drop => "drop",
            Action::Change => "change",
            Action::Add => "add",
        };
        let of = match self.of {
            Message::Request => "request",
            Message::Reply => "reply",
        };
        let attributes = [
            ("name", json!(self.name)),
            ("action", json!(action)),
            ("value", json!(self.value.as_deref().unwrap_or_default())),
            ("of", json!(of)),
        ];
        self.matching.toxic(target, Self::NAME, attributes)
    }
}
