//! What the command line changes about a scenario.

use std::sync::Arc;
use std::time::Duration;

use lab_model::container::Runtime;
use lab_model::{Ratio, Span};

use crate::code::Code;
use crate::compose::ComposeFile;
use crate::tree::Report;
use lab_diagnostic::{Diagnostic, Finding, Place, Source};

/// What the command line changes: `--with K=V`, `--seed N`, `--driver D`,
/// `--toxiproxy HOST:PORT`, `--early-stop[=TIME]`, `--allow HOST`, `--lengths SHARE`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    settings: Vec<String>,
    seed: Option<u64>,
    toxiproxy: Option<String>,
    runtime: Option<Runtime>,
    compose: Option<ComposeFile>,
    early_stop: Option<Span>,
    allowed: Vec<String>,
    lengths: Option<Ratio>,
}

/// A word of a setting with its place in it.
type Word<'a> = (&'a str, Place);

impl Overrides {
    /// Settings as `K=V`, in the order of the command line (the last of one key counts), and a
    /// seed.
    pub fn new(settings: Vec<String>, seed: Option<u64>) -> Self {
        Self {
            settings,
            seed,
            toxiproxy: None,
            runtime: None,
            compose: None,
            early_stop: None,
            allowed: Vec::new(),
            lengths: None,
        }
    }

    /// The same, against hosts that are not this one.
    #[must_use]
    pub fn allowing(self, allowed: Vec<String>) -> Self {
        Self { allowed, ..self }
    }

    /// What services run as, whatever the scenario says.
    #[must_use]
    pub fn on(mut self, runtime: Option<Runtime>) -> Self {
        self.runtime = runtime;
        self
    }

    /// The compose file that the scenario names.
    #[must_use]
    pub fn with_compose(mut self, file: Option<ComposeFile>) -> Self {
        self.compose = file;
        self
    }

    pub(crate) fn compose(&self) -> Option<&ComposeFile> {
        self.compose.as_ref()
    }

    pub(crate) fn runtime(&self) -> Option<Runtime> {
        self.runtime
    }

    /// The same, with the server through which faults are injected, if it is none of the lab's.
    #[must_use]
    pub fn with_toxiproxy(self, toxiproxy: Option<String>) -> Self {
        Self { toxiproxy, ..self }
    }

    pub(crate) fn toxiproxy(&self) -> Option<&str> {
        self.toxiproxy.as_deref()
    }

    /// The same, ending as soon as the verdict is decided: how much of a phase a pass needs.
    #[must_use]
    pub fn with_early_stop(self, early_stop: Option<Span>) -> Self {
        Self { early_stop, ..self }
    }

    /// The same with every phase at this share of its length, in whole seconds and never under one.
    #[must_use]
    pub fn with_lengths(self, lengths: Option<Ratio>) -> Self {
        Self { lengths, ..self }
    }

    /// How long a phase is that a file says lasts so long.
    pub(crate) fn length(&self, length: Span) -> Span {
        let second = Span::from_secs(1);
        match self.lengths {
            Some(share) if length > second => {
                let part = length.duration().mul_f64(share.get());
                let seconds = (part + Duration::from_millis(500)).as_secs();
                Span::from_secs(seconds).max(second)
            }
            _ => length,
        }
    }

    pub(crate) fn early_stop(&self) -> Option<Span> {
        self.early_stop
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
            let source = Arc::new(Source::embedded("--with", "--with", text));
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
    pub(crate) fn replay(&self, command: &str, reference: &str, seed: u64) -> Vec<String> {
        let mut arguments = vec![command.to_owned(), reference.to_owned()];
        arguments.extend(["--seed".to_owned(), seed.to_string()]);
        if let Some(runtime) = self.runtime {
            arguments.extend(["--driver".to_owned(), runtime.as_str().to_owned()]);
        }
        for setting in &self.settings {
            arguments.extend(["--with".to_owned(), setting.clone()]);
        }
        if let Some(least) = self.early_stop {
            arguments.push(format!("--early-stop={least}"));
        }
        for host in &self.allowed {
            arguments.extend(["--allow".to_owned(), host.clone()]);
        }
        if let Some(share) = self.lengths {
            arguments.push(format!("--lengths={share}"));
        }
        if let Some(server) = &self.toxiproxy {
            arguments.extend(["--toxiproxy".to_owned(), server.clone()]);
        }
        arguments
    }
}
