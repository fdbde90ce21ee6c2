//! `lab compare`: did the second run get worse than the first?

use lab_drivers::containers::engine;
use lab_drivers::containers::image::Substitutes;
use lab_model::Exit;
use lab_model::accepted::Summary;
use lab_report::comparison;
use lab_verdict::across::{self, Change};
use lab_verdict::judge;

use crate::arguments::{Choice, Color, Compare, Run, Strength};
use crate::commands::run::{Watch, execute, exit_of, help_for};
use crate::{accepted, runs, scenario, sweep, text};

pub(crate) fn run(options: &Compare, color: Color) -> Exit {
    let found = match options.interleave {
        Some(rounds) => in_turn(options, rounds, color),
        None => kept(options),
    };
    let (before, after) = match found {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let across = across::compare(&before, &after, 1.0 + options.tolerance.get());
    let style = text::style(color, &std::io::stdout());
    text::out(&comparison::text(&before, &after, &across, &style));
    match across.change() {
        Change::Same | Change::Better => Exit::Pass,
        Change::Worse => Exit::Fail,
        Change::Unknown => Exit::Inconclusive,
    }
}

/// Two runs that are over.
fn kept(options: &Compare) -> Result<(Summary, Summary), Exit> {
    let find = |word: &str| accepted::find(word, &options.kept.out, &options.accepted);
    let after = options.after.as_deref().unwrap_or("last");
    match (find(&options.before), find(after)) {
        (Ok(before), Ok(after)) => Ok((before, after)),
        (before, after) => {
            for reason in [before.err(), after.err()].into_iter().flatten() {
                text::error(
                    &reason,
                    "lab list --runs, or the name of a scenario with an accepted run",
                );
            }
            Err(Exit::Usage)
        }
    }
}

/// One side of runs in turn.
struct Side<'a> {
    reference: &'a str,
    with: &'a [String],
    done: Vec<Summary>,
}

/// Runs two scenarios in turn; every other round begins with the other one, so that neither always
/// follows what the first left warm.
fn in_turn(options: &Compare, rounds: u32, color: Color) -> Result<(Summary, Summary), Exit> {
    engine::point_client();
    for swept in sweep::sweep(&options.kept.out, false) {
        text::note(&format!("swept {swept}"));
    }
    let side = |reference, with| Side {
        reference,
        with,
        done: Vec::new(),
    };
    let after = options.after.as_deref().unwrap_or(&options.before);
    let mut sides = [
        side(options.before.as_str(), options.with_before.as_slice()),
        side(after, options.with_after.as_slice()),
    ];
    for round in 0..rounds {
        let first = usize::from(round % 2 == 1);
        for turn in [first, 1 - first] {
            let side = &mut sides[turn];
            let word = ["before", "after"][turn];
            text::note(&format!(
                "{word}: {} {} of {rounds}",
                side.reference,
                round + 1
            ));
            let summary = once(options, side, round, color)?;
            side.done.push(summary);
        }
    }
    let [before, after] = sides.map(|side| Summary::pooled(&side.done));
    match (before, after) {
        (Some(before), Some(after)) if before.scenario == after.scenario => Ok((before, after)),
        _ => {
            text::error("these are runs of different scenarios", "");
            Err(Exit::Usage)
        }
    }
}

/// One run, with the seed of its round.
fn once(options: &Compare, side: &Side<'_>, round: u32, color: Color) -> Result<Summary, Exit> {
    let mut choice = Choice {
        scenario: Some(side.reference.to_owned()),
        with: side.with.to_vec(),
        seed: None,
        toxiproxy: None,
        driver: options.driver,
        allow: vec![],
        early_stop: None,
        lengths: None,
    };
    let planned = scenario::planned(&choice, side.reference, color)?;
    choice.seed = Some(planned.plan.seed.wrapping_add(u64::from(round)));
    let planned = scenario::planned(&choice, side.reference, color)?;
    let run = Run {
        choice,
        kept: options.kept.clone(),
        images: vec![],
        image_map: None,
        format: "terminal".to_owned(),
        strength: Strength::Observed,
        proxy_api: None,
    };
    let folder = execute(&run, planned, Substitutes::default(), Watch::Screen, color).map_err(
        |failure| {
            text::error(&failure.to_string(), help_for(&failure));
            exit_of(&failure)
        },
    )?;
    let journal = runs::journal(&folder).map_err(|error| {
        text::error(&error.to_string(), "");
        Exit::Environment
    })?;
    let verdict = judge(&journal);
    // What a run says of itself is another question; one that did not run to its end says nothing.
    if !matches!(verdict.exit, Exit::Pass | Exit::Fail | Exit::Inconclusive) {
        text::error("a run did not end by itself", "lab report last");
        return Err(verdict.exit);
    }
    across::summary(&journal).ok_or_else(|| {
        text::error("a run has nothing to compare", "lab report last");
        Exit::Inconclusive
    })
}
