//! The load generator: open arrivals on a schedule, honest latency, run by goose or on hyper.
//!
//! It runs as a process of its own. [`run`] reads the protocol of `lab-wire` from standard input,
//! answers on standard output, and ends with its input. A process, because goose's kill switch is
//! global, its users outlive its future, and it waits for requests in flight; a process can end.
//!
//! ```text
//! standard input -> input -> session --Ready, Report, Ended--> output -> standard output
//!                              |   ^
//!                       Start  v   | reports
//!     schedule -> pacer -> handover -> users (executor) -> journey -> transport
//!                                            |               |
//!                                            v               v
//!                                         recorder <-- how each arrival and step ended
//! ```
//!
//! | file | what lives there |
//! |---|---|
//! | `session` | the life of the process: prepare, ready, start, report, end |
//! | `input`, `output` | the two ends of the protocol |
//! | `clock` | the host's monotonic clock, the start of the load on it, and a timer as exact |
//! | `schedule`, `rotation` | which arrival is due when and starts which journey; pure |
//! | `pacer` | hands each arrival over when it is due |
//! | `handover` | which user takes it |
//! | `script` | journeys checked and made ready: templates parsed, targets resolved |
//! | `data` | rows of data for placeholders |
//! | `extract`, `cookies` | what is taken from replies, checked, and sent back |
//! | `template`, `keys` | placeholders; ids and random values from the seed |
//! | `journey` | one arrival, step after step |
//! | `transport` | how a request is sent: goose's client, and one on hyper |
//! | `reply` | what is kept of a reply while it streams in |
//! | `executor` | who runs journeys: goose, or users of the lab's own |
//! | `recorder` | every due arrival resolved exactly once, in slots of a second |

mod clock;
mod cookies;
mod data;
mod executor;
mod extract;
mod handover;
mod input;
mod journey;
mod keys;
mod output;
mod pacer;
mod recorder;
mod reply;
mod rotation;
mod schedule;
mod script;
mod session;
mod template;
mod transport;

use std::process::ExitCode;

/// Runs the generator on this process's standard input and output until its input ends.
///
/// Standard output belongs to the protocol from here on: whatever else prints there goes nowhere.
/// Call it from `main` and return its result; it may end the process itself when the lab stops
/// reading and hangs up at the same time.
pub fn run() -> ExitCode {
    match output::Output::take_over() {
        Ok(output) => session::run(output, &input::listen()),
        Err(error) => {
            eprintln!("failed to take over standard output: {error}");
            ExitCode::FAILURE
        }
    }
}
