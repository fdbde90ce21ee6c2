//! Answers that wait, while the connection is as fast as ever.

use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use lab_model::{ByteSize, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem, millis};
use crate::requests::{Match, give_or_take};

/// Answers wait: before their first byte, or in the middle of their body, where a deadline for the
/// head alone does not help.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpDelay {
    /// How long, in whole milliseconds.
    pub delay: Span,
    /// How far it strays, evenly, in whole milliseconds; at most the delay.
    #[serde(default)]
    pub jitter: Span,
    /// Behind so many bytes of the body, instead of before the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ByteSize>,
    /// Which requests, by `method`, `path` (with `*`), `header` and `body`; `first` how many, `per`
    /// which key; all if left out.
    #[serde(default, rename = "match", skip_serializing_if = "Match::is_any")]
    pub matching: Match,
}

impl Kind for HttpDelay {
    const NAME: &'static str = "http_delay";
    const UNDO: &'static str = "the rule is removed; answers held back are sent at once";
    const MARK: Mark = Mark {
        letter: 'l',
        colour: "#ef8a62",
    };
    const REACH: Reach = Reach::Requests;

    fn example() -> Self {
        Self {
            delay: Span::from_secs(1),
            jitter: Span::ZERO,
            after: None,
            matching: Match {
                path: Some("/charges*".to_owned()),
                ..Match::default()
            },
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let checks = Checks::default()
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
                format!("no byte can come early: at most {}", self.delay),
            );
        let checks = match self.after {
            Some(after) => checks.fits("after", after, after.0),
            None => checks,
        };
        self.matching.check(checks).done()
    }

    fn longest_delay(&self) -> Span {
        self.delay.plus(self.jitter)
    }

    fn effect(&self) -> Effect {
        self.matching.effect(Deed::Delayed {
            mean: self.delay,
            jitter: self.jitter,
        })
    }

    fn summary(&self) -> String {
        let delay = give_or_take(self.delay, self.jitter);
        let place = self.after.map(|after| format!(" behind {after} of body"));
        let matching = self.matching.summary();
        format!(
            "answers {delay} late{}{matching}",
            place.unwrap_or_default()
        )
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let before = if self.after.is_some() { "body" } else { "head" };
        let attributes = [
            ("delay", json!(millis(self.delay))),
            ("jitter", json!(millis(self.jitter))),
            ("before", json!(before)),
            ("bytes", json!(self.after.map_or(0, |after| after.0))),
        ];
        self.matching.toxic(target, Self::NAME, attributes)
    }
}
