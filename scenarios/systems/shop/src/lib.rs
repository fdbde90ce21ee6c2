//! The demo system: a monolith, and the services being taken out of it.
//!
//! Ordinary good code, with the mistakes people make switched by settings. One process plays one
//! [`Role`]; all configuration comes from environment variables, so that it starts identically
//! from its own binary, from another program that embeds [`run`], or in a container.
//!
//! | where | what |
//! |---|---|
//! | `config` | every setting, its default and what it accepts |
//! | `monolith`, `orders`, `payments` | what each role serves and stores |
//! | `upstream` | calls to another service, through the policies of `resilience` |
//! | `resilience` | timeout, retry, breaker, bulkhead, fallback, each alone |
//! | `flags` | what a gateway decides for each request |
//! | `admission` | what a service does with requests before it serves them |
//! | `metrics` | what a service says of itself, for Prometheus |
//! | `store` | SQLite on a thread of its own |
//! | `tls` | whom a caller trusts, and who a service is |
//!
//! Invariants: a service shares nothing with another but HTTP; a write is acknowledged only after
//! the store has it; work goes on when its caller has gone.

mod admission;
mod config;
mod context;
mod document;
mod failure;
mod flags;
mod id;
mod ledger;
mod log;
mod metrics;
mod monolith;
mod order;
mod orders;
mod pace;
mod payments;
mod process;
mod resilience;
mod schema;
mod server;
mod store;
mod tls;
mod upstream;

pub use config::{Config, ConfigError, Role, UnknownRole};
pub use process::run;
pub use server::{Running, StartError, start};
