//! The load: which journeys, how often.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use lab_model::arrivals::Arrivals;
use lab_model::traffic::{Executor, Feeder, Journey, Load, Step};
use lab_model::{Name, Span};

use super::system::Definition;
use super::{arrivals, data, journey};
use crate::code::Code;
use crate::spec::{JourneyChoice, LoadSpec};
use crate::tree::{At, Report};
use lab_diagnostic::{Finding, Place};

/// The largest weight: sums of weights stay far below 32 bits.
const HEAVIEST: u32 = 10_000;
const MOST_JOURNEYS: usize = 100;
/// The most generator processes: more than any machine has use for.
const MOST_PROCESSES: u32 = 16;

/// The load as far as the file tells it.
#[derive(Debug)]
pub(super) struct Traffic {
    /// Every journey of the file with its weight, where that could be read.
    weights: Vec<(Name, Option<u32>)>,
    /// Whether `weights` holds all that the file has.
    all_listed: bool,
    /// The journeys that start at all and could be read.
    journeys: Vec<Journey>,
    /// Whether `journeys` holds all that start.
    all_read: bool,
    /// When journeys start, and where that stands; `None` where it could not be read.
    arrivals: Option<(Arrivals, Place)>,
    data: Vec<Feeder>,
    executor: Executor,
    processes: NonZeroU32,
}

impl Traffic {
    /// The journeys, where all that start could be read, and some do.
    pub(super) fn journeys(&self) -> Option<&[Journey]> {
        let all = self.all_read && self.all_listed && !self.journeys.is_empty();
        all.then_some(&self.journeys)
    }

    /// The share of arrivals that start this journey; `None` where the file does not tell.
    pub(super) fn share(&self, journey: &Name) -> Option<f64> {
        let (mut mine, mut total) = (0, 0);
        for (name, weight) in &self.weights {
            let weight = (*weight)?;
            total += weight;
            mine += if name == journey { weight } else { 0 };
        }
        (self.all_listed && total > 0).then(|| f64::from(mine) / f64::from(total))
    }

    /// When journeys start, and where that stands.
    pub(super) fn arrivals(&self) -> Option<(&Arrivals, Place)> {
        self.arrivals
            .as_ref()
            .map(|(arrivals, place)| (arrivals, *place))
    }

    /// Arrivals per second of one journey on average from an instant on for so long; `None` where
    /// the file does not tell.
    pub(super) fn rate(&self, journey: &Name, start: Span, length: Span) -> Option<f64> {
        let all = self
            .arrivals()?
            .0
            .count_between(start, start.plus(length))?;
        Some(all as f64 / length.as_secs_f64() * self.share(journey)?)
    }

    /// Arrivals per second of all journeys on average from an instant on for so long; `None` where
    /// the file does not tell.
    pub(super) fn whole_rate(&self, start: Span, length: Span) -> Option<f64> {
        let (arrivals, _) = self.arrivals()?;
        let all = arrivals.count_between(start, start.plus(length))?;
        Some(all as f64 / length.as_secs_f64())
    }

