//! Requests answered by nobody who knows anything.

use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::Match;

/// Requests get this status at once, and the callee never sees them: an overloaded gateway, an
/// expired licence, a rate limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpStatus {
    /// The status, 200 to 599.
    pub status: u16,
    /// A header of the answer, `Name: value`: `Retry-After: 1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The body of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Which requests, by `method`, `path` (with `*`), `header` and `body`; `first` how many, `per`
    /// which key; all if left out.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_any")]
    pub matching: Match,
}

impl Kind for HttpStatus {
    const NAME: &'static str = "http_status";
    const UNDO: &'static str = "the rule is removed; requests reach the callee again";
    const MARK: Mark = Mark {
        letter: 's',
        colour: "#b2182b",
    };
    const REACH: Reach = Reach::Requests;

    fn example() -> Self {
        Self {
            status: 503,
            header: None,
            body: None,
            matching: Match {
                method: Some("POST".to_owned()),
                ..Match::default()
            },
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let header = self.header.as_deref();
        let line = header.map(|header| header.split_once(':'));
        let checks = Checks::default()
            .refuse(
                !(200..=599).contains(&self.status),
                "status",
                format!("`{}` is no status of an answer", self.status),
                "200 to 599",
            )
            .refuse(
                line == Some(None),
                "header",
                "a header without a value",
                "`Name: value`",
            );
        let checks = match line.flatten() {
            Some((name, value)) => checks.header("header", name, value.trim()),
            None => checks,
        };
        self.matching.check(checks).done()
    }

    fn effect(&self) -> Effect {
        self.matching.effect(Deed::Answered {
            status: self.status,
        })
    }

    fn summary(&self) -> String {
        format!("answers {}{}", self.status, self.matching.summary())
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let attributes = [
            ("status", json!(self.status)),
            ("header", json!(self.header.as_deref().unwrap_or_default())),
            ("body", json!(self.body.as_deref().unwrap_or_default())),
        ];
        self.matching.toxic(target, Self::NAME, attributes)
    }
}
