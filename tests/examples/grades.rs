//! Grades every way to cheat and every honest solution, several times each, and writes the table in
//! `tests/GRADES.md`: cheats are worth nothing, solutions pass.
//!
//! ```text
//! cargo build --release -p lab
//! cargo run --release -p lab-tests --example grades -- --runs 5
//! ```
//!
//! `--lab PROGRAM` for another program, `--only cheats` or `--only solutions`. Results are kept in
//! `target/grades.jsonl`; a run that is on record there is not repeated, so the work may be
//! interrupted.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

type Failed = Box<dyn Error>;

const RESULTS: &str = "target/grades.jsonl";
const TABLE: &str = "tests/GRADES.md";

struct Options {
    lab: PathBuf,
    runs: u64,
    only: Option<String>,
}

fn options() -> Result<Options, Failed> {
    let mut options = Options {
        lab: "target/release/lab".into(),
        runs: 5,
        only: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--lab" => options.lab = value.into(),
            "--runs" => options.runs = value.parse()?,
            "--only" => options.only = Some(value),
            _ => return Err(format!("no option is called {name}").into()),
        }
    }
    options.lab = options.lab.canonicalize()?;
    Ok(options)
}

fn main() -> Result<(), Failed> {
    let options = options()?;
    let mut done = kept();
    for (kind, file) in subjects()? {
        if options.only.as_ref().is_some_and(|only| *only != kind) {
            continue;
        }
        for seed in 1..=options.runs {
            let name = file.to_string_lossy().into_owned();
            if done
                .iter()
                .any(|one| one["file"] == *name && one["seed"] == seed)
            {
                continue;
            }
            let result = graded(&options.lab, kind, &file, seed)?;
            println!(
                "{kind} {name} {seed}: {} {}",
                result["verdict"], result["score"]
            );
            keep(&result)?;
            done.push(result);
        }
    }
    fs::write(TABLE, table(&done))?;
    Ok(())
}

/// Cheats, then solutions: those of the library and others.
fn subjects() -> Result<Vec<(&'static str, PathBuf)>, Failed> {
    let mut subjects = Vec::new();
    for (kind, folder) in [
        ("cheats", "tests/runbooks/cheats"),
        ("solutions", "runbooks/library"),
        ("solutions", "tests/runbooks/solutions"),
    ] {
        let files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut files: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
        files.sort();
        subjects.extend(files.into_iter().map(|file| (kind, file)));
    }
    Ok(subjects)
}

/// One grade in a folder of its own, which is removed again.
fn graded(lab: &Path, kind: &str, file: &Path, seed: u64) -> Result<Value, Failed> {
    let home = tempfile::tempdir()?;
    let mut command = Command::new(lab);
    command
        .current_dir(home.path())
        .args(["grade", "--json", "--quick"]);
    command
        .arg(file.canonicalize()?)
        .args(["--seed", &seed.to_string()]);
    // What a cheat does where nothing is wrong matters only where it is one there.
    if kind == "cheats" && !file.ends_with("act-in-a-precheck.md") {
        command.arg("--own-only");
    }
    let output = command.output()?;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok(json!({
        "kind": kind,
        "file": file.to_string_lossy(),
        "seed": seed,
        "exit": output.status.code(),
        "verdict": report["verdict"],
        "score": report["score"],
        "reason": report["reasons"][0],
    }))
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
    let mut text = "# Cheats and solutions\n\nWritten by `cargo run --release -p lab-tests --example grades`. A cheat is worth nothing, a\n\
                    solution passes. What a cheat did where the lab itself says that it cannot judge (`unknown`)\nis worth nothing either, and is counted apart.\n"
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
            "\n## {kind}\n\n| runbook | runs | pass | fail | unknown | scores | why |\n|---|---|---|---|---|---|---|\n"
        );
        for (file, results) in rows {
            let count = |verdict: &str| {
                results
                    .iter()
                    .filter(|one| one["verdict"] == verdict)
                    .count()
            };
            let scores: Vec<f64> = results
                .iter()
                .filter_map(|one| one["score"].as_f64())
                .collect();
            let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
            let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let name = Path::new(file)
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned());
            let why = results.iter().find_map(|one| one["reason"].as_str());
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {least:.1} – {most:.1} | {} |",
                name.unwrap_or_default(),
                results.len(),
                count("pass"),
                count("fail"),
                count("unknown"),
                why.unwrap_or("–").replace('|', "/"),
            );
        }
    }
    text
}
