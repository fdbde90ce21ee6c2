//! The fault proxy: relays TCP between callers and upstreams, breaks it on demand, and says
//! exactly what it broke.
//!
//! It knows nothing of scenarios. A [`Proxy`] is used in-process through its async methods, or
//! from outside through Toxiproxy's HTTP API, which it serves over the same state.
//!
//! ```text
//! Proxy::start(Config) -> Proxy                      threads of its own; Clone + Send handle
//!   .open(LinkSpec) -> SocketAddr                    a link: listener and (later) upstream
//!   .set_upstream(link, Some("127.0.0.1:9000"))      drops connections when it changes
//!   .disable(link, Down::Reset) / .enable(link)      down: live connections are reset
//!   .tap(link, bool)                                 HTTP tap on or off
//!   .link(name) / .links() -> LinkView               Toxiproxy's form
//!   .close(link)                                     deletes it
//!   .add_toxic(link, ToxicSpec) -> ToxicView         acts on live connections too
//!   .update_toxic(link, toxic, ToxicUpdate)          attributes are merged
//!   .remove_toxic(link, toxic) / .toxic(..) / .toxics(link)
//!   .reset()                                         enables all links, removes all toxics
//!   .observe() -> Snapshot                           cumulative; Snapshot::since(&earlier)
//!   .forget()                                        drops the counters of removed toxics
//!   .serve_api("127.0.0.1:8474") -> SocketAddr       Toxiproxy's HTTP API
//!   .shutdown()                                      every port is free when it returns
//! ```

mod config;
mod histogram;
mod observe;
mod spec;

pub use config::Config;
pub use histogram::Histogram;
pub use observe::{HttpCounts, LinkSnapshot, Snapshot, ToxicSnapshot, Traffic, Witness};
pub use spec::{Down, LinkSpec, LinkView, Stream, ToxicSpec, ToxicUpdate, ToxicView};
