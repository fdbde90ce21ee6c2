//! A failure as somebody is to handle it by hand: what they are told, what they may touch, what
//! they are held to, and what they say while they are at it.

use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::rehearsal::Target;
use crate::units::Span;

/// What a scenario says to whoever takes the seat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exercise {
    /// Where they are: nothing of it tells what is going to break.
    pub situation: String,
    /// How routes and flags stand before the incident.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Target>,
    /// Parts of the system that they may change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<Name>,
    /// Parts of the system that must keep their objectives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protects: Vec<Name>,
    /// Where routes and flags must stand in the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// What full marks are given for.
    #[serde(default)]
    pub aims: Aims,
    /// From a nudge to almost the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Ways that are known to help.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub solutions: Vec<Solution>,
    /// What is worth doing again, in one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub practise: String,
}

/// A way that is known to help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solution {
    /// What it does, in a few words.
    pub name: Name,
    /// Commands of a shell.
    pub commands: String,
}

/// Times of somebody who is good at it, from the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aims {
    /// Until it is declared.
    pub detect: Span,
    /// Until users are served again.
    pub mitigate: Span,
    /// Until everything is as it should be, after the cause was brought about again.
    pub recover: Span,
}

impl Default for Aims {
    fn default() -> Self {
        Self {
            detect: Span::from_secs(60),
            mitigate: Span::from_secs(120),
            recover: Span::from_secs(180),
        }
    }
}

/// Who handles an incident by hand, and under which terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// What they are told and held to.
    pub exercise: Exercise,
    /// How long it may take, from the prompt on.
    pub limit: Span,
    /// Whether the clock may be stopped for questions.
    pub training: bool,
    /// Whether nothing in reach tells what is broken.
    pub hidden: bool,
    /// Whether it is a program.
    pub program: bool,
}

/// What somebody in the seat says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saying {
    /// What is broken, and how.
    Declare {
        /// The part.
        component: String,
        /// One of [`crate::rehearsal::SYMPTOMS`].
        symptom: String,
    },
    /// A message to the people who wait.
    Message {
        /// What it says.
        text: String,
    },
    /// For the record.
    Note {
        /// What it says.
        text: String,
    },
    /// Asks for the next hint.
    Hint,
    /// Asks for the solution.
    Solution,
    /// Stops the clock.
    Pause,
    /// Lets the clock go on.
    Resume,
    /// It is handled, or there is nothing to handle.
    Done,
    /// It is not handled.
    GiveUp,
    /// The seat was left without a word.
    Left,
}
