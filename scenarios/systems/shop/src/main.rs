//! `shop ROLE`: one process of the demo system, configured by its environment.

use std::process::ExitCode;

fn main() -> ExitCode {
    shop::run(&std::env::args().nth(1).unwrap_or_default())
}
