//! A service that dies.

use lab_model::action::Action;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};

/// The signals that end a process unless it objects.
const SIGNALS: [&str; 7] = ["KILL", "TERM", "INT", "HUP", "QUIT", "ABRT", "SEGV"];

/// A service ends by a signal, with whatever it was doing, and stays away: a crash, the killer of
/// a machine without memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// The signal: `KILL` cannot be heard by the service, `TERM` can.
    #[serde(default = "kill")]
    pub signal: String,
}

fn kill() -> String {
    "KILL".to_owned()
}

impl Kind for Kill {
    const NAME: &'static str = "kill";
    const UNDO: &'static str = "the service is started again, with the data it had";
    const MARK: Mark = Mark {
        letter: 'K',
        colour: "#882254",
    };
    const REACH: Reach = Reach::Service;

    fn example() -> Self {
        Self { signal: kill() }
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default()
            .refuse(
                !SIGNALS.contains(&self.signal.as_str()),
                "signal",
                format!("`{}` is no signal that ends a service", self.signal),
                format!("one of {}", SIGNALS.join(", ")),
            )
            .done()
    }

    fn effect(&self) -> Effect {
        Effect::State
    }

    fn summary(&self) -> String {
        format!("kill by {}", self.signal)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        target.service(Action::Kill {
            signal: self.signal.clone(),
        })
    }
}
