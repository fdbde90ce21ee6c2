//! What every kind of fault must say about itself.

use lab_model::plan::Effect;
use lab_model::toxic::{Direction, Primitive, Toxic};
use lab_model::{Ratio, Span};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A kind of fault: a type whose fields are its attributes, as a scenario writes them.
///
/// The doc comment of the type and of its fields is what `lab explain` and editors show.
pub trait Kind: Serialize + DeserializeOwned + JsonSchema {
    /// Its name in scenarios: Toxiproxy's, where Toxiproxy has it.
    const NAME: &'static str;
    /// How it is taken back, in words.
    const UNDO: &'static str;
    /// How it is drawn.
    const MARK: Mark;
    /// What it acts on.
    const REACH: Reach = Reach::Connections;

    /// A typical one, for documentation; without [problems](Self::problems).
    fn example() -> Self;

    /// What is wrong with the attributes; empty when they make sense together and on the wire.
    fn problems(&self) -> Vec<Problem>;

    /// The longest time for which it can hold something back on its own account; a phase must be
    /// several times longer for the effect to be seen.
    fn longest_delay(&self) -> Span {
        Span::ZERO
    }

    /// What the proxy's counters must show for the fault to have a witness.
    fn effect(&self) -> Effect;

    /// The fault in words with its settings: `latency 2s ± 200ms`.
    fn summary(&self) -> String;

    /// What it is on the wire.
    fn primitives(&self, target: Target) -> Vec<Primitive>;
}

/// How a kind is drawn: a letter for text, a colour for charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// A capital that no other kind has.
    pub letter: char,
    /// A CSS colour that no other kind has, told apart by people who see fewer colours
    /// (the palette of Okabe and Ito).
    pub colour: &'static str,
}

/// What a kind acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Single connections, in one direction: `direction` and `toxicity` apply.
    Connections,
    /// The link as a whole: `direction` and `toxicity` have no meaning.
    Link,
}

/// Which bytes of a link a fault acts on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The direction of the bytes.
    pub direction: Direction,
    /// The share of connections.
    pub toxicity: Ratio,
}

impl Target {
    /// One toxic on this target: Toxiproxy's type, with its attributes in its own units.
    pub(crate) fn toxic<const N: usize>(
        self,
        kind: &str,
        attributes: [(&str, u64); N],
    ) -> Vec<Primitive> {
        let attributes = attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        vec![Primitive::Toxic(Toxic {
            kind: kind.to_owned(),
            stream: self.direction,
            toxicity: self.toxicity,
            attributes,
        })]
    }
}
