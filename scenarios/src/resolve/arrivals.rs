//! When journeys start: schedules that make sense, recordings that can be read.

use lab_model::arrivals::{Arrivals, Poisson, Replay};
use lab_model::{Rate, Span};

use super::recording;
use super::wording::{counted, time};
use lab_diagnostic::{Finding, Place};

use crate::code::Code;
use crate::spec::{ArrivalsSpec, ReplaySpec};
use crate::tree::{At, Report};

const MOST_STEPS: usize = 1_000;
const MOST_USERS: u32 = 10_000;

/// Resolves the arrivals, which stand at `within`; the seed decides random ones.
pub(super) fn resolve(
    spec: &ArrivalsSpec,
    within: Place,
    seed: u64,
    report: &Report,
) -> Option<Arrivals> {
    let rate = |at: &At<Rate>, key: &str, within| Some(*at.need(key, within, report)?.0);
    Some(match spec {
        ArrivalsSpec::Constant(spec) => {
            let (spec, within) = spec.need("constant", within, report)?;
            Arrivals::Constant {
                rate: rate(&spec.rate, "rate", within)?,
            }
        }
        ArrivalsSpec::Ramp(spec) => {
            let (spec, within) = spec.need("ramp", within, report)?;
            let from = rate(&spec.from, "from", within);
            let to = rate(&spec.to, "to", within);
            let over = some_time(&spec.over, "over", within, report);
            Arrivals::Ramp {
                from: from?,
                to: to?,
                over: over?,
            }
        }
        ArrivalsSpec::Step(spec) => {
            let (spec, within) = spec.need("step", within, report)?;
            let every = some_time(&spec.every, "every", within, report);
            let (rates, place) = spec.rates.need("rates", within, report)?;
            if rates.is_empty() {
                report.add(Finding::new(Code::BadArrivals, place, "no rate at all"));
                return None;
            }
            let rates = report.bounded(rates, MOST_STEPS, "rates", place);
            let rates: Option<Vec<Rate>> = rates.iter().map(|at| at.value().copied()).collect();
            Arrivals::Step {
                rates: rates?,
                every: every?,
            }
        }
        ArrivalsSpec::Spike(spec) => {
            let (spec, within) = spec.need("spike", within, report)?;
            let base = rate(&spec.rate, "rate", within);
            let to = rate(&spec.to, "to", within);
            let at = spec.at.need("at", within, report).map(|(at, _)| *at);
            let lasting = some_time(&spec.lasting, "for", within, report);
            Arrivals::Spike {
                rate: base?,
                to: to?,
                at: at?,
                lasting: lasting?,
            }
        }
        ArrivalsSpec::Sine(spec) => {
            let (spec, within) = spec.need("sine", within, report)?;
            let mean = rate(&spec.mean, "mean", within);
            let swing = spec.swing.need("swing", within, report);
            let period = some_time(&spec.period, "period", within, report);
            let (mean, (swing, place)) = (mean?, swing?);
            if *swing > mean {
                let message = format!("a swing of {swing} around {mean} goes below zero");
                report.add(
                    Finding::new(Code::BadArrivals, place, message)
                        .help(format!("at most {mean}, which touches zero")),
                );
                return None;
            }
            Arrivals::Sine {
                mean,
                swing: *swing,
                period: period?,
            }
        }
        ArrivalsSpec::Poisson(spec) => {
            let (spec, within) = spec.need("poisson", within, report)?;
            Arrivals::Poisson(Poisson {
                rate: rate(&spec.rate, "rate", within)?,
                seed,
            })
        }
        ArrivalsSpec::Replay(spec) => {
            let (spec, within) = spec.need("replay", within, report)?;
            Arrivals::Replay(replay(spec, within, report)?)
        }
        ArrivalsSpec::Closed(spec) => {
            let (spec, within) = spec.need("closed", within, report)?;
            let (users, place) = spec.users.need("users", within, report)?;
            if !(1..=MOST_USERS).contains(users) {
                let message = format!("{users} users");
                report.add(
                    Finding::new(Code::BadArrivals, place, message)
                        .help(format!("from 1 to {MOST_USERS}")),
                );
                return None;
            }
            let think = spec.think.as_ref().and_then(At::value);
            Arrivals::Closed {
                users: *users,
                think: think.copied().unwrap_or_default(),
            }
        }
    })
}

/// A length of time above zero.
fn some_time(at: &At<Span>, key: &str, within: Place, report: &Report) -> Option<Span> {
    let (span, place) = at.need(key, within, report)?;
    if *span == Span::ZERO {
        let message = format!("`{key}` of 0s");
        report.add(Finding::new(Code::BadArrivals, place, message).help("longer than 0s"));
        return None;
    }
    Some(*span)
}

fn replay(spec: &ReplaySpec, within: Place, report: &Report) -> Option<Replay> {
    let (path, is_har) = match (&spec.log, &spec.har) {
        (Some(log), None) => (log, false),
        (None, Some(har)) => (har, true),
        (one, _) => {
            let message = if one.is_some() {
                "`log` and `har` in one recording"
            } else {
                "a recording without a file"
            };
            report.add(
                Finding::new(Code::BadArrivals, within, message)
                    .help("write `log: access.log` or `har: session.har`"),
            );
            return None;
        }
    };
    let speed = spec.speed.as_ref().and_then(At::located);
    if let Some((speed, place)) = speed.filter(|(speed, _)| !(0.001..=1_000.0).contains(*speed)) {
        let message = format!("{speed} times as fast");
        report
            .add(Finding::new(Code::BadArrivals, place, message).help("from 0.001 to 1000 times"));
        return None;
    }
    let (path, place) = path.located()?;
    let text = report.text_of(path, place)?;
    match recording::read(&text, is_har) {
        Ok(found) => {
            if let Some((line, skipped)) = found.skipped {
                let message = format!(
                    "{} of {path} without a time, the first is line {line}",
                    counted(skipped, "line")
                );
                report.add(Finding::new(Code::SkippedLines, place, message));
            }
            let speed = speed.map_or(1.0, |(speed, _)| *speed);
            Some(Replay::new(found.micros, found.resolution, speed))
        }
        Err(reason) => {
            report.add(
                Finding::new(Code::UnreadableFile, place, format!("{path}: {reason}")).help(
                    "a log has the common or combined format, or a JSON object with a time in each line",
                ),
            );
            None
        }
    }
}

/// What only shows beside the phases: `length` is that of the run, `place` that of the arrivals.
pub(super) fn check_length(arrivals: &Arrivals, length: Span, place: Place, report: &Report) {
    match arrivals {
        Arrivals::Replay(replay) if replay.length() < length => {
            let message = format!(
                "the recording ends after {}, the run after {}",
                time(replay.length()),
                time(length)
            );
            report.add(
                Finding::new(Code::ShortRecording, place, message)
                    .help("no journey starts behind its end: shorten the phases, or slow it down"),
            );
        }
        Arrivals::Poisson(poisson) => {
            let expected = poisson.rate.as_per_second() * length.as_secs_f64();
            if expected > Poisson::MOST {
                let message = format!("{expected:.0} random arrivals in {}", time(length));
                report.add(
                    Finding::new(Code::BadArrivals, place, message)
                        .help(format!("at most {:.0}", Poisson::MOST)),
                );
            }
        }
        _ => {}
    }
}
