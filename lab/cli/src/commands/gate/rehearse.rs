//! The runs of a gate: side by side, the shortest first, until the decision has fallen or the time
//! is over.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, thread};

use jiff::Timestamp;
use lab_drivers::containers::image::Substitutes;
use lab_model::policy::{Doubt, Policy};
use lab_model::{Exit, Name, Span};
use lab_report::{Run as Report, alone, html, junit, markdown};
use lab_scenarios::Planned;
use lab_verdict::outcome::Call;
use lab_verdict::release::{Beside, Rehearsed, is_decided};
use lab_verdict::{across, judge};

use super::Chosen;
use crate::arguments::{Choice, Color, Gate, Run, Strength};
use crate::commands::run::{Watch, execute, exit_of};
use crate::{runs, scenario, text};

/// A system takes some seconds to start and to end.
const AROUND: Span = Span::from_secs(10);

/// Runs what was chosen; `beside` learns what was not run, and why.
pub(super) fn rehearse(
    options: &Gate,
    policy: &Policy,
    chosen: Vec<Chosen>,
    beside: &mut Beside,
    color: Color,
) -> Vec<Rehearsed> {
    let all = chosen.len();
    let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let side_by_side = options.parallel.unwrap_or(processors).get().min(all);
    let work = Work {
        options,
        policy,
        color,
        started: Timestamp::now(),
        all,
        watch: if side_by_side == 1 {
            Watch::Screen
        } else {
            Watch::Nothing
        },
        state: Mutex::new(State {
            waiting: chosen.into_iter().enumerate().collect(),
            done: Vec::new(),
            beside,
            interrupted: false,
        }),
    };
    thread::scope(|scope| {
        for _ in 0..side_by_side {
            scope.spawn(|| work.take_turns());
        }
    });
    let state = work.state.into_inner();
    let mut done = state.unwrap_or_else(PoisonError::into_inner).done;
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, run)| run).collect()
}

/// What all threads share.
struct Work<'a> {
    options: &'a Gate,
    policy: &'a Policy,
    color: Color,
    started: Timestamp,
    all: usize,
    watch: Watch,
    state: Mutex<State<'a>>,
}

struct State<'a> {
    waiting: VecDeque<(usize, Chosen)>,
    /// With its place among all that was chosen.
    done: Vec<(usize, Rehearsed)>,
    beside: &'a mut Beside,
    interrupted: bool,
}

