//! Scenario texts for the tests, and the way from a text to what comes of it.

use std::sync::Arc;

use lab_scenarios::{Diagnostics, Overrides, Planned, Source, plan};

/// A scenario without a mistake, one change of which makes one mistake.
pub(crate) const GOOD: &str = "\
scenario: sample
about: Checkout holds while payments is late.
system: shop
load:
  journeys: { browse: 2, checkout: 1 }
  arrivals: { constant: { rate: 150/s } }
phases:
  - baseline: 15s
  - fault:
      for: 30s
      inject:
        - on: orders -> payments
          fault: { latency: { delay: 2s, jitter: 200ms } }
  - recovery: 25s
objectives:
  - availability: { of: checkout, at_least: 99% }
";

/// [`GOOD`] with one text replaced by another; the text must be there.
pub(crate) fn with(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from:?} is not in the sample");
    GOOD.replacen(from, to, 1)
}

pub(crate) fn try_plan(text: &str) -> Result<Planned, Diagnostics> {
    let source = Source::new("sample.yaml", text.into())?;
    plan(Arc::new(source), &Overrides::default())
}

/// Everything found in a text, as plain text; `fine` where there is nothing.
pub(crate) fn found(text: &str) -> String {
    let found = match try_plan(text) {
        Ok(planned) => planned.warnings,
        Err(diagnostics) => diagnostics.into_iter().collect(),
    };
    let plain: Vec<String> = found.iter().map(lab_scenarios::Diagnostic::plain).collect();
    if plain.is_empty() {
        "fine".to_owned()
    } else {
        plain.join("\n")
    }
}

/// The codes of everything found in a text, each with the text at its place.
pub(crate) fn codes(text: &str) -> Vec<String> {
    let found: Vec<_> = match try_plan(text) {
        Ok(planned) => planned.warnings,
        Err(diagnostics) => diagnostics.into_iter().collect(),
    };
    let at = |offset: usize, length: usize| text.get(offset..offset + length).unwrap_or_default();
    found
        .iter()
        .map(|d| format!("{} {}", d.code(), at(d.offset(), d.length())))
        .collect()
}

/// Asserts which codes a text has, and where: `code text-at-the-place`.
pub(crate) fn check(text: &str, expected: &[&str]) {
    assert_eq!(codes(text), expected, "{}\n---\n{text}", found(text));
}
