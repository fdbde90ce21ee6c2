//! `lab replay`: the recording of a terminal with what broke and what held, on one clock.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lab_drivers::seat::CAST;
use lab_model::Exit;
use lab_report::debrief;
use lab_runbooks::seat::{Actor, Moment};
use serde_json::Value;

use super::reviewed;
use crate::arguments::Replay;
use crate::{runs, text};

/// One thing to be shown, in seconds of the journal's clock.
enum Shown {
    Output(String),
    Event(String),
}

pub(crate) fn run(options: &Replay) -> Exit {
    if !(options.speed.is_finite() && options.speed > 0.0) {
        text::error("the speed is a number above 0", "--speed 4");
        return Exit::Usage;
    }
    let folder = match runs::find(&options.kept.out, &options.run) {
        Ok(folder) => folder,
        Err(error) => {
            text::error(&error.to_string(), "lab list --runs");
            return Exit::Usage;
        }
    };
    let Some(outputs) = recorded(&folder) else {
        let message = format!("{} has no recording", options.run);
        text::error(&message, "lab rehearse SCENARIO makes one");
        return Exit::Usage;
    };
    let review = reviewed(&folder);
    let moments = review.as_ref().map_or(&[][..], |review| &review.timeline);
    let mut all: Vec<(f64, Shown)> = outputs
        .into_iter()
        .map(|(at, output)| (at, Shown::Output(output)))
        .collect();
    // What the seat did shows in the recording itself.
    let others = moments.iter().filter(|moment| moment.actor != Actor::Seat);
    all.extend(others.map(|moment| (moment.at.as_secs_f64(), Shown::Event(line(moment)))));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let idle = options.idle.as_secs_f64();
    let mut before = all.first().map_or(0.0, |(at, _)| *at);
    for (at, shown) in all {
        let pause = (at - before).clamp(0.0, idle) / options.speed;
        before = at;
        std::thread::sleep(Duration::from_secs_f64(pause));
        match shown {
            Shown::Output(output) => text::out(&output),
            Shown::Event(line) => text::out(&format!("\r\n{line}\r\n")),
        }
    }
    text::out("\r\n");
    Exit::Pass
}

fn line(moment: &Moment) -> String {
    let who = match moment.actor {
        Actor::System => "system",
        _ => "lab",
    };
    format!(
        "---- {} {who}: {} ----",
        debrief::clock(moment.since),
        moment.what
    )
}

/// What was shown when, in seconds; a last line that is cut is left out.
fn recorded(folder: &Path) -> Option<Vec<(f64, String)>> {
    let text = fs::read_to_string(folder.join(CAST)).ok()?;
    let mut lines = text.lines();
    let head: Value = serde_json::from_str(lines.next()?).ok()?;
    (head["version"] == 2).then_some(())?;
    let line = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let shown = line[2].as_str().filter(|_| line[1] == "o")?;
        Some((line[0].as_f64()?, shown.to_owned()))
    };
    Some(lines.filter_map(line).collect())
}