    /// Arrivals of one journey from an instant on for so long; `None` where the file does not tell,
    /// or the system decides.
    pub(super) fn arrivals_in(&self, journey: &Name, start: Span, length: Span) -> Option<u64> {
        let all = self
            .arrivals()?
            .0
            .count_between(start, start.plus(length))?;
        // A thousandth keeps 0.2 · 1,000 from being 199.
        let mine = all as f64 * self.share(journey)? + 1e-3;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a whole number"
        )]
        Some(mine as u64)
    }

    /// Whether arrivals start a journey; reported where they do not.
    pub(super) fn starts(&self, name: &Name, place: Place, report: &Report) -> bool {
        let weight = self.weights.iter().find(|(known, _)| known == name);
        let unknown = match weight {
            Some((_, Some(0))) => Finding::new(
                Code::NoTraffic,
                place,
                format!("no arrival starts {name}: its weight is 0"),
            ),
            Some(_) => return true,
            None if !self.all_listed => return true,
            None => {
                let names = self.weights.iter().map(|(known, _)| known.as_str());
                Finding::new(Code::NoTraffic, place, format!("no arrival starts {name}"))
                    .among(name.as_str(), names)
            }
        };
        report.add(unknown);
        false
    }

    /// The journeys that carry a tag and start at all; one that none carries is reported.
    pub(super) fn tagged(&self, tag: &Name, place: Place, report: &Report) -> Vec<Name> {
        let carries = |journey: &&Journey| journey.tags.contains(tag);
        let tagged = self.journeys.iter().filter(carries);
        let tagged: Vec<Name> = tagged.map(|journey| journey.name.clone()).collect();
        if tagged.is_empty() && self.all_read && self.all_listed {
            let known: BTreeSet<&str> = self
                .journeys
                .iter()
                .flat_map(|journey| &journey.tags)
                .map(Name::as_str)
                .collect();
            let message = format!("no journey that starts carries the tag {tag}");
            let finding = Finding::new(Code::UnknownTag, place, message);
            report.add(if known.is_empty() {
                finding.help(format!("give it to one: `tags: [{tag}]`"))
            } else {
                finding.among(tag.as_str(), known)
            });
        }
        tagged
    }

    /// The load, where nothing is missing.
    pub(super) fn into_load(self) -> Option<Load> {
        let mut load = Load::new(self.journeys, self.arrivals?.0);
        load.data = self.data;
        load.executor = self.executor;
        load.processes = self.processes;
        Some(load)
    }
}

/// The tags of a journey: its own, else those of the system's journey of that name.
fn tags(name: &Name, choice: Option<&JourneyChoice>, system: Option<&Definition>) -> Vec<Name> {
    let own = match choice {
        Some(JourneyChoice::Mapping(spec)) => spec.tags.as_ref().and_then(At::value),
        _ => None,
    };
    match own {
        Some(own) => own.iter().filter_map(At::value).cloned().collect(),
        None => system
            .and_then(|system| system.tags.get(name).cloned())
            .unwrap_or_default(),
    }
}

/// Resolves the load against its system (`None` where the system itself could not be read).
pub(super) fn resolve(
    (spec, within): (&LoadSpec, Place),
    system: Option<&Definition>,
    seed: u64,
    report: &Report,
) -> Traffic {
    let fed = spec.data.as_ref().and_then(At::value);
    let journeys = spec.journeys.need("journeys", within, report);
    let arrivals = spec
        .arrivals
        .need("arrivals", within, report)
        .and_then(|(spec, place)| Some((arrivals::resolve(spec, place, seed, report)?, place)));
    let executor = spec.executor.as_ref().and_then(At::value);
    let mut traffic = Traffic {
        weights: Vec::new(),
        all_listed: journeys.is_some_and(|(journeys, _)| journeys.all_named()),
        journeys: Vec::new(),
        all_read: true,
        executor: executor.copied().unwrap_or_default(),
        processes: processes(
            spec,
            arrivals.as_ref().map(|(arrivals, _)| arrivals),
            report,
        ),
        arrivals,
        data: fed.map_or_else(Vec::new, |fed| data::resolve(fed, report)),
    };
    let Some((journeys, place)) = journeys else {
        return traffic;
    };
    if journeys.iter().count() > MOST_JOURNEYS {
        let message = format!("more than {MOST_JOURNEYS} journeys");
        report.add(Finding::new(Code::TooMany, place, message));
    }
    for (name, key, choice) in journeys.iter().take(MOST_JOURNEYS) {
        let choice = choice.need(name.as_str(), key, report);
        let weight = choice.and_then(|(choice, place)| self::weight(choice, place, report));
        traffic.weights.push((name.clone(), weight));
        let steps =
            choice.and_then(|(choice, _)| steps(name, key, choice, system, &traffic.data, report));
        match (weight, steps) {
            (Some(0), _) => {}
            (Some(weight), Some(steps)) => traffic.journeys.push(Journey {
                name: name.clone(),
                weight,
                cookies: choice.is_some_and(|(choice, _)| cookies(choice)),
                tags: tags(name, choice.map(|(choice, _)| choice), system),
                steps,
            }),
            _ => traffic.all_read = false,
        }
    }
    if traffic.weights.iter().all(|(_, weight)| *weight == Some(0)) && traffic.all_listed {
        report.add(
            Finding::new(Code::NoLoad, place, "no journey ever starts")
                .help("give at least one journey a weight above 0"),
        );
    }
    traffic
}

