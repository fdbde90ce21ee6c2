//! Every scenario of the catalog against the demo system: it breaks with the default settings and
//! holds with the settings it names. Takes minutes, so it runs only when asked for:
//! `cargo test -p lab-tests -- --ignored catalog`.

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::lab::{Lab, Outcome, ensure};

const SCENARIOS: [&str; 6] = [
    "bandwidth-squeeze",
    "connection-resets",
    "flapping-payments",
    "payments-down",
    "retry-storm",
    "slow-payments",
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![crate::lab::trial(
        "catalog::all_are_tested_here",
        all_are_tested,
    )];
    for name in SCENARIOS {
        let breaks_and_holds = move || breaks_and_holds(name);
        let trial = Trial::test(
            format!("catalog::{name}_breaks_and_holds"),
            breaks_and_holds,
        );
        trials.push(trial.with_ignored_flag(true));
    }
    trials
}

fn all_are_tested() -> Outcome {
    let listed = Lab::new()?.call(&["list"])?.expect(0)?.out;
    let names: Vec<&str> = listed
        .lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    ensure!(names == SCENARIOS, "the catalog has {names:?}");
    Ok(())
}

fn breaks_and_holds(name: &str) -> Outcome {
    let lab = Lab::new()?;
    let remedy = remedy(&lab, name)?;
    ensure!(!remedy.is_empty(), "{name} names no setting that holds");
    lab.call(&["run", name])?
        .expect(1)?
        .says("FAIL")?
        .says("seen")?;
    let mut arguments = vec!["run", name];
    for setting in &remedy {
        arguments.extend(["--with", setting]);
    }
    lab.call(&arguments)?.expect(0)?.says("PASS")?;
    Ok(())
}

fn remedy(lab: &Lab, name: &str) -> Result<Vec<String>, Failed> {
    let plan = lab
        .call(&["plan", name, "--format", "json"])?
        .expect(0)?
        .out;
    let plan: Value = serde_json::from_str(&plan)?;
    let settings = plan["remedy"].as_array().ok_or("the plan has no remedy")?;
    Ok(settings
        .iter()
        .filter_map(|setting| setting.as_str().map(str::to_owned))
        .collect())
}
