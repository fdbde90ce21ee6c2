//! The list of patterns. One that has its line here can be written, explained, judged and shown.

use lab_model::pattern::Watch;
use lab_model::{Link, Name, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::explain::Explanation;
use super::kind::{Needs, Pattern, Problem};
use super::weigh::Finding;
use super::wire::Wire;

/// What the registry knows of a pattern without its settings.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its name in scenarios.
    pub name: &'static str,
    /// What a run must have for it to be seen.
    pub needs: Needs,
    explain: fn() -> Explanation,
}

impl Entry {
    const fn of<P: Pattern>() -> Self {
        Self {
            name: P::NAME,
            needs: P::NEEDS,
            explain: Explanation::of::<P>,
        }
    }

    /// The pattern in words, derived from its type.
    pub fn explain(&self) -> Explanation {
        (self.explain)()
    }
}

/// The pattern of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    PATTERNS.iter().find(|entry| entry.name == name)
}

/// Declares [`PatternSpec`] with one variant a pattern, [`PATTERNS`], and the way from one to its
/// type.
macro_rules! registry {
    ($($pattern:ident,)+) => {
        /// A pattern as a scenario writes it: `timeout: { on: orders -> payments, at_most: 500ms }`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[schemars(rename = "Pattern")]
        pub enum PatternSpec {
            $(
                #[expect(missing_docs, reason = "the pattern's own documentation says it")]
                $pattern(super::$pattern),
            )+
        }

        /// All patterns, in the order in which they are listed for people.
        pub const PATTERNS: &[Entry] = &[$(Entry::of::<super::$pattern>()),+];

        impl PatternSpec {
            /// What the registry knows of it.
            pub fn entry(&self) -> Entry {
                match self { $(Self::$pattern(_) => Entry::of::<super::$pattern>(),)+ }
            }

            /// The link on which it must show.
            pub fn on(&self) -> Option<&Link> {
                match self { $(Self::$pattern(pattern) => pattern.on(),)+ }
            }

            /// The journey it speaks of.
            pub fn of(&self) -> Option<&Name> {
                match self { $(Self::$pattern(pattern) => pattern.of(),)+ }
            }

            /// A journey whose latency has to be counted against a limit for it.
            pub fn watch(&self) -> Option<Watch> {
                match self { $(Self::$pattern(pattern) => pattern.watch(),)+ }
            }

            /// How long a phase in which it must show has to last at least.
            pub fn shortest_phase(&self) -> Span {
                match self { $(Self::$pattern(pattern) => pattern.shortest_phase(),)+ }
            }

            /// What is wrong with its settings; empty when they make sense together.
            pub fn problems(&self) -> Vec<Problem> {
                match self { $(Self::$pattern(pattern) => pattern.problems(),)+ }
            }

            /// The pattern in words with its settings.
            pub fn summary(&self) -> String {
                match self { $(Self::$pattern(pattern) => pattern.summary(),)+ }
            }

            /// What the wire says of it.
            pub(super) fn judge(&self, wire: &Wire<'_>) -> Finding {
                match self { $(Self::$pattern(pattern) => pattern.judge(wire),)+ }
            }
        }
    };
}

registry! {
    Timeout,
    Retries,
    BackOff,
    Breaker,
    Fallback,
    Bulkhead,
    LoadShedding,
    Idempotency,
    Recovers,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_written_under_its_name() {
        for entry in PATTERNS {
            let example = entry.explain().example;
            let spec: PatternSpec = serde_json::from_value(example).unwrap();
            assert_eq!(spec.entry().name, entry.name);
            assert_eq!(spec.problems(), [], "the example of {}", entry.name);
            assert!(!spec.summary().is_empty());
            assert_eq!(find(entry.name).map(|found| found.name), Some(entry.name));
            let same = PATTERNS.iter().filter(|other| other.name == entry.name);
            assert_eq!(same.count(), 1, "{}", entry.name);
        }
    }
}
