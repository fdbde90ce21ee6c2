//! Which trials a session has, in their order: what is cheap and tells most comes first.

use super::{Session, Trial};

/// All trials of a session.
pub fn trials(session: &Session) -> Vec<Trial> {
    let mut trials = Vec::new();
    for scenario in &session.scenarios {
        let scenario = || scenario.clone();
        for round in 1..=session.runs {
            trials.push(Trial::Own {
                scenario: scenario(),
                round,
            });
        }
        if session.reference.is_some() || session.allowed.excess.is_some() {
            trials.push(Trial::Nothing {
                scenario: scenario(),
            });
        }
        if session.reference.is_some() {
            trials.push(Trial::Reference {
                scenario: scenario(),
            });
        }
    }
    if session.sides {
        trials.push(Trial::Healthy);
    }
    if let Some(scenario) = session.wrong.clone().filter(|_| session.sides) {
        trials.push(Trial::Wrong { scenario });
    }
    for round in 1..=session.mutant_runs {
        let mutants = session.mutants.iter();
        trials.extend(mutants.map(|mutant| Trial::Mutant {
            name: mutant.name.clone(),
            round,
        }));
    }
    trials
}
