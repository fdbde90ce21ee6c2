//! The journal's language: names, units, plans, events, and how a journal is written and read.
//!
//! Everything here is plain data. Nothing in this crate opens a file, a socket or a clock, so that
//! every other crate can depend on it and a verdict can be computed anywhere, years later.
//!
//! | file | what lives there |
//! |---|---|
//! | `name` | validated names, links between services, run ids |
//! | `units` | durations, rates, ratios and sizes as people write them |
//! | `traffic` | journeys and their steps |
//! | `arrivals/` | when journeys start: schedules with exact counts |
//! | `system` | services, links, readiness |
//! | `container` | what the container driver needs of a service |
//! | `plan` | everything decided before a run starts |
//! | `toxic` | what a fault is on the wire |
//! | `action` | what a fault does to a service itself |
//! | `objective` | what a system promises, and what stops a run |
//! | `indicator` | figures of the system itself, and what is promised of them |
//! | `fixture` | what a service holds before anybody calls it |
//! | `gateway` | routes, upstreams, flags, and what is known of them |
//! | `histogram` | mergeable latency histograms in JSON |
//! | `ledger/` | writes, and the comparison with what the system holds |
//! | `load` | what the generator reports each second |
//! | `link` | what the proxy saw on a link, and what a fault did there |
//! | `tap` | requests of a link that is followed, one by one |
//! | `status` | a running system at one moment |
//! | `pattern` | resilience patterns a run must show |
//! | `calls` | what a link shows of resilience: attempts, pauses, silences, refusals |
//! | `event` | one entry of the journal |
//! | `journal` | lines to events, also after a crash |
//! | `exit` | the exit codes of the program |
//! | `date` | days of the calendar |
//! | `policy` | what a gate asks of a release |
//! | `rehearsal` | a runbook that is executed in a run |
//! | `exercise` | a failure as somebody handles it by hand |
//! | `accepted` | a run as it is kept for comparisons |

pub mod accepted;
pub mod action;
pub mod arrivals;
pub mod calls;
pub mod container;
pub mod date;
pub mod event;
pub mod exercise;
pub mod exit;
pub mod fixture;
pub mod gateway;
pub mod histogram;
pub mod indicator;
pub mod journal;
pub mod ledger;
pub mod link;
pub mod load;
pub mod name;
pub mod objective;
pub mod pattern;
pub mod plan;
pub mod policy;
pub mod rehearsal;
pub mod status;
pub mod system;
pub mod tap;
mod text;
pub mod toxic;
pub mod traffic;
pub mod units;

pub use event::{Event, Record};
pub use exit::Exit;
pub use histogram::Histogram;
pub use journal::Journal;
pub use name::{Link, Name, RunId, Site};
pub use plan::Plan;
pub use units::{ByteRate, ByteSize, Rate, Ratio, Span};
