//! The fault proxy: relays TCP between callers and upstreams, breaks it on demand, and says
//! exactly what it broke.
//!
//! It knows nothing of scenarios. A [`Proxy`] is used in-process through its async methods, or
//! from outside through Toxiproxy's HTTP API, which it serves over the same state.
//!
//! ```
//! use lab_proxy::{Config, LinkSpec, Proxy, ToxicSpec};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let proxy = Proxy::start(Config { seed: 7, ..Config::default() })?;
//! let link = proxy.open(LinkSpec::new("orders -> payments")).await?;
//! proxy.set_upstream(&link.name, Some("127.0.0.1:9000")).await?;
//!
//! let slow = ToxicSpec::new("latency").with("latency", 2_000).with("jitter", 200);
//! let slow = proxy.add_toxic(&link.name, slow).await?;
//! let before = proxy.observe().await?;
//! // ... load on link.listen ...
//! let during = proxy.observe().await?.since(&before);
//! let witness = &during.links[&link.name].toxic(&slow.name).unwrap().witness;
//! println!("touched {} requests", witness.requests);
//!
//! proxy.remove_toxic(&link.name, &slow.name).await?;
//! proxy.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! How it is built: one front thread accepts connections and carries out calls; plain workers
//! (one a core) relay bytes; one timed worker owns the connections whose data is delayed or
//! rationed. A connection moves between workers, live, when a toxic comes or goes.

mod api;
pub mod client;
mod config;
mod control;
mod error;
mod events;
mod histogram;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
mod link;
mod listen;
mod observe;
mod protocol;
mod proxy;
mod relay;
mod seed;
mod server;
mod spec;
mod tap;
mod timers;
mod toxics;
mod witness;
mod worker;

pub use api::ApiOptions;
pub use config::Config;
pub use error::Error;
pub use events::{EndedBy, Event, LinkChange, Listener, Outcome, RequestEnded, Told, ToxicChange};
pub use histogram::Histogram;
pub use observe::{
    Burst, HttpCounts, LinkSnapshot, Peak, Snapshot, ToxicSnapshot, Traffic, Witness,
};
pub use protocol::tls::{Authority, Certificate};
pub use proxy::Proxy;
pub use server::{Server, ServerError, ServerOptions};
pub use spec::{Down, LinkSpec, LinkView, Reach, Stream, ToxicSpec, ToxicUpdate, ToxicView};
pub use toxics::{Kind, kinds};
