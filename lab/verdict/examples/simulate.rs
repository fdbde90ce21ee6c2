//! How often the verdicts are wrong on systems whose truth is known, seeded:
//!
//! ```text
//! cargo run --release -p lab-verdict --example simulate [RUNS]
//! ```
//!
//! Prints a table and ends with an error where a rate is beyond its limit. `tests/simulation` runs
//! the same worlds in short.

#[path = "../tests/simulation/world.rs"]
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    let runs = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(4_000);
    println!("| system | verdict | runs | wrong | limit |\n|---|---|---|---|---|");
    let mut held = true;
    for question in world::questions() {
        let answer = question.ask(runs);
        held &= answer.holds(0.0);
        println!("{answer}");
    }
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
