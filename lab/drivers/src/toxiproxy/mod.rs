//! A Toxiproxy-compatible server of somebody else's as a fault plane.
//!
//! Every link goes through a proxy there, and that proxy stands between two taps of the lab's own:
//!
//! ```text
//! caller ──▶ tap ──▶ their proxy ──▶ tap ──▶ callee
//! ```
//!
//! The server counts no requests and no toxic's effect; the taps do, and what happened between them
//! is the evidence. Changes are made by the client library where it can (`owner`), read back over
//! plain HTTP (`http`), and all that is made is claimed (`claim`) beforehand by a name that carries
//! the run, so that it is removed whatever happens and nothing else is touched.
//!
//! | file | what lives there |
//! |---|---|
//! | `plane` | the fault plane |
//! | `change` | one change on the server, made and read back |
//! | `owner` | the thread that owns the client library |
//! | `evidence` | what a fault did, from the taps on both sides of it |
//! | `http` | the server's API over plain HTTP |
//! | `claim` | what a run holds on the server, and its sweep |
//!
//! Without the feature `toxiproxy` only the sweep remains.

#[cfg(feature = "toxiproxy")]
mod change;
pub(crate) mod claim;
#[cfg(feature = "toxiproxy")]
mod evidence;
mod http;
#[cfg(all(test, feature = "toxiproxy"))]
mod library;
#[cfg(feature = "toxiproxy")]
mod owner;
#[cfg(feature = "toxiproxy")]
mod plane;

#[cfg(feature = "toxiproxy")]
pub use plane::Toxiproxy;
