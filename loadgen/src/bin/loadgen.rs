//! The generator as a small binary of its own, for its tests and for use without the lab.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab_loadgen::run()
}
