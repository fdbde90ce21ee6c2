//! What whoever rehearses a scenario by hand is told and held to.

use lab_model::{Name, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tree::{At, Entries};

/// A scenario as somebody handles it by hand, with `lab rehearse`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rehearsal")]
pub(crate) struct RehearsalSpec {
    /// Where they are, in a few sentences. It does not tell what is going to break.
    pub(crate) situation: At<String>,
    /// How routes and flags stand before: `route orders service=25`, `flag compact-pages=on`.
    pub(crate) starts: Option<At<Vec<At<String>>>>,
    /// Parts that they may change: services, routes, flags, or `gateway` for all of the latter.
    pub(crate) touches: Option<At<Vec<At<Name>>>>,
    /// Journeys and services that must keep their objectives.
    pub(crate) protects: Option<At<Vec<At<Name>>>>,
    /// Where routes and flags must stand in the end.
    pub(crate) oracles: Option<At<Vec<At<String>>>>,
    /// Times of somebody who is good at it.
    pub(crate) aims: Option<At<AimsSpec>>,
    /// From a nudge to almost the answer; three are usual.
    pub(crate) hints: Option<At<Vec<At<String>>>>,
    /// Ways that are known to help, by name: commands of a shell.
    pub(crate) solutions: Option<At<Entries<Name, String>>>,
    /// What is worth doing again, in one sentence.
    pub(crate) practise: Option<At<String>>,
}

/// Times of somebody who is good at it, from the fault.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Aims")]
pub(crate) struct AimsSpec {
    /// Until it is declared; 60s if left out.
    pub(crate) detect: Option<At<Span>>,
    /// Until users are served again; 2m if left out.
    pub(crate) mitigate: Option<At<Span>>,
    /// Until everything is as it should be; 3m if left out.
    pub(crate) recover: Option<At<Span>>,
}