/// How many generator processes there are; 1 where that cannot be read.
fn processes(spec: &LoadSpec, arrivals: Option<&Arrivals>, report: &Report) -> NonZeroU32 {
    let Some((number, place)) = spec.processes.as_ref().and_then(At::located) else {
        return NonZeroU32::MIN;
    };
    let refuse = |help: String| {
        let message = format!("{number} generator processes");
        report.add(Finding::new(Code::BadValue, place, message).help(help));
        NonZeroU32::MIN
    };
    match (NonZeroU32::new(*number), arrivals) {
        (Some(several), Some(Arrivals::Closed { users, .. })) if several.get() > *users => {
            refuse(format!("each has a user at least: at most {users}"))
        }
        (Some(several), _) if several.get() <= MOST_PROCESSES => several,
        _ => refuse(format!("from 1 to {MOST_PROCESSES}")),
    }
}

/// Whether a journey keeps cookies.
fn cookies(choice: &JourneyChoice) -> bool {
    match choice {
        JourneyChoice::Mapping(spec) => spec.cookies.as_ref().and_then(At::value) == Some(&true),
        JourneyChoice::Text(_) | JourneyChoice::List(_) => false,
    }
}

fn weight(choice: &JourneyChoice, place: Place, report: &Report) -> Option<u32> {
    let (weight, place) = match choice {
        JourneyChoice::Text(weight) => (*weight, place),
        JourneyChoice::List(_) => return Some(1),
        JourneyChoice::Mapping(spec) => match &spec.weight {
            None | Some(At::Missing) => return Some(1),
            Some(weight) => weight.located().map(|(weight, place)| (*weight, place))?,
        },
    };
    if weight > HEAVIEST {
        let message = format!("a weight of {weight}; weights go from 0 to {HEAVIEST}");
        report.add(Finding::new(Code::BadValue, place, message));
        return None;
    }
    Some(weight)
}

/// The journey's own steps, or those of the system's journey of that name.
fn steps(
    name: &Name,
    key: Place,
    choice: &JourneyChoice,
    system: Option<&Definition>,
    data: &[Feeder],
    report: &Report,
) -> Option<Vec<Step>> {
    let own = match choice {
        JourneyChoice::Text(_) => None,
        JourneyChoice::List(steps) => Some(steps),
        JourneyChoice::Mapping(spec) => match &spec.steps {
            None | Some(At::Missing) => None,
            Some(steps) => Some(steps.value()?),
        },
    };
    let system = system?;
    match own {
        Some(steps) => journey::resolve(steps, system.wiring(), key, data, report),
        None => known(name, key, system, report),
    }
}

/// The steps of the system's journey of that name.
fn known(name: &Name, key: Place, system: &Definition, report: &Report) -> Option<Vec<Step>> {
    let found = system.journeys.iter().find(|(known, _)| known == name);
    if let Some((_, steps)) = found {
        return Some(steps.clone());
    }
    let names = || system.journeys.iter().map(|(known, _)| known.as_str());
    let unknown = Finding::new(Code::UnknownJourney, key, format!("no journey `{name}`"));
    report.add(if system.journeys.is_empty() {
        unknown.help(format!("give it steps: `{name}: [{{ get: / }}]`"))
    } else {
        unknown.among(name.as_str(), names())
    });
    None
}
