//! The kinds of fault of HTTP, one file each. Their attributes are those of toxics; `match` says
//! which requests, `toxicity` which share of those.

mod corrupt;
mod delay;
mod drip;
mod header;
mod reset;
mod stale;
mod status;
mod truncate;

pub(crate) use corrupt::Corrupt;
pub(crate) use delay::Delay;
pub(crate) use drip::Drip;
pub(crate) use header::Header;
pub(crate) use reset::Reset;
pub(crate) use stale::Stale;
pub(crate) use status::Status;
pub(crate) use truncate::Truncate;
