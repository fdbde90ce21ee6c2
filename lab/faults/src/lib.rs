//! The kinds of fault: what a scenario may write, what it is on the wire, what must be seen of it.
//!
//! A kind is one file with one type: its fields are its attributes, and everything else (JSON
//! schema, explanation, example) is derived from them. To add one, write the file, its `mod` line
//! below and its line in `registry`. Nothing here opens a socket; a fault becomes
//! [`lab_model::toxic::Primitive`]s that any Toxiproxy-compatible proxy understands.
//!
//! | file | what lives there |
//! |---|---|
//! | `kind` | what every kind must say about itself |
//! | `problem` | what is wrong with a fault's attributes, and the checks kinds share |
//! | `registry` | the list of kinds, and [`FaultSpec`], a fault as a scenario writes it |
//! | `explain` | a kind in words, derived from its type |
//! | `requests` | which requests a fault of HTTP acts on |
//! | `recording` | delays that somebody measured, in a file of their own |
//! | the others | one kind each |

mod bandwidth;
mod clock_skew;
mod corrupt;
mod cpu_limit;
mod disconnect;
mod disk_full;
mod down;
mod explain;
mod hang;
mod http_corrupt;
mod http_delay;
mod http_drip;
mod http_header;
mod http_reset;
mod http_stale;
mod http_status;
mod http_truncate;
mod io_limit;
mod kill;
mod kind;
mod latency;
mod limit_data;
mod limit_time;
mod memory_limit;
mod packet_loss;
mod partition;
mod pause;
mod postgres_failover;
mod postgres_lost_commit;
mod postgres_pool;
mod postgres_read_only;
mod postgres_slow;
mod problem;
mod recording;
mod refuse;
mod registry;
mod requests;
mod reset_peer;
mod restart;
mod slicer;
mod slow_accept;
mod slow_close;
mod slow_open;
mod stop;
mod timeout;
mod tls_expired;
mod tls_not_yet_valid;
mod tls_slow_handshake;
mod tls_unknown_authority;
mod tls_wrong_name;

pub use bandwidth::{Bandwidth, Per};
pub use clock_skew::ClockSkew;
pub use corrupt::Corrupt;
pub use cpu_limit::CpuLimit;
pub use disconnect::Disconnect;
pub use disk_full::DiskFull;
pub use down::Down;
pub use explain::{Attribute, Explanation};
pub use hang::Hang;
pub use http_corrupt::HttpCorrupt;
pub use http_delay::HttpDelay;
pub use http_drip::HttpDrip;
pub use http_header::{Action, HttpHeader, Message};
pub use http_reset::HttpReset;
pub use http_stale::HttpStale;
pub use http_status::HttpStatus;
pub use http_truncate::HttpTruncate;
pub use io_limit::IoLimit;
pub use kill::Kill;
pub use kind::{Kind, Mark, Reach, Read, Target};
pub use latency::{Distribution, Latency};
pub use limit_data::LimitData;
pub use limit_time::LimitTime;
pub use memory_limit::MemoryLimit;
pub use packet_loss::PacketLoss;
pub use partition::Partition;
pub use pause::Pause;
pub use postgres_failover::{PostgresFailover, Sessions};
pub use postgres_lost_commit::PostgresLostCommit;
pub use postgres_pool::PostgresPool;
pub use postgres_read_only::PostgresReadOnly;
pub use postgres_slow::PostgresSlow;
pub use problem::Problem;
pub use recording::Recording;
pub use refuse::Refuse;
pub use registry::{Entry, FaultSpec, KINDS, find};
pub use requests::Match;
pub use reset_peer::ResetPeer;
pub use restart::Restart;
pub use slicer::Slicer;
pub use slow_accept::SlowAccept;
pub use slow_close::SlowClose;
pub use slow_open::SlowOpen;
pub use stop::Stop;
pub use timeout::Timeout;
pub use tls_expired::TlsExpired;
pub use tls_not_yet_valid::TlsNotYetValid;
pub use tls_slow_handshake::TlsSlowHandshake;
pub use tls_unknown_authority::TlsUnknownAuthority;
pub use tls_wrong_name::TlsWrongName;
