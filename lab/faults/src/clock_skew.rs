//! A clock that goes wrong.

use lab_model::Span;
use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};

/// A service's wall clock is ahead or behind; its monotonic clock is not touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockSkew {
    /// By how much the clock is wrong, in whole seconds.
    pub by: Span,
    /// Whether it is behind instead of ahead.
    #[serde(default)]
    pub behind: bool,
}

impl Kind for ClockSkew {
    const NAME: &'static str = "clock_skew";
    const UNDO: &'static str = "the clock is right again";
    const MARK: Mark = Mark {
        letter: 'Z',
        colour: "#888845",
    };
    const REACH: Reach = Reach::Service;

    fn example() -> Self {
        Self {
            by: Span::from_secs(3_600),
            behind: false,
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let whole = self.by.as_micros() > 0 && self.by.as_micros().is_multiple_of(1_000_000);
        Checks::default()
            .refuse(
                !whole,
                "by",
                format!("`{}` is not a whole number of seconds above zero", self.by),
                "write `1h` or `90s`",
            )
            .done()
    }

    fn effect(&self) -> Effect {
        Effect::State
    }

    fn summary(&self) -> String {
        format!(
            "clock {} {}",
            self.by,
            if self.behind { "behind" } else { "ahead" }
        )
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::ClockSkew {
            by: self.by,
            behind: self.behind,
        })
    }
}
