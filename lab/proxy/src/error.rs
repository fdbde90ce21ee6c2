//! Why a call on the proxy failed, in Toxiproxy's words.

/// A call that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The body of an API call, or an attribute or toxicity, makes no sense.
    #[error("bad request body: {0}")]
    BadRequest(String),
    /// A name or an upstream is missing.
    #[error("missing required field: {0}")]
    MissingField(String),
    /// Neither `upstream` nor `downstream`.
    #[error("stream was invalid, can be either upstream or downstream")]
    InvalidStream,
    /// No registered kind has that name.
    #[error("invalid toxic type")]
    InvalidToxicType,
    /// No link has that name.
    #[error("proxy not found")]
    LinkNotFound,
    /// No toxic of the link has that name.
    #[error("toxic not found")]
    ToxicNotFound,
    /// The name of a link is taken.
    #[error("proxy already exists")]
    LinkExists,
    /// The name of a toxic is taken on its link, in either direction.
    #[error("toxic already exists")]
    ToxicExists,
    /// The link cannot listen where it should.
    #[error("listen tcp {address}: {reason}")]
    Listen {
        /// The address asked for.
        address: String,
        /// The system's reason.
        reason: String,
    },
    /// The proxy was shut down.
    #[error("the proxy was shut down")]
    Stopped,
}

impl Error {
    /// The status of an API answer that reports it.
    pub fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_)
            | Self::MissingField(_)
            | Self::InvalidStream
            | Self::InvalidToxicType => 400,
            Self::LinkNotFound | Self::ToxicNotFound => 404,
            Self::LinkExists | Self::ToxicExists => 409,
            Self::Listen { .. } | Self::Stopped => 500,
        }
    }
}
