//! How a request is sent. Journeys know only [`Transport`]; each executor brings a client of its
//! own, and tests script another.
//!
//! | file | what lives there |
//! |---|---|
//! | `goose` | goose's client, which is reqwest's |
//! | `native` | connections on hyper, each driven by the user who sends on it |

use bytes::Bytes;
use http::Request;
use lab_model::load::Outcome;

use crate::reply::{Keep, Reply};

pub(crate) mod goose;
pub(crate) mod native;

/// What both clients call themselves.
const USER_AGENT: &str = concat!("failure-lab/", env!("CARGO_PKG_VERSION"));

/// Sends one request and takes its whole reply in.
pub(crate) trait Transport: Sync {
    /// The reply after its last byte, or how the request failed.
    ///
    /// Dropping the future abandons the request. An empty body is no body.
    fn send(
        &self,
        request: Request<Bytes>,
        keep: Keep,
    ) -> impl Future<Output = Result<Reply, Outcome>> + Send;
}
