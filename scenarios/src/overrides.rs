//! What the command line changes about a scenario.

use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Finding};
use crate::source::{Place, Source};
use crate::tree::Report;

/// What the command line changes: `--with K=V`, `--seed N`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    settings: Vec<String>,
    seed: Option<u64>,
}

/// A word of a setting with its place in it.
type Word<'a> = (&'a str, Place);

impl Overrides {
    /// Settings as `K=V`, in the order of the command line (the last of one key counts), and a
    /// seed.
    pub fn new(settings: Vec<String>, seed: Option<u64>) -> Self {
        Self { settings, seed }
    }

    pub(crate) fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// Hands every setting on, and returns what is wrong with them.
    pub(crate) fn apply(
        &self,
        set: &mut dyn FnMut(Word<'_>, Word<'_>, &Report),
    ) -> Vec<Diagnostic> {
        let mut wrong = Vec::new();
        for text in &self.settings {
            let source = Arc::new(Source::trusted("--with", "--with", text));
            let report = Report::new(source);
            let place = |start, end| Place { start, end };
            if let Some((name, value)) = text.split_once('=') {
                let name = (name, place(0, name.len()));
                let value = (value, place(text.len() - value.len(), text.len()));
                set(name, value, &report);
            } else {
                let message = format!("`{text}` sets nothing");
                report.add(
                    Finding::new(Code::BadSetting, place(0, text.len()), message)
                        .help("write `--with NAME=VALUE`, as in `--with orders.timeout=400ms`"),
                );
            }
            wrong.extend(report.into_diagnostics());
        }
        wrong
    }

    /// The arguments that run the same again.
    pub(crate) fn replay(&self, reference: &str, seed: u64) -> Vec<String> {
        let mut arguments = vec!["run".to_owned(), reference.to_owned()];
        arguments.extend(["--seed".to_owned(), seed.to_string()]);
        for setting in &self.settings {
            arguments.extend(["--with".to_owned(), setting.clone()]);
        }
        arguments
    }
}
