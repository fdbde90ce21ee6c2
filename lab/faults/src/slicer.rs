//! Bytes in small pieces.

use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use lab_model::{ByteSize, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Target};
use crate::problem::{Checks, Problem};

/// Bytes pass in small pieces with a pause between them: what breaks readers that expect a message
/// in one piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slicer {
    /// The mean size of a piece.
    pub average_size: ByteSize,
    /// The largest deviation from it; smaller than the mean.
    #[serde(default = "no_bytes")]
    pub size_variation: ByteSize,
    /// The pause between two pieces.
    #[serde(default)]
    pub delay: Span,
}

const fn no_bytes() -> ByteSize {
    ByteSize(0)
}

impl Kind for Slicer {
    const NAME: &'static str = "slicer";
    const UNDO: &'static str = "the toxic is removed; bytes held back are sent at once";
    const MARK: Mark = Mark {
        letter: 'S',
        colour: "#f0e442",
    };

    fn example() -> Self {
        Self {
            average_size: ByteSize(64),
            size_variation: ByteSize(32),
            delay: Span::from_millis(10),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let (size, variation) = (self.average_size, self.size_variation);
        Checks::default()
            .refuse(
                size.0 == 0,
                "average_size",
                "a piece has at least one byte",
                "give it a size such as `64B`",
            )
            // Toxiproxy's server ends when the variation exceeds the size.
            .refuse(
                size.0 > 0 && variation >= size,
                "size_variation",
                format!("a variation of {variation} leaves nothing of {size}"),
                format!("less than {size}"),
            )
            .fits("average_size", size, size.0)
            .fits("size_variation", variation, variation.0)
            .micros("delay", self.delay)
            .done()
    }

    fn longest_delay(&self) -> Span {
        self.delay
    }

    fn effect(&self) -> Effect {
        Effect::Reshape
    }

    fn summary(&self) -> String {
        format!("pieces of {}, {} apart", self.average_size, self.delay)
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        let attributes = [
            ("average_size", self.average_size.0),
            ("size_variation", self.size_variation.0),
            ("delay", self.delay.as_micros()),
        ];
        target.toxic("slicer", attributes)
    }
}
