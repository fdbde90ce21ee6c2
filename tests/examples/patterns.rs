//! The patterns of `lab explain pattern` against the demo system, whose settings are the truth:
//! with a pattern off its check must fail, with it on it must pass, and what is estimated must be
//! what was set. Writes the table in `lab/verdict/PATTERNS.md`.
//!
//! ```text
//! cargo build --release -p lab
//! cargo run --release -p lab-tests --example patterns -- target/release/lab [SEEDS] [JOBS] [MINUTES]
//! ```
//!
//! Runs of up to 14 s, `JOBS` side by side; none is begun behind `MINUTES`. Results are kept in `target/patterns.jsonl`; a run that
//! is on record there is not repeated, so the work may be interrupted.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

type Failed = Box<dyn Error + Send + Sync>;

/// A scenario of `tests/scenarios/patterns`, and what must be estimated: with the pattern on or
/// off, a figure and its configured value.
struct Truth {
    scenario: &'static str,
    figure: Option<(bool, &'static str, f64)>,
}

const fn plain(scenario: &'static str) -> Truth {
    Truth {
        scenario,
        figure: None,
    }
}

const fn estimated(scenario: &'static str, on: bool, figure: &'static str, value: f64) -> Truth {
    Truth {
        scenario,
        figure: Some((on, figure, value)),
    }
}

/// In the order of the table.
const TRUTHS: [Truth; 10] = [
    estimated("timeout", true, "deadline", 400.0),
    estimated("retries", false, "amplification", 4.0),
    plain("back_off"),
    plain("jitter"),
    estimated("breaker", true, "open for", 1_000.0),
    plain("fallback"),
    estimated("bulkhead", true, "most at once", 5.0),
    plain("load_shedding"),
    plain("idempotency"),
    plain("recovers"),
];

/// One run to be made.
#[derive(Clone, Copy)]
struct Task {
    scenario: &'static str,
    on: bool,
    seed: u64,
}

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let lab = PathBuf::from(
        arguments
            .next()
            .ok_or("name the program: target/release/lab")?,
    );
    let lab = lab.canonicalize()?;
    let seeds: u64 = arguments.next().map_or(Ok(10), |text| text.parse())?;
    let jobs: usize = arguments.next().map_or(Ok(2), |text| text.parse())?;
    let minutes: u64 = arguments.next().map_or(Ok(u64::MAX), |text| text.parse())?;
    let begun = Instant::now();
    let in_time = || begun.elapsed().as_secs() / 60 < minutes;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let kept = root.join("target/patterns.jsonl");
    fs::create_dir_all(root.join("target"))?;
    let done = read(&kept)?;
    let tasks: Vec<Task> = (1..=seeds)
        .flat_map(|seed| TRUTHS.iter().map(move |truth| (truth.scenario, seed)))
        .flat_map(|(scenario, seed)| [false, true].map(|on| Task { scenario, on, seed }))
        .filter(|task| !done.iter().any(|result| is_of(result, *task)))
        .collect();
    let next = AtomicUsize::new(0);
    let file = OpenOptions::new().create(true).append(true).open(&kept)?;
    let file = Mutex::new(file);
    std::thread::scope(|scope| {
        let work = || -> Result<(), Failed> {
            while in_time()
                && let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let result = run(&lab, &root, *task)?;
                println!("{result}");
                let mut file = file.lock().map_err(|_| "a worker died")?;
                writeln!(file, "{result}")?;
            }
            Ok(())
        };
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| "a worker died")?)
    })?;
    let results = read(&kept)?;
    let table = table(&results, seeds);
    let page = root.join("lab/verdict/PATTERNS.md");
    let text = fs::read_to_string(&page)?;
    let (head, _) = text
        .split_once("\n| pattern")
        .ok_or("PATTERNS.md has no table")?;
    fs::write(&page, format!("{head}\n{table}"))?;
    print!("{table}");
    Ok(())
}

fn read(path: &Path) -> Result<Vec<Value>, Failed> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}

fn is_of(result: &Value, task: Task) -> bool {
    result["scenario"] == task.scenario && result["on"] == task.on && result["seed"] == task.seed
}

/// Runs a scenario, with its remedy where the pattern is to be on, and keeps what it says.
fn run(lab: &Path, root: &Path, task: Task) -> Result<Value, Failed> {
    let Task { scenario, on, seed } = task;
    let file = root.join(format!("tests/scenarios/patterns/{scenario}.yaml"));
    let home = tempfile::tempdir()?;
    let seed = seed.to_string();
    let plan = Command::new(lab)
        .arg("plan")
        .arg(&file)
        .args(["--format", "json"])
        .output()?;
    let plan: Value = serde_json::from_slice(&plan.stdout)?;
    let mut command = Command::new(lab);
    command
        .arg("run")
        .arg(&file)
        .args(["--format", "json", "--seed", &seed]);
    command.current_dir(home.path());
    for setting in plan["remedy"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|_| on)
    {
        command.args(["--with", setting.as_str().unwrap_or_default()]);
    }
    let output = command.output()?;
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|error| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        format!("{scenario}, seed {seed}: {error}: {said}")
    })?;
    let pattern = &report["patterns"][0];
    Ok(json!({
        "scenario": scenario,
        "on": on,
        "seed": task.seed,
        "pattern": pattern["pattern"],
        "settings": plan["remedy"],
        "verdict": pattern["verdict"],
        "n": pattern["n"],
        "found": pattern["found"],
        "figures": pattern["figures"],
        "note": pattern["note"],
    }))
}

fn table(results: &[Value], seeds: u64) -> String {
    let mut text = "| pattern | setting | off: fails | on: passes | estimated | configured | estimates | largest error |\n|---|---|---|---|---|---|---|---|\n".to_owned();
    for truth in &TRUTHS {
        let of = |on: bool| {
            let ours = move |result: &&Value| {
                let seed = result["seed"].as_u64().unwrap_or(u64::MAX);
                result["scenario"] == truth.scenario && result["on"] == on && seed <= seeds
            };
            results.iter().filter(ours)
        };
        let count = |on: bool, verdict: &str| {
            let wanted = of(on).filter(|result| result["verdict"] == verdict).count();
            format!("{wanted} of {}", of(on).count())
        };
        let settings: Vec<&str> = of(true)
            .next()
            .and_then(|result| result["settings"].as_array())
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let figure = truth.figure.map_or_else(
            || "– | – | – | –".to_owned(),
            |(on, name, value)| estimates(of(on), name, value),
        );
        let pattern = of(true)
            .next()
            .and_then(|result| result["pattern"].as_str());
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {} | {figure} |",
            pattern.unwrap_or(truth.scenario),
            settings.join(" "),
            count(false, "fail"),
            count(true, "pass"),
        );
    }
    text
}

/// The figure's name, its configured value, its smallest and largest estimate, the largest error.
fn estimates<'a>(results: impl Iterator<Item = &'a Value>, name: &str, value: f64) -> String {
    let of = |result: &Value| {
        let figures = result["figures"].as_array()?;
        figures.iter().find(|figure| figure["name"] == name)?["value"].as_f64()
    };
    let by_seed: BTreeMap<u64, f64> = results
        .filter_map(|result| Some((result["seed"].as_u64()?, of(result)?)))
        .collect();
    let low = by_seed.values().copied().fold(f64::INFINITY, f64::min);
    let high = by_seed.values().copied().fold(0.0, f64::max);
    let error = (value - low).max(high - value) / value * 100.0;
    format!("{name} | {value} | {low:.2} – {high:.2} | {error:.1} %")
}
