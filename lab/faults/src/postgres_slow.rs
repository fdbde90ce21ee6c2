//! Statements that wait.

use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use lab_model::{Ratio, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem, millis};
use crate::requests::{give_or_take, toxic};

/// Statements of PostgreSQL wait before the server gets them: a plan gone wrong, a lock that
/// somebody holds. What the session sends behind one waits as well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresSlow {
    /// How long, in whole milliseconds.
    pub delay: Span,
    /// How far it strays, evenly, in whole milliseconds; at most the delay.
    #[serde(default)]
    pub jitter: Span,
    /// Which statements: `INSERT INTO orders *`, with `*` for any run of characters, in any case;
    /// all if left out. Prepared ones are held where they are executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

impl Kind for PostgresSlow {
    const NAME: &'static str = "postgres_slow";
    const UNDO: &'static str = "the rule is removed; statements held back go on at once";
    const MARK: Mark = Mark {
        letter: 'q',
        colour: "#bf812d",
    };
    const REACH: Reach = Reach::Database;

    fn example() -> Self {
        Self {
            delay: Span::from_secs(1),
            jitter: Span::ZERO,
            statement: Some("INSERT*".to_owned()),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .millis("delay", self.delay)
            .millis("jitter", self.jitter)
            .refuse(
                self.delay == Span::ZERO,
                "delay",
                "a delay of 0s adds nothing",
                "give it a length such as `2s`",
            )
            .refuse(
                self.jitter > self.delay,
                "jitter",
                format!(
                    "a jitter of {} is larger than the delay of {}",
                    self.jitter, self.delay
                ),
                format!("no statement can run early: at most {}", self.delay),
            )
            .refuse(
                self.statement
                    .as_deref()
                    .is_some_and(|text| text.trim().is_empty()),
                "statement",
                "a pattern that no statement has",
                "leave it out where any will do",
            )
            .done()
    }

    fn longest_delay(&self) -> Span {
        self.delay.plus(self.jitter)
    }

    fn effect(&self) -> Effect {
        Effect::Exchange {
            deed: Deed::Held {
                mean: self.delay,
                jitter: self.jitter,
            },
            share: Ratio::ONE,
        }
    }

    fn summary(&self) -> String {
        let delay = give_or_take(self.delay, self.jitter);
        let which = self
            .statement
            .as_ref()
            .map(|text| format!(" like `{text}`"));
        format!("statements{} {delay} late", which.unwrap_or_default())
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let statement = self.statement.as_deref().unwrap_or_default();
        let attributes = [
            ("delay", json!(millis(self.delay))),
            ("jitter", json!(millis(self.jitter))),
            ("statement", json!(statement)),
        ];
        toxic(target, Self::NAME, attributes)
    }
}
