//! What became of the mutants.

use serde::Serialize;

use crate::grade::{Verdict, failure_rate_bound};

/// One run of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// Whether the runbook itself ended with success.
    pub succeeded: bool,
    /// What the judge says of it; in a system that the runbook was not written for, `Fail` where
    /// something was changed.
    pub verdict: Verdict,
}

/// What became of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The runbook noticed: a block of it failed.
    KilledByRunbook,
    /// The runbook said that all is well, and it was not: a verification gap.
    KilledByLab,
    /// Nobody noticed: a useless step, or a blind check.
    Survived,
    /// Its author says that it is as good as the runbook, and nobody noticed a difference.
    Equivalent,
    /// Runs of it ended differently; it does not count as killed.
    Flaky,
    /// The lab could not say.
    Unknown,
}

impl Fate {
    /// What became of it in one run.
    fn of(trial: Trial) -> Self {
        match trial {
            Trial {
                succeeded: false, ..
            } => Self::KilledByRunbook,
            Trial {
                verdict: Verdict::Fail,
                ..
            } => Self::KilledByLab,
            Trial {
                verdict: Verdict::Pass,
                ..
            } => Self::Survived,
            Trial {
                verdict: Verdict::Unknown,
                ..
            } => Self::Unknown,
        }
    }

    /// What became of it in all its runs. A declaration of equivalence holds only where nobody
    /// noticed anything: what is killed was not equivalent.
    pub fn merged(trials: &[Trial], declared_equivalent: bool) -> Self {
        let mut fates = trials.iter().map(|trial| Self::of(*trial));
        let Some(first) = fates.next() else {
            return Self::Unknown;
        };
        let rest: Vec<Self> = fates.collect();
        if first == Self::Unknown || rest.contains(&Self::Unknown) {
            Self::Unknown
        } else if rest.iter().any(|fate| *fate != first) {
            Self::Flaky
        } else if first == Self::Survived && declared_equivalent {
            Self::Equivalent
        } else {
            first
        }
    }
}

/// How many mutants met which fate, and what that says of the runbook's checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct MutationScore {
    /// Mutants that the runbook killed.
    pub killed_by_runbook: u32,
    /// Mutants that only the lab killed.
    pub killed_by_lab: u32,
    /// Mutants that survived.
    pub survived: u32,
    /// Mutants that are as good as the runbook.
    pub equivalent: u32,
    /// Mutants whose runs ended differently.
    pub flaky: u32,
    /// Mutants of which the lab cannot say.
    pub unknown: u32,
    /// Runs of each mutant, the fewest.
    pub runs: u32,
}

impl MutationScore {
    /// Counts fates; `runs` is the least number of runs that any mutant had.
    pub fn of(fates: impl IntoIterator<Item = Fate>, runs: u32) -> Self {
        let mut score = Self {
            runs,
            ..Self::default()
        };
        for fate in fates {
            let count = match fate {
                Fate::KilledByRunbook => &mut score.killed_by_runbook,
                Fate::KilledByLab => &mut score.killed_by_lab,
                Fate::Survived => &mut score.survived,
                Fate::Equivalent => &mut score.equivalent,
                Fate::Flaky => &mut score.flaky,
                Fate::Unknown => &mut score.unknown,
            };
            *count += 1;
        }
        score
    }

    /// Killed by the runbook over all that are not equivalent: 0 to 1. `None` where there is no
    /// such mutant, or the lab cannot say of one.
    pub fn ratio(&self) -> Option<f64> {
        let all = self.killed_by_runbook + self.killed_by_lab + self.survived + self.flaky;
        (all > 0 && self.unknown == 0).then(|| f64::from(self.killed_by_runbook) / f64::from(all))
    }

    /// The largest rate, with 95 % confidence, at which a mutant that was always killed would
    /// still survive.
    pub fn bound(&self) -> f64 {
        failure_rate_bound(self.runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTICED: Trial = Trial {
        succeeded: false,
        verdict: Verdict::Fail,
    };
    const MISSED: Trial = Trial {
        succeeded: true,
        verdict: Verdict::Fail,
    };
    const HARMLESS: Trial = Trial {
        succeeded: true,
        verdict: Verdict::Pass,
    };
    const UNSURE: Trial = Trial {
        succeeded: true,
        verdict: Verdict::Unknown,
    };

    #[test]
    fn fates_are_merged() {
        let check = |trials: &[Trial], declared, expected| {
            assert_eq!(Fate::merged(trials, declared), expected, "{trials:?}");
        };
        check(&[NOTICED; 3], false, Fate::KilledByRunbook);
        check(&[NOTICED; 3], true, Fate::KilledByRunbook);
        check(&[MISSED; 3], true, Fate::KilledByLab);
        check(&[HARMLESS; 3], false, Fate::Survived);
        check(&[HARMLESS; 3], true, Fate::Equivalent);
        check(&[NOTICED, NOTICED, HARMLESS], false, Fate::Flaky);
        check(&[NOTICED, UNSURE], false, Fate::Unknown);
        check(&[], false, Fate::Unknown);
    }

    #[test]
    fn flaky_mutants_are_not_killed_and_unknown_ones_make_no_score() {
        use Fate::{Equivalent, Flaky, KilledByLab, KilledByRunbook, Survived, Unknown};
        let fates = [
            KilledByRunbook,
            KilledByRunbook,
            KilledByLab,
            Survived,
            Flaky,
            Equivalent,
        ];
        let score = MutationScore::of(fates, 3);
        assert_eq!(score.ratio(), Some(2.0 / 5.0));
        assert!((score.bound() - 0.6316).abs() < 1e-4);
        assert_eq!(
            MutationScore::of([KilledByRunbook, Unknown], 3).ratio(),
            None
        );
        assert_eq!(MutationScore::of([Equivalent], 3).ratio(), None);
    }
}
