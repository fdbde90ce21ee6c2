//! The kinds of fault of PostgreSQL, one file each. Their attributes are those of toxics;
//! `toxicity` is the share of what they match.

mod failover;
mod lost_commit;
mod pool;
mod read_only;
mod slow;

pub(crate) use failover::Failover;
pub(crate) use lost_commit::LostCommit;
pub(crate) use pool::Pool;
pub(crate) use read_only::ReadOnly;
pub(crate) use slow::Slow;
