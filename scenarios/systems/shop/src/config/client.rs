//! How a service calls another: the policies of `resilience`.

use std::time::Duration;

use super::reader::Reader;
use super::value::{Share, Value};

/// Settings of every call to one upstream service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClientSettings {
    /// How long the caller waits for an answer, all attempts together. `None`: for ever.
    pub(crate) timeout: Option<Duration>,
    /// How long it waits for one attempt. `None`: as long as for the whole call.
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retry: RetrySettings,
    /// `None`: no breaker.
    pub(crate) breaker: Option<BreakerSettings>,
    /// Calls at once; more fail at once. `None`: no limit.
    pub(crate) bulkhead: Option<usize>,
    /// Whether connections are pooled and used again.
    pub(crate) keepalive: bool,
    /// Where an answer ends, on a connection that is used once.
    pub(crate) body: BodyEnd,
}

/// What ends an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// Its length, as HTTP says it.
    Length,
    /// The close of the connection, whatever HTTP says: as clients do that were written in an
    /// afternoon.
    Close,
}

impl Value for BodyEnd {
    const EXPECTED: &'static str = "`length` or `close`";

    fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "length" => Some(Self::Length),
            "close" => Some(Self::Close),
            _ => None,
        }
    }
}

/// When a failed attempt is made again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RetrySettings {
    pub(crate) mode: RetryMode,
    /// Attempts a call may make, the first included.
    pub(crate) attempts: u32,
    /// The longest pause before the first retry; doubles with each further one.
    pub(crate) backoff: Duration,
    /// The longest pause before any retry.
    pub(crate) backoff_most: Duration,
    /// Whether each pause is drawn, or all are as long as they may be.
    pub(crate) jitter: Jitter,
    /// Retries allowed per call in the long run.
    pub(crate) budget: f64,
}

/// How pauses of a back-off differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jitter {
    /// Not at all: callers that failed together come back together.
    None,
    /// Drawn evenly from nothing to the longest.
    Full,
}

/// The three ways to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryMode {
    /// Never.
    None,
    /// At once, whatever the dependency's state.
    Naive,
    /// After an exponential back-off with full jitter, within a budget.
    Bounded,
}

/// When a circuit breaker opens, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BreakerSettings {
    /// Failed attempts in a row that open it.
    pub(crate) threshold: u32,
    /// How long it refuses attempts before it lets one try.
    pub(crate) open: Duration,
}

impl Value for RetryMode {
    const EXPECTED: &'static str = "`none`, `naive` or `bounded`";

    fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "none" => Some(Self::None),
            "naive" => Some(Self::Naive),
            "bounded" => Some(Self::Bounded),
            _ => None,
        }
    }
}

impl Value for Jitter {
    const EXPECTED: &'static str = "`full` or `none`";

    fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "full" => Some(Self::Full),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

impl ClientSettings {
    /// One attempt on a pooled connection, for so long.
    pub(crate) fn plain(timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
            keepalive: true,
            ..Self::read(&mut Reader::new(&|_| None), RetryMode::None)
        }
    }

    /// Reads the settings; only the default way to retry differs between services.
    pub(super) fn read(reader: &mut Reader<'_>, retry: RetryMode) -> Self {
        let breaker = BreakerSettings {
            threshold: reader.value("SHOP_BREAKER_THRESHOLD", 5),
            open: reader.value("SHOP_BREAKER_OPEN", Duration::from_secs(2)),
        };
        Self {
            timeout: reader.value("SHOP_TIMEOUT", None),
            attempt_timeout: reader.value("SHOP_ATTEMPT_TIMEOUT", None),
            retry: RetrySettings {
                mode: reader.value("SHOP_RETRY", retry),
                attempts: reader.value("SHOP_RETRY_ATTEMPTS", 4),
                backoff: reader.value("SHOP_RETRY_BACKOFF", Duration::from_millis(50)),
                backoff_most: reader.value("SHOP_RETRY_BACKOFF_MOST", Duration::from_secs(1)),
                jitter: reader.value("SHOP_RETRY_JITTER", Jitter::Full),
                budget: reader.value("SHOP_RETRY_BUDGET", Share(0.2)).0,
            },
            breaker: reader.value("SHOP_BREAKER", false).then_some(breaker),
            bulkhead: reader.value("SHOP_BULKHEAD", None),
            keepalive: reader.value("SHOP_KEEPALIVE", false),
            body: reader.value("SHOP_BODY", BodyEnd::Length),
        }
    }
}
