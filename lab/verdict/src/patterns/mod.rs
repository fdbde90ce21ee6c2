//! Resilience patterns, proven from both sides of a link without touching the system.
//!
//! | file | what lives there |
//! |---|---|
//! | `registry` | the list of patterns, and a pattern as a scenario writes it |
//! | `kind` | what every pattern must say about itself |
//! | `explain` | a pattern in words, from its type |
//! | `wire` | the evidence: what the proxy saw, report by report |
//! | `weigh` | decisions and estimates that patterns share |
//! | `judge` | from a journal to a verdict on each pattern |
//! | the others | one pattern each |

mod back_off;
mod breaker;
mod bulkhead;
mod explain;
mod fallback;
mod idempotency;
mod judge;
mod kind;
mod load_shedding;
mod recovers;
mod registry;
mod retries;
mod timeout;
mod weigh;
mod wire;

pub use back_off::BackOff;
pub use breaker::Breaker;
pub use bulkhead::Bulkhead;
pub use explain::{Attribute, Explanation};
pub use fallback::Fallback;
pub use idempotency::Idempotency;
pub(crate) use judge::judge;
pub use kind::{Needs, Pattern, Problem, Shows};
pub use load_shedding::LoadShedding;
pub use recovers::Recovers;
pub use registry::{Entry, PATTERNS, PatternSpec, find};
pub use retries::Retries;
pub use timeout::Timeout;
