//! A routing gateway for HTTP/1.1: several upstreams by share, sticky by a key, healthy or left
//! alone, changed while it serves.
//!
//! It runs on a thread of its own and owns all its state there. What passes it goes over the same
//! links as everything else, so the fault proxies stand behind it and before it. Whoever may change
//! routes and flags has a token for `admin`, which knows nothing of faults.
//!
//! | file | what lives there |
//! |---|---|
//! | `choice` | pure: an upstream by share, or by a key (rendezvous hashing) |
//! | `matching` | pure: the route of a path, the path on the way, the key of a request |
//! | `health` | pure: when an upstream is left alone, and when it is back |
//! | `window` | counts by second, and figures over the last of them |
//! | `state` | routes, flags and counts, and every change to them |
//! | `forward` | one request on its way and its reply back |
//! | `headers` | what a proxy takes out of a message and what it adds |
//! | `admin` | the API for routes, flags and figures |
//! | `server` | the thread: listeners, probes, reports |
//!
//! Invariants: a change is in force for the next request and for none before it; requests on their
//! way end where they began; an upstream whose share is 0 gets nothing, however sick the others
//! are.

mod admin;
mod choice;
mod forward;
mod headers;
mod health;
mod matching;
mod server;
mod state;
mod window;

pub use server::{Options, Running, start};