impl<'a> Work<'a> {
    fn state(&self) -> MutexGuard<'_, State<'a>> {
        // A thread that panicked has left nothing half done in here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One run after the other, as long as there is one to start.
    fn take_turns(&self) {
        while let Some((place, one)) = self.next() {
            let name = one.planned.plan.scenario.clone();
            match self.settled(one) {
                Ok(run) => {
                    let mut state = self.state();
                    state.interrupted |= interrupted(&run);
                    self.tell(&name, &run, state.done.len() + 1);
                    state.done.push((place, run));
                }
                Err((exit, why)) => {
                    text::note(&format!("gate: {name} was not run: {why}"));
                    let mut state = self.state();
                    state.beside.not_run.push((name, why));
                    state.beside.exits.push(exit);
                }
            }
        }
    }

    /// The next one that is worth its time; why others are not is written down.
    fn next(&self) -> Option<(usize, Chosen)> {
        let mut state = self.state();
        while let Some((place, one)) = state.waiting.pop_front() {
            if state.interrupted {
                return None;
            }
            let plan = &one.planned.plan;
            // How often a verdict differs is known when all seeds of its scenario have run.
            let mut done = state.done.iter();
            let begun = done.any(|(_, run)| run.plan.scenario == plan.scenario);
            let skipped = if !begun && !self.options.keep_going && self.is_decided(&state) {
                Some("the decision had fallen; --keep-going runs all".to_owned())
            } else if !self.fits(plan.length()) {
                Some(format!(
                    "it takes {}, and the budget of {} is spent",
                    plan.length(),
                    self.budget()
                ))
            } else {
                None
            };
            let Some(why) = skipped else {
                if self.watch == Watch::Nothing {
                    text::note(&format!(
                        "gate: {} begins, {}",
                        plan.scenario,
                        plan.length()
                    ));
                }
                return Some((place, one));
            };
            let name = plan.scenario.clone();
            state.beside.not_run.push((name, why));
        }
        None
    }

    fn is_decided(&self, state: &State<'_>) -> bool {
        let done: Vec<Rehearsed> = state.done.iter().map(|(_, run)| run.clone()).collect();
        is_decided(self.policy, &done, state.beside)
    }

    fn budget(&self) -> Span {
        let forever = Span::from_micros(u64::MAX);
        self.options.budget.unwrap_or(forever)
    }

    fn spent(&self) -> Span {
        let spent = Timestamp::now().duration_since(self.started);
        Span::from(spent.unsigned_abs())
    }

    fn fits(&self, length: Span) -> bool {
        self.spent().plus(length).plus(AROUND) <= self.budget()
    }

    /// A run, and where the policy says so another one with the next seed where it could not say.
    fn settled(&self, one: Chosen) -> Result<Rehearsed, (Exit, String)> {
        let (seed, length) = (one.planned.plan.seed, one.planned.plan.length());
        let run = self.rehearsed(&one.choice, one.planned)?;
        let extend = self.options.repeat == 1
            && run.verdict.call == Call::Inconclusive
            && self.policy.inconclusive == Doubt::Extend
            && !interrupted(&run)
            && self.fits(length);
        if !extend {
            return Ok(run);
        }
        let seed = seed.wrapping_add(1);
        let reference = &one.reference;
        text::note(&format!(
            "gate: {reference} could not say; once more with seed {seed}"
        ));
        let choice = Choice {
            seed: Some(seed),
            ..one.choice
        };
        let again = scenario::planned(&choice, reference, self.color).ok();
        let again = again.and_then(|planned| self.rehearsed(&choice, planned).ok());
        Ok(again.unwrap_or(run))
    }

    /// One run, its reports written.
    fn rehearsed(&self, choice: &Choice, planned: Planned) -> Result<Rehearsed, (Exit, String)> {
        let run = Run {
            choice: choice.clone(),
            kept: self.options.kept.clone(),
            images: vec![],
            image_map: None,
            format: "terminal".to_owned(),
            strength: Strength::Observed,
            proxy_api: None,
        };
        let folder = execute(
            &run,
            planned,
            Substitutes::default(),
            self.watch,
            self.color,
        )
        .map_err(|failure| (exit_of(&failure), failure.to_string()))?;
        let broken = |error: runs::RunError| (Exit::Environment, error.to_string());
        let journal = runs::journal(&folder).map_err(broken)?;
        let verdict = judge(&journal);
        if let Some(reports) = &self.options.reports {
            let shown = folder.to_string_lossy();
            let report = Report::new(&journal, &verdict, Some(&shown));
            let write = |ending: &str, text: String| {
                fs::create_dir_all(reports)?;
                fs::write(
                    reports.join(format!("{}.{ending}", journal.opened.run)),
                    text,
                )
            };
            write("html", html::report(&report))
                .and_then(|()| write("xml", junit::report(&report)))
                .and_then(|()| write("md", markdown::report(&report)))
                .map_err(|error| (Exit::Environment, format!("{}: {error}", reports.display())))?;
        }
        Ok(Rehearsed {
            run: journal.opened.run.to_string(),
            summary: across::summary(&journal),
            plan: journal.opened.plan.clone(),
            verdict,
        })
    }

    /// How a run ended, and how far the gate is.
    fn tell(&self, name: &Name, run: &Rehearsed, done: usize) {
        let call = alone(run.verdict.call);
        let seconds = self.spent().as_micros() / 1_000_000;
        text::note(&format!(
            "gate: {call} {name} ({done} of {}, {seconds} s)",
            self.all
        ));
    }
}

fn interrupted(run: &Rehearsed) -> bool {
    let ends = [Exit::Interrupted, Exit::Terminated];
    ends.iter().any(|exit| run.verdict.exits.contains(exit))
}
