//! The exit codes of the program.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the program ends. Several may apply at once: [`Exit::merge`] says which is returned, and
/// the JSON report lists all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// Everything held.
    Pass,
    /// An objective or a check failed.
    Fail,
    /// The data cannot carry a verdict.
    Inconclusive,
    /// The scenario is invalid, or the program was called wrongly.
    Usage,
    /// The environment or the lab itself failed.
    Environment,
    /// Something could not be removed.
    CleanUp,
    /// An abort condition stopped the run.
    Aborted,
    /// Ctrl-C, cleaned up.
    Interrupted,
    /// SIGTERM, cleaned up.
    Terminated,
}

impl Exit {
    /// Most urgent first.
    const ORDER: [Self; 9] = [
        Self::Interrupted,
        Self::Terminated,
        Self::Usage,
        Self::Environment,
        Self::CleanUp,
        Self::Aborted,
        Self::Fail,
        Self::Inconclusive,
        Self::Pass,
    ];

    /// The number given to the shell.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Inconclusive => 2,
            Self::Usage => 3,
            Self::Environment => 4,
            Self::CleanUp => 5,
            Self::Aborted => 6,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The most urgent of several; a pass where there is none.
    pub fn merge(exits: &[Self]) -> Self {
        Self::ORDER
            .into_iter()
            .find(|exit| exits.contains(exit))
            .unwrap_or(Self::Pass)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_is_returned() {
        let check = |exits: &[Exit], code| assert_eq!(Exit::merge(exits).code(), code);
        check(&[], 0);
        check(&[Exit::Pass, Exit::Inconclusive], 2);
        check(&[Exit::Inconclusive, Exit::Fail], 1);
        check(&[Exit::Fail, Exit::Aborted], 6);
        check(&[Exit::Fail, Exit::CleanUp, Exit::Environment], 4);
        check(&[Exit::Usage, Exit::Interrupted], 130);
        check(&[Exit::Terminated, Exit::Fail], 143);
    }
}
