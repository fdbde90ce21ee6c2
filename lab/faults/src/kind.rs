//! What every kind of fault must say about itself.

use lab_model::action::{Action, ServiceFault};
use lab_model::plan::Effect;
use lab_model::toxic::{Direction, Primitive, Stream, Toxic};
use lab_model::{Name, Ratio, Span};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

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

    /// Reads the files that its attributes name; what is wrong with them.
    fn load(&mut self, read: Read<'_>) -> Vec<Problem> {
        let _ = read;
        Vec::new()
    }

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
    fn primitives(&self, target: Target<'_>) -> Vec<Primitive>;
}

/// Reads a file that a scenario names; the error says why it cannot be read.
pub type Read<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// How a kind is drawn: a letter for text, a colour for charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// A letter that no other kind has; capitals for those that know nothing of what is said.
    pub letter: char,
    /// A CSS colour that no other kind has, told apart by people who see fewer colours
    /// (the palette of Okabe and Ito, and where it ends, of Tol's muted one).
    pub colour: &'static str,
}

/// What a kind acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Single connections, in one direction or both: `direction` and `toxicity` apply.
    Connections,
    /// Single requests of HTTP on a link: `toxicity` is the share of those that match, `direction`
    /// has no meaning.
    Requests,
    /// Single sessions, statements or commits of PostgreSQL on a link: `toxicity` is the share of
    /// those that match, `direction` has no meaning.
    Database,
    /// Single handshakes of TLS on a link: `toxicity` is the share of those, `direction` has no
    /// meaning.
    Handshakes,
    /// The link as a whole: `direction` and `toxicity` have no meaning.
    Link,
    /// A service: `on` names it, `direction` and `toxicity` have no meaning.
    Service,
}

impl Reach {
    /// Whether `toxicity` has a meaning.
    pub const fn has_share(self) -> bool {
        match self {
            Self::Connections | Self::Requests | Self::Database | Self::Handshakes => true,
            Self::Link | Self::Service => false,
        }
    }
}

/// What a fault acts on: bytes of a link, or a service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target<'a> {
    /// The direction of the bytes.
    pub direction: Direction,
    /// The share of connections.
    pub toxicity: Ratio,
    /// The service, for kinds that act on one.
    pub service: Option<&'a Name>,
}

impl Target<'_> {
    /// An action on the service; nothing where no service is named, as on a link.
    pub(crate) fn service(self, action: Action) -> Vec<Primitive> {
        let service = self.service.cloned();
        let fault = |service| Primitive::Service(ServiceFault { service, action });
        service.map(fault).into_iter().collect()
    }

    /// A toxic on each stream of this target: its type, with its attributes in its own units.
    pub(crate) fn toxic<V: Into<Value>, const N: usize>(
        self,
        kind: &str,
        attributes: [(&str, V); N],
    ) -> Vec<Primitive> {
        let attributes: Map<String, Value> = attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let on = |stream: &Stream| {
            Primitive::Toxic(Toxic {
                kind: kind.to_owned(),
                stream: *stream,
                toxicity: self.toxicity,
                attributes: attributes.clone(),
            })
        };
        self.direction.streams().iter().map(on).collect()
    }
}

/// A share from a constant of this crate.
pub(crate) fn share(share: f64) -> Ratio {
    Ratio::new(share).unwrap_or(Ratio::ONE)
}

/// A name from a constant of this crate.
pub(crate) fn constant(text: &'static str) -> Name {
    #[expect(
        clippy::expect_used,
        reason = "constants of this crate, each used by a test"
    )]
    Name::new(text).expect("a name")
}
