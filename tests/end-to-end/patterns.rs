//! Each resilience pattern against the demo system's own settings, one seed: with the pattern off
//! its check fails, with it on it passes. Both runs go side by side. Ten seeds each and the
//! estimates beside what was set: `lab/verdict/PATTERNS.md`.

use std::process::Child;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{Lab, Outcome, ensure, lateness};
use crate::verdicts::scenario;

/// The files of `tests/scenarios/patterns`.
const SCENARIOS: [&str; 10] = [
    "timeout",
    "retries",
    "back_off",
    "jitter",
    "breaker",
    "fallback",
    "bulkhead",
    "load_shedding",
    "idempotency",
    "recovers",
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![crate::lab::trial(
        "patterns::every_pattern_is_tested_here",
        every_pattern,
    )];
    for name in SCENARIOS {
        let off_and_on = move || off_and_on(name);
        trials.push(crate::lab::trial(
            format!("patterns::{name}_fails_off_and_passes_on"),
            off_and_on,
        ));
    }
    trials
}

fn every_pattern() -> Outcome {
    let lab = Lab::new()?;
    let listed = lab.call(&["explain", "pattern"])?.expect(0)?.out;
    let names = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    for name in names {
        ensure!(SCENARIOS.contains(&name), "no scenario tests {name}");
        lab.call(&["explain", "pattern", name])?
            .expect(0)?
            .says("judged")?;
    }
    lab.call(&["explain", "pattern", "levitation"])?.expect(3)?;
    Ok(())
}

fn off_and_on(name: &str) -> Outcome {
    let (off, on) = (Lab::new()?, Lab::new()?);
    let file = scenario(&format!("patterns/{name}.yaml"));
    let plan = off
        .call(&["plan", &file, "--format", "json"])?
        .expect(0)?
        .out;
    let plan: Value = serde_json::from_str(&plan)?;
    let remedy: Vec<&str> = plan["remedy"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    ensure!(
        !remedy.is_empty(),
        "{name} names no setting that turns it on"
    );
    let run = ["run", &file, "--seed", "1", "--format", "json"];
    let mut with: Vec<&str> = run.to_vec();
    for setting in &remedy {
        with.extend(["--with", *setting]);
    }
    let (first, second) = (off.start(&run)?, on.start(&with)?);
    let (off, on) = (ended(first)?, ended(second)?);
    let patterns = [&off["patterns"][0], &on["patterns"][0]];
    let verdicts = patterns.map(|pattern| &pattern["verdict"]);
    if verdicts != ["fail", "pass"]
        && let Some(busy) = lateness(&off).or_else(|| lateness(&on))
    {
        return Err(busy);
    }
    let [off, on] = patterns;
    ensure!(off["verdict"] == "fail", "{name} is off: {off:#}");
    ensure!(on["verdict"] == "pass", "{name} is on: {on:#}");
    ensure!(on["n"].as_u64() > Some(0), "nothing was counted: {on:#}");
    Ok(())
}

/// The report of a run.
fn ended(run: Child) -> Result<Value, Failed> {
    let output = run.wait_with_output()?;
    Ok(serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?)
}
