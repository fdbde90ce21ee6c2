//! Who runs the load: executors, and several generator processes.

use std::collections::BTreeSet;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{Lab, Outcome, ensure, trial};
use crate::verdicts::report;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "load::native_users_in_two_processes_are_one_load",
        two_processes,
    )]
}

const SCENARIO: &str = "\
scenario: shared
about: Two generators on hyper share the arrivals of a load.
seed: 3
system: shop
load:
  executor: native
  processes: 2
  journeys: { browse: 1, checkout: 1 }
  arrivals: { constant: { rate: 61/s } }
phases: [warm_up: 1s, baseline: 4s]
objectives: [availability: { of: browse, at_least: 90% }]
";

fn two_processes() -> Outcome {
    let lab = Lab::new()?;
    let file = lab.file("shared.yaml", SCENARIO)?;
    lab.call(&["plan", file])?
        .expect(0)?
        .says("native users in 2 processes")?;
    lab.call(&["run", file])?.expect(0)?.says("PASS")?;
    let report = report(&lab)?;
    let offered = &report["offered"][0];
    let count = |key: &str| offered[key].as_u64().unwrap_or(u64::MAX);
    ensure!(
        (count("planned"), count("unsent")) == (244, 0),
        "{offered:#}"
    );
    ensure!(offered["due"] == offered["planned"], "{offered:#}");
    let run = lab.last_run()?;
    for log in ["logs/load.log", "logs/load-2.log"] {
        ensure!(run.join(log).is_file(), "no {log}");
    }
    // One report a second, whatever the number of processes.
    let journal = std::fs::read_to_string(run.join("journal.jsonl"))?;
    let entries = journal
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let loads = entries.filter(|entry: &Value| entry["event"].get("load").is_some());
    let loads = loads.count();
    ensure!((5..=8).contains(&loads), "{loads} reports of five seconds");
    // Both wrote into one ledger, and no two orders share a key.
    let ledger = std::fs::read_to_string(run.join("ledger.jsonl"))?;
    let keys: Vec<Value> = ledger
        .lines()
        .map(|line| Ok(serde_json::from_str::<Value>(line)?["key"].clone()))
        .collect::<Result<_, Failed>>()?;
    let different: BTreeSet<&str> = keys.iter().filter_map(Value::as_str).collect();
    ensure!(
        keys.len() > 100 && different.len() == keys.len(),
        "{} writes, {} keys",
        keys.len(),
        different.len()
    );
    Ok(())
}
