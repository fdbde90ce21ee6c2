//! The real program, as a user calls it: real processes, real sockets, real signals.
//!
//! One binary with a harness of its own, so that what cannot run here is skipped visibly. Tests
//! that start systems take the machine for themselves, one after the other.
//!
//! | file | what lives there |
//! |---|---|
//! | `lab` | the little language of the tests: a home folder, the program, what came of it |
//! | `attached` | systems that run already |
//! | `containers` | the same in containers, where an engine and images are |
//! | `files` | mistakes in scenario files |
//! | `verdicts` | runs that pass, fail, and cannot say |
//! | `load` | executors, several generator processes |
//! | `patterns` | resilience patterns fail when they are off and pass when they are on |
//! | `endings` | signals, crashes, failures: nothing is left behind |
//! | `engines` | which container engine is meant, and who says so |
//! | `fixtures` | what services hold before anybody calls them |
//! | `relay` | a relay in front of the container engine, which can be cut |
//! | `sandbox` | a system kept up in one terminal, acted upon from another |
//! | `rehearse` | somebody in the seat: rehearsals by hand |
//! | `grade` | runbooks against their failure, and ways to cheat |
//! | `terminal` | a pseudo-terminal and what its screen shows |
//! | `catalog` | every scenario breaks by default and holds with its remedy; only when asked for |
//! | `toxiproxy` | faults through a server that runs already |
//! | `gate` | decisions on a release, accepted runs, files that are wrong |
//! | `browser` | the HTML report in Chromium; only where there is one |
//! | `schemas` | reports against the schemas that others publish |
//! | `reports` | reports from journals, whole and cut |

mod attached;
mod browser;
mod catalog;
mod containers;
mod endings;
mod engines;
mod files;
mod fixtures;
mod gate;
mod grade;
mod lab;
mod load;
mod patterns;
mod rehearse;
mod relay;
mod reports;
mod sandbox;
mod schemas;
mod terminal;
mod toxiproxy;
mod verdicts;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// For each trial that a busy machine spoils, at least so many others have to end.
const TOLERATED: u64 = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Runs measure time: two at once on a small machine would measure each other.
    arguments.test_threads = Some(1);
    if let Err(reason) = lab::build() {
        eprintln!("the program cannot be built: {reason}");
        return ExitCode::FAILURE;
    }
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(files::trials());
    trials.extend(reports::trials());
    trials.extend(schemas::trials());
    trials.extend(gate::trials());
    trials.extend(browser::trials());
    trials.extend(verdicts::trials());
    trials.extend(load::trials());
    trials.extend(patterns::trials());
    trials.extend(attached::trials());
    trials.extend(fixtures::trials());
    trials.extend(endings::trials());
    trials.extend(engines::trials());
    trials.extend(containers::trials());
    trials.extend(sandbox::trials());
    trials.extend(grade::trials());
    trials.extend(rehearse::trials());
    trials.extend(toxiproxy::trials());
    trials.extend(catalog::trials());
    let conclusion = libtest_mimic::run(&arguments, trials);
    let (busy, ran) = (lab::busy(), conclusion.num_passed + conclusion.num_failed);
    if busy > 0 {
        println!("the machine was too busy for {busy} trials, {ran} ended");
    }
    // Some may be lost to a busy machine; where many are, nothing was tested.
    if busy as u64 * TOLERATED > ran {
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}
