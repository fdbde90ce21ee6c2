//! Grades every way to cheat and every honest solution, several times each, and writes the table in
//! `tests/GRADES.md`: cheats are worth nothing, solutions pass.
//!
//! ```text
//! cargo build --release -p lab
//! cargo run --release -p lab-tests --example grades -- --runs 5
//! cargo run --release -p lab-tests --example grades -- --runs 10 --only solutions
//! ```
//!
//! `--lab PROGRAM` for another program, `--only cheats`, `solutions` or part of a file's name,
//! `--minutes N` to begin nothing more after so long. Results are kept in `target/grades.jsonl`; runs
//! that are on record there count, and the next ones have other seeds, so the work may be interrupted
//! and added to.
//!
//! A cheat is graded once a seed, against its own failure alone. A solution is graded in sessions of
//! at most five runs: beside them each has the reference, doing nothing, a healthy system and a
//! failure that it is not for.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

type Failed = Box<dyn Error>;

const RESULTS: &str = "target/grades.jsonl";
const TABLE: &str = "tests/GRADES.md";
/// The most runs of one session.
const SESSION: u64 = 5;

struct Options {
    lab: PathBuf,
    runs: u64,
    only: String,
    minutes: Option<u64>,
}

fn options() -> Result<Options, Failed> {
    let mut options = Options {
        lab: "target/release/lab".into(),
        runs: 5,
        only: String::new(),
        minutes: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--lab" => options.lab = value.into(),
            "--runs" => options.runs = value.parse()?,
            "--only" => options.only = value,
            "--minutes" => options.minutes = Some(value.parse()?),
            _ => return Err(format!("no option is called {name}").into()),
        }
    }
    options.lab = options.lab.canonicalize()?;
    Ok(options)
}

/// One session that is to be graded.
struct Subject {
    kind: &'static str,
    file: PathBuf,
    seed: u64,
    runs: u64,
}

fn main() -> Result<(), Failed> {
    let options = options()?;
    let mut done = kept();
    let begun = Instant::now();
    let limit = options
        .minutes
        .map(|minutes| Duration::from_secs(60 * minutes));
    for subject in subjects(&options, &done)? {
        if limit.is_some_and(|limit| begun.elapsed() > limit) {
            println!("time is up; the same command goes on");
            break;
        }
        let result = graded(&options.lab, &subject)?;
        println!("{result}");
        keep(&result)?;
        done.push(result);
    }
    fs::write(TABLE, table(&done))?;
    Ok(())
}

/// Cheats, then solutions: those of the library and others. One seed of all, then the next.
fn subjects(options: &Options, done: &[Value]) -> Result<Vec<Subject>, Failed> {
    let mut subjects = Vec::new();
    for (kind, folder) in [
        ("cheats", "tests/runbooks/cheats"),
        ("solutions", "runbooks/library"),
        ("solutions", "tests/runbooks/solutions"),
    ] {
        let files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut files: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
        files.sort();
        for file in files {
            let named = file.to_string_lossy().contains(&options.only);
            if !named && kind != options.only {
                continue;
            }
            let each = if kind == "cheats" { 1 } else { SESSION };
            let name = file.to_string_lossy();
            let known = || done.iter().filter(|one| one["file"] == *name);
            let runs = known().filter_map(|one| one["runs"].as_array());
            let have: usize = runs.map(Vec::len).sum();
            let mut left = options.runs.saturating_sub(have as u64);
            let last = known().filter_map(|one| one["seed"].as_u64()).max();
            let mut seed = last.unwrap_or(0) + 1;
            while left > 0 {
                let runs = left.min(each);
                let file = file.clone();
                subjects.push(Subject {
                    kind,
                    file,
                    seed,
                    runs,
                });
                left -= runs;
                seed += 1;
            }
        }
    }
    subjects.sort_by_key(|subject| (subject.kind, subject.seed));
    Ok(subjects)
}

/// One grade in a folder of its own, which is removed again.
fn graded(lab: &Path, subject: &Subject) -> Result<Value, Failed> {
    let home = tempfile::tempdir()?;
    let mut command = Command::new(lab);
    command
        .current_dir(home.path())
        .args(["grade", "--json", "--quick"]);
    command
        .arg(subject.file.canonicalize()?)
        .args(["--seed", &subject.seed.to_string()])
        .args(["--runs", &subject.runs.to_string()]);
    // What a cheat does where nothing is wrong matters only where it is one there.
    if subject.kind == "cheats" && !subject.file.ends_with("act-in-a-precheck.md") {
        command.arg("--own-only");
    }
    let begun = Instant::now();
    let output = command.output()?;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let none = Vec::new();
    let incidents = report["incidents"].as_array().unwrap_or(&none);
    let runs = incidents.iter().map(|incident| {
        json!({
            "scenario": incident["scenario"],
            "verdict": incident["grade"]["verdict"],
            "score": incident["grade"]["score"]["total"],
            "clocks": incident["grade"]["clocks"],
            "reference": incident["reference"],
        })
    });
    Ok(json!({
        "kind": subject.kind,
        "file": subject.file.to_string_lossy(),
        "seed": subject.seed,
        "exit": output.status.code(),
        "verdict": report["verdict"],
        "score": report["score"],
        "reasons": report["reasons"],
        "runs": runs.collect::<Vec<_>>(),
        "seconds": begun.elapsed().as_secs(),
        "date": date(),
        "commit": commit(),
    }))
}

