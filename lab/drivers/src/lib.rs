//! Drivers: what stands behind the engine's seams.
//!
//! | file | what lives there |
//! |---|---|
//! | `processes` | services as processes; supervisor, `__exec`, `/proc` |
//! | `proxies` | the lab's own fault proxy as a fault plane |
//! | `generator` | the load generator as a child process |
//! | `probe` | readiness over HTTP or TCP |
//! | `folder` | a run's folder, its journal, logs |
//! | `lease` | who owns a run; the sweep of what a dead owner left |
//! | `template` | placeholders in commands and environment values |

#[cfg(not(target_os = "linux"))]
compile_error!("the process driver needs Linux: death signals, child subreapers and /proc");

pub mod folder;
pub mod generator;
pub mod lease;
pub mod probe;
pub mod processes;
pub mod proxies;
mod template;

/// A name from a constant of this crate.
fn name(text: &'static str) -> lab_model::Name {
    #[expect(
        clippy::expect_used,
        reason = "constants of this crate, each used by a test"
    )]
    lab_model::Name::new(text).expect("a name")
}
