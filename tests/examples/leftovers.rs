//! Ends `lab` by `kill -9` at random moments of its run, over both drivers, and in one trial of
//! four its reaper or supervisor with it; counts what is left. Writes the table in
//! `tests/LEFTOVERS.md`.
//!
//! ```text
//! lab images build
//! cargo build --release -p lab
//! cargo run --release -p lab-tests --example leftovers -- --trials 40
//! ```
//!
//! `--driver processes` or `--driver containers` for one of them, `--seed N` for other moments,
//! `--lab PROGRAM` for another program. Nothing else may use the container engine meanwhile: it is
//! compared with what was there before. Results are kept in `target/leftovers.jsonl`; a trial that
//! is on record there is not repeated, so the work may be interrupted.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab_tests::engine;
use lab_tests::kills::{self, Subject, Trial};
use serde_json::{Value, json};

type Failed = Box<dyn Error>;

/// One trial of so many ends the reaper or supervisor as well.
const KEEPER_EACH: usize = 4;
const KINDS: [&str; 7] = [
    "containers",
    "networks",
    "volumes",
    "images",
    "processes",
    "ports",
    "files",
];

struct Options {
    lab: PathBuf,
    trials: usize,
    seed: u64,
    drivers: Vec<&'static str>,
}

fn options() -> Result<Options, Failed> {
    let mut options = Options {
        lab: "target/release/lab".into(),
        trials: 40,
        seed: 1,
        drivers: vec!["processes", "containers"],
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        match (name.as_str(), value.as_str()) {
            ("--lab", _) => options.lab = value.into(),
            ("--trials", _) => options.trials = value.parse()?,
            ("--seed", _) => options.seed = value.parse()?,
            ("--driver", "processes") => options.drivers = vec!["processes"],
            ("--driver", "containers") => options.drivers = vec!["containers"],
            _ => return Err(format!("{name} {value} is not understood").into()),
        }
    }
    Ok(options)
}

fn main() -> Result<(), Failed> {
    let options = options()?;
    let lab = options.lab.canonicalize()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let kept = root.join("target/leftovers.jsonl");
    fs::create_dir_all(root.join("target"))?;
    for driver in options.drivers {
        if driver == "containers"
            && let Some(reason) = engine::lacks(&["lab/shop", "lab/postgres:15", "lab/redis:7"])
        {
            println!("containers: skipped, {reason}");
            continue;
        }
        let file = match driver {
            "containers" => "tests/scenarios/composed.yaml",
            _ => "tests/scenarios/leftovers.yaml",
        };
        let subject = Subject {
            lab: lab.clone(),
            scenario: root.join(file),
            driver,
        };
        trials(&subject, options.trials, options.seed, &kept)?;
    }
    let table = table(&read(&kept)?);
    let page = root.join("tests/LEFTOVERS.md");
    let text = fs::read_to_string(&page)?;
    let (head, _) = text
        .split_once("\n| driver")
        .ok_or("LEFTOVERS.md has no table")?;
    fs::write(&page, format!("{head}\n{table}"))?;
    print!("{table}");
    Ok(())
}

fn trials(subject: &Subject, count: usize, seed: u64, kept: &Path) -> Result<(), Failed> {
    let driver = subject.driver;
    let done = read(kept)?;
    let mut file = OpenOptions::new().create(true).append(true).open(kept)?;
    let known = done.iter().find(|result| is_of(result, driver, seed));
    let known = known.and_then(|result| result["length"].as_f64());
    let length = if let Some(length) = known {
        Duration::from_secs_f64(length)
    } else {
        let (length, left) = kills::undisturbed(subject)?;
        println!(
            "{driver}: a run takes {length:?} and leaves {}",
            left.json()
        );
        length
    };
    for (number, moment) in kills::moments(seed, count, length).into_iter().enumerate() {
        let recorded = |result: &&Value| is_of(result, driver, seed) && result["number"] == number;
        if done.iter().any(|result| recorded(&result)) {
            continue;
        }
        let with_keeper = number % KEEPER_EACH == KEEPER_EACH - 1;
        let trial = Trial {
            moment,
            with_keeper,
        };
        let outcome = kills::run(subject, trial)?;
        let result = json!({
            "driver": driver,
            "seed": seed,
            "number": number,
            "length": length.as_secs_f64(),
            "moment": moment.as_secs_f64(),
            "with_keeper": with_keeper,
            "found": outcome.found.json(),
            "left": outcome.left.json(),
            "gone_after": outcome.gone_after.as_secs_f64(),
        });
        println!("{result}");
        if outcome.left.count() > 0 {
            println!("{:#?}", outcome.left);
        }
        writeln!(file, "{result}")?;
    }
    Ok(())
}

fn is_of(result: &Value, driver: &str, seed: u64) -> bool {
    result["driver"] == driver && result["seed"] == seed
}

fn read(path: &Path) -> Result<Vec<Value>, Failed> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}

/// By driver and by who was ended: how many trials, what was there when the lab was gone and what
/// was left, summed over the trials, and how long it took until nothing was.
fn table(results: &[Value]) -> String {
    let mut text = format!(
        "| driver | ended | trials | moments | | {} | gone after, median | longest |\n",
        KINDS.join(" | ")
    );
    text.push_str("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for driver in ["processes", "containers"] {
        for with_keeper in [false, true] {
            let of: Vec<&Value> = results
                .iter()
                .filter(|one| one["driver"] == driver && one["with_keeper"] == with_keeper)
                .collect();
            if of.is_empty() {
                continue;
            }
            let figures = |key: &str| {
                let mut figures: Vec<f64> = of.iter().filter_map(|one| one[key].as_f64()).collect();
                figures.sort_unstable_by(f64::total_cmp);
                figures
            };
            let sums = |key: &str| {
                let sum = |kind: &&str| {
                    let counts = of.iter().filter_map(|one| one[key][*kind].as_u64());
                    counts.sum::<u64>().to_string()
                };
                KINDS.iter().map(sum).collect::<Vec<_>>().join(" | ")
            };
            let (moments, gone) = (figures("moment"), figures("gone_after"));
            let ended = match (with_keeper, driver) {
                (false, _) => "lab",
                (true, "containers") => "lab and its reaper",
                (true, _) => "lab and its supervisor",
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {driver} | {ended} | {} | {:.2} – {:.2} s | found | {} | | |",
                of.len(),
                moments.first().copied().unwrap_or_default(),
                moments.last().copied().unwrap_or_default(),
                sums("found"),
            );
            let _ = writeln!(
                text,
                "| | | | | **left** | {} | {:.1} s | {:.1} s |",
                sums("left"),
                gone.get(gone.len() / 2).copied().unwrap_or_default(),
                gone.last().copied().unwrap_or_default(),
            );
        }
    }
    text
}