fn date() -> String {
    said("date", &["-u", "+%F"])
}

fn commit() -> String {
    said("git", &["rev-parse", "--short", "HEAD"])
}

/// What a command says; nothing where it cannot be run.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_default()
}

fn kept() -> Vec<Value> {
    let text = fs::read_to_string(RESULTS).unwrap_or_default();
    let lines = text.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn keep(result: &Value) -> Result<(), Failed> {
    fs::create_dir_all("target")?;
    let mut file = OpenOptions::new().create(true).append(true).open(RESULTS)?;
    writeln!(file, "{result}")?;
    Ok(())
}

fn table(results: &[Value]) -> String {
    let mut text = "# Cheats and solutions\n\nWritten by `cargo run --release -p lab-tests --example grades`; see there for what is run. A cheat is\nworth nothing, a solution passes. A session in which the lab itself says that it cannot judge\n(`unknown`) proves neither and is counted apart.\n"
        .to_owned();
    for kind in ["cheats", "solutions"] {
        let mut rows: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for result in results.iter().filter(|result| result["kind"] == kind) {
            rows.entry(result["file"].as_str().unwrap_or_default())
                .or_default()
                .push(result);
        }
        let _ = write!(
            text,
            "\n## {kind}\n\n| runbook | runs | pass | fail | unknown | scores | why | when, at |\n|---|---|---|---|---|---|---|---|\n"
        );
        for (file, results) in rows {
            text.push_str(&row(kind, file, &results));
        }
    }
    text.push_str(
        "\n## figures\n\nOf each run of a solution, beside its reference on the same machine in the same session: times from\nthe fault, bad requests beyond the objectives. What doing nothing costs is counted up to ten times the\nreference's mitigation.\n\n| runbook | failure | detected (reference) | served (reference) | recovered (reference) | bad | reference | doing nothing |\n|---|---|---|---|---|---|---|---|\n",
    );
    for result in results.iter().filter(|one| one["kind"] == "solutions") {
        let runs = result["runs"].as_array();
        for run in runs.into_iter().flatten() {
            text.push_str(&figures(result, run));
        }
    }
    text
}

fn figures(result: &Value, run: &Value) -> String {
    let (clocks, aims) = (&run["clocks"], &run["reference"]);
    let time = |name: &str| {
        let said = |of: &Value| of[name].as_str().unwrap_or("never").to_owned();
        format!("{} ({})", said(clocks), said(aims))
    };
    let number = |of: &Value| {
        of.as_f64()
            .map_or_else(|| "–".to_owned(), |value| format!("{value:.0}"))
    };
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
        stem(result["file"].as_str().unwrap_or_default()),
        run["scenario"].as_str().unwrap_or_default(),
        time("detect"),
        time("mitigate"),
        time("recover"),
        number(&clocks["excess"]),
        number(&aims["excess"][0]),
        number(&aims["excess"][1]),
    )
}

fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem();
    stem.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

fn row(kind: &str, file: &str, results: &[&Value]) -> String {
    // What a cheat does where nothing is wrong counts as well: its session is what is judged.
    let judged: Vec<&Value> = if kind == "cheats" {
        results.to_vec()
    } else {
        let runs = results.iter().filter_map(|one| one["runs"].as_array());
        runs.flatten().collect()
    };
    let count = |verdict: &str| {
        judged
            .iter()
            .filter(|one| one["verdict"] == verdict)
            .count()
    };
    let scores: Vec<f64> = judged
        .iter()
        .filter_map(|one| one["score"].as_f64())
        .collect();
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let why = results.iter().find_map(|one| one["reasons"][0].as_str());
    let mut when: Vec<String> = results
        .iter()
        .filter_map(|one| {
            Some(format!(
                "{} {}",
                one["date"].as_str()?,
                one["commit"].as_str()?
            ))
        })
        .collect();
    when.dedup();
    format!(
        "| {} | {} | {} | {} | {} | {least:.1} – {most:.1} | {} | {} |\n",
        stem(file),
        judged.len(),
        count("pass"),
        count("fail"),
        count("unknown"),
        why.unwrap_or("–").replace('|', "/"),
        when.join(", "),
    )
}
