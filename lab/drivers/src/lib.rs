//! Drivers: what stands behind the engine's seams.
//!
//! | file | what lives there |
//! |---|---|
//! | `processes` | services as processes; supervisor, `__exec`, `/proc` |
//! | `containers` | services as containers of an engine; reaper |
//! | `attached` | a system that runs already: nothing is started |
//! | `allowed` | which hosts load and faults may reach |
//! | `acts` | faults on services, whatever those run as |
//! | `proxies` | the lab's own fault proxy as a fault plane |
//! | `gateways` | the system's gateway; its address and token for who may change routes |
//! | `control` | the socket through which a sandbox is asked |
//! | `taps` | links that are followed |
//! | `toxiproxy` | a Toxiproxy-compatible server of somebody else's as a fault plane |
//! | `generator` | the load generator as child processes |
//! | `calibration` | how fast the machine itself is |
//! | `books` | what the system holds beside the ledger of writes, over HTTP or SQL |
//! | `fixtures` | what services hold before anybody calls them |
//! | `readings/` | figures of the system, read while a run goes on |
//! | `probe` | readiness over HTTP or TCP |
//! | `folder` | a run's folder, its journal, logs |
//! | `images` | the images of the demo system, made where no registry has them |
//! | `compose` | builds and health checks that compose files ask for |
//! | `lease` | who owns a run; the sweep of what a dead owner left |
//! | `shell` | blocks of runbooks, run by bash |
//! | `seat/` | somebody's own shell in a pseudo-terminal, recorded |
//! | `programs/` | the same for programs, over HTTP |
//! | `credentials` | certificates of the run's authority, as files |
//! | `template` | placeholders in commands and environment values |

#[cfg(not(target_os = "linux"))]
compile_error!("the process driver needs Linux: death signals, child subreapers and /proc");

mod acts;
pub mod allowed;
pub mod attached;
pub mod books;
mod calibration;
mod compose;
pub mod containers;
pub mod control;
mod credentials;
mod fixtures;
pub mod folder;
pub mod gateways;
pub mod generator;
pub mod images;
pub mod lease;
pub mod probe;
pub mod processes;
pub mod programs;
pub mod proxies;
pub mod readings;
pub mod seat;
pub mod shell;
pub mod taps;
mod template;
pub mod toxiproxy;

pub use lab_proxy::Authority;

/// A name from a constant of this crate.
fn name(text: &'static str) -> lab_model::Name {
    #[expect(
        clippy::expect_used,
        reason = "constants of this crate, each used by a test"
    )]
    lab_model::Name::new(text).expect("a name")
}
