//! Mistakes in scenario files, and files that are no scenarios.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::lab::{Lab, Outcome, ensure, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("files::five_mistakes_are_shown_at_once", five_mistakes),
        trial("files::what_is_no_scenario_is_refused", no_scenarios),
        trial("files::the_catalog_has_no_mistakes", catalog),
        trial("files::a_plan_touches_nothing", plan),
        trial("files::usage_errors_name_a_way_out", usage),
    ]
}

const FIVE: &str = "\
scenario: five
about: Five different mistakes.
seed: 7
system: shop
load:
  journeys: { browse: 2, chekout: 1 }
  arrivals: { constant: { rate: 50/s } }
phases:
  - warm_up: 5 parsecs
  - baseline: 10s
  - fault:
      for: 30s
      inject:
        - on: orders -> paymets
          fault: { latency: { delay: 2s } }
  - recovery: 25s
objectives:
  - availability: { of: browse, at_least: 101% }
colour: red
";

fn five_mistakes() -> Outcome {
    let lab = Lab::new()?;
    let file = lab.file("five.yaml", FIVE)?;
    let ended = lab.call(&["check", file])?.expect(3)?;
    for place in [
        "five.yaml:6:",
        "five.yaml:9:",
        "five.yaml:14:",
        "five.yaml:18:",
        "five.yaml:19:",
    ] {
        ensure!(
            ended.err.contains(place) || ended.out.contains(place),
            "no {place} in {ended:#?}"
        );
    }
    ended.says("did you mean")?.says("5 errors")?;
    // A run refuses the same file the same way, before anything starts.
    lab.call(&["run", file])?.expect(3)?.says("5 errors")?;
    ensure!(
        lab.strays()?.len() == 1,
        "something was written beside the file"
    );
    Ok(())
}

fn no_scenarios() -> Outcome {
    let lab = Lab::new()?;
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, of) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip("abcdefgh".chars())
    {
        let many = format!("*{of}, ").repeat(9);
        bomb = format!("{bomb}{name}: &{name} [{}]\n", many.trim_end_matches(", "));
    }
    let deep = "[".repeat(100_000);
    let cases: [(&str, Vec<u8>); 6] = [
        ("empty.yaml", vec![]),
        ("binary.yaml", (0..=255).cycle().take(4_096).collect()),
        ("large.yaml", b"# comment\n".repeat(1_048_576)),
        ("bomb.yaml", bomb.into()),
        ("deep.yaml", deep.into()),
        ("list.yaml", b"- 1\n- 2\n".to_vec()),
    ];
    for (name, content) in cases {
        let file = lab.file(name, content)?;
        let begun = Instant::now();
        let ended = lab.call(&["check", file])?.expect(3)?;
        ensure!(!ended.err.contains("panicked"), "{name}: {ended:#?}");
        ensure!(
            ended.err.contains(name) || ended.out.contains(name),
            "{name}: {ended:#?}"
        );
        ensure!(
            begun.elapsed() < Duration::from_secs(20),
            "{name} took {:?}",
            begun.elapsed()
        );
    }
    lab.call(&["check", "missing.yaml"])?
        .expect(3)?
        .says("missing.yaml")?;
    Ok(())
}

fn catalog() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["check"])?.expect(0)?;
    let listed = lab.call(&["list"])?.expect(0)?;
    ensure!(listed.out.lines().count() >= 6, "{listed:#?}");
    listed.says("slow-payments")?;
    Ok(())
}

fn plan() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["plan", "slow-payments"])?
        .expect(0)?
        .says("orders")?
        .says("payments")?;
    lab.call(&["plan", "slow-payments", "--with", "orders.timeout=400ms"])?
        .expect(0)?
        .says("400")?;
    let json = lab
        .call(&["plan", "slow-payments", "--format", "json"])?
        .expect(0)?;
    let plan: serde_json::Value = serde_json::from_str(&json.out)?;
    ensure!(plan["seed"] == 7, "{plan}");
    ensure!(
        lab.strays()?.is_empty() && !lab.home().join(".lab").exists(),
        "a plan wrote something"
    );
    Ok(())
}

fn usage() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["run", "slow-paymets"])?
        .expect(3)?
        .says("slow-payments")?;
    lab.call(&["run", "slow-payments", "--with", "orders.timout=1s"])?
        .expect(3)?
        .says("orders.timeout")?;
    lab.call(&["run", "slow-payments", "--with", "orders.timeout=fast"])?
        .expect(3)?
        .says("duration")?;
    lab.call(&["run", "slow-payments", "--format", "docx"])?
        .expect(3)?
        .says("json")?;
    lab.call(&["report", "nothing"])?
        .expect(3)?
        .says("nothing")?;
    lab.call(&["fly"])?.expect(3)?;
    lab.call(&["--help"])?.expect(0)?.says("Exit codes")?;
    Ok(())
}
