//! A planted regression and a null change in real runs: for each seed one run as it is, one as it
//! is again, and one whose payments takes so much longer that a checkout takes 20 % longer;
//! `lab compare` on the first with each of the others.
//!
//! ```text
//! cargo build --release -p lab
//! cargo run --release -p lab-tests --example compare -- target/release/lab 10
//! ```
//!
//! Prints a line for each seed and the counts. Takes 20 s a run.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

type Failed = Box<dyn Error>;

/// How much longer a checkout takes.
const PLANTED: f64 = 0.2;
/// What payments takes by itself in the scenario, in milliseconds.
const WORK: f64 = 40.0;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let lab = arguments.next().ok_or("name the program")?;
    let lab = PathBuf::from(lab).canonicalize()?;
    let seeds: u64 = arguments.next().map_or(Ok(10), |text| text.parse())?;
    let home = tempfile::tempdir()?;
    let (mut found, mut invented, mut open) = (0, 0, 0);
    println!("| seed | p50 | planted | null change | planted 20 % |\n|---|---|---|---|---|");
    for seed in 1..=seeds {
        let (first, p50) = run(&lab, home.path(), seed, WORK)?;
        let (null, _) = run(&lab, home.path(), seed, WORK)?;
        let (slow, planted) = run(&lab, home.path(), seed, WORK + PLANTED * p50)?;
        let codes = [null, slow].map(|after| compare(&lab, home.path(), &first, &after));
        let [null, slow] = codes;
        let (null, slow) = (null?, slow?);
        println!(
            "| {seed} | {p50:.1} ms | {planted:.1} ms | {} | {} |",
            word(null),
            word(slow)
        );
        found += u32::from(slow == 1);
        invented += u32::from(null == 1);
        open += u32::from(null == 2) + u32::from(slow == 2);
    }
    println!(
        "\nplanted: found in {found} of {seeds}; null changes called worse: {invented}; not comparable: {open}"
    );
    Ok(())
}

fn word(code: i32) -> String {
    match code {
        0 => "not worse".to_owned(),
        1 => "worse".to_owned(),
        2 => "not comparable".to_owned(),
        code => format!("exit code {code}"),
    }
}

/// The name of a run, and the median of its checkouts in milliseconds.
fn run(lab: &Path, home: &Path, seed: u64, work: f64) -> Result<(String, f64), Failed> {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/compare.yaml");
    let mut command = Command::new(lab);
    command.arg("run").arg(scenario).args(["--format", "json"]);
    command.args(["--seed", &seed.to_string()]);
    command.args(["--with", &format!("payments.work={work:.0}ms")]);
    let output = command
        .current_dir(home)
        .stderr(Stdio::inherit())
        .output()?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let name = report["run"].as_str().ok_or("a run without a name")?;
    let phases = report["phases"].as_array().into_iter().flatten();
    let mut phases = phases.filter(|phase| phase["kind"] == "baseline");
    let baseline = phases.next().ok_or("no baseline")?;
    let median = baseline["journeys"][0]["latency"]["p50_ms"].as_f64();
    Ok((name.to_owned(), median.ok_or("no latency")?))
}

fn compare(lab: &Path, home: &Path, before: &str, after: &str) -> Result<i32, Failed> {
    let mut command = Command::new(lab);
    command
        .args(["compare", before, after])
        .stdout(Stdio::null());
    Ok(command.current_dir(home).status()?.code().ok_or("killed")?)
}
