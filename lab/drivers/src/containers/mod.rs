//! The container driver: services as containers of an engine that speaks Docker's API.
//!
//! | file | what lives there |
//! |---|---|
//! | `driver` | behind the seam: obstacles, lease, reaper |
//! | `running` | the environment of a run: its services, and their end |
//! | `fleet` | the containers of a run by service |
//! | `network` | its networks, and where on them proxies listen |
//! | `endpoint` | where an engine is: `DOCKER_HOST`, contexts, known sockets |
//! | `engine` | a connection to it, and what it can do |
//! | `host` | what this host and engine cannot do, and why |
//! | `image` | which image stands for which; pulls |
//! | `labels` | what marks everything a run makes |
//! | `launch` | a service as a request to testcontainers |
//! | `watch` | what the engine tells about containers; their logs |
//! | `faults` | faults on services that are containers |
//! | `exec` | a command within a container |
//! | `removal` | removes whatever carries a label until nothing does |
//! | `standing` | what of runs stands in the engine, and its removal by hand |
//! | `reaper` | `lab __reap`: removal when the lab is gone |

mod driver;
pub mod endpoint;
pub mod engine;
pub(crate) mod exec;
mod faults;
mod fleet;
pub mod host;
pub mod image;
pub(crate) mod labels;
mod launch;
mod network;
pub mod reaper;
pub(crate) mod removal;
mod running;
mod standing;
mod watch;

pub use driver::Containers;
pub use standing::{list, remove, sweep};
