//! What a request carries for those behind: its trace, its correlation id, its idempotency key.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::failure::Failure;
use crate::id;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest idempotency key that is kept.
const LONGEST_KEY: usize = 200;

/// The context of one request, passed on to every upstream call made for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context {
    trace: Trace,
    correlation: Option<HeaderValue>,
    key: Option<String>,
}

/// The parts of a W3C trace context that stay the same along a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trace {
    id: String,
    flags: String,
}

impl Context {
    /// For work that no request asked for at this moment, under the key of the one that did.
    pub(crate) fn background(key: Option<String>) -> Self {
        Self {
            trace: Trace::fresh(),
            correlation: None,
            key,
        }
    }

    /// The key under which a write happens at most once, if the caller gave one.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The same with a key, made up where the caller gave none: so the attempts of one write can
    /// be told from two writes.
    pub(crate) fn with_some_key(mut self) -> Self {
        self.key.get_or_insert_with(|| id::fresh("k"));
        self
    }

    /// The same under another key.
    pub(crate) fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Writes the context into the headers of an upstream request, as a new span of the trace.
    pub(crate) fn pass_on(&self, headers: &mut HeaderMap) {
        let span: u64 = rand::random_range(1..=u64::MAX);
        let Trace { id, flags } = &self.trace;
        if let Ok(value) = HeaderValue::try_from(format!("00-{id}-{span:016x}-{flags}")) {
            headers.insert(TRACEPARENT, value);
        }
        if let Some(value) = &self.correlation {
            headers.insert(CORRELATION_ID, value.clone());
        }
        if let Some(Ok(value)) = self.key.as_deref().map(HeaderValue::try_from) {
            headers.insert(IDEMPOTENCY_KEY, value);
        }
    }

    fn read(headers: &HeaderMap) -> Result<Self, Failure> {
        let trace = headers
            .get(TRACEPARENT)
            .and_then(|value| Trace::parse(value.to_str().ok()?))
            .unwrap_or_else(Trace::fresh);
        let key = headers.get(IDEMPOTENCY_KEY).map(read_key).transpose()?;
        Ok(Self {
            trace,
            correlation: headers.get(CORRELATION_ID).cloned(),
            key,
        })
    }
}

/// An unusable key is refused: ignoring it would break the promise it was sent for.
fn read_key(value: &HeaderValue) -> Result<String, Failure> {
    match value.to_str() {
        Ok(key) if (1..=LONGEST_KEY).contains(&key.len()) => Ok(key.to_owned()),
        _ => Err(Failure::Invalid(format!(
            "idempotency-key must be 1 to {LONGEST_KEY} visible ASCII characters"
        ))),
    }
}

impl Trace {
    /// Reads `version-trace-parent-flags`, see W3C *Trace Context*, section 3.2.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, id, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lowercase_hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let named = |text: &str, length| {
            lowercase_hex(text, length) && text.bytes().any(|byte| byte != b'0')
        };
        let valid = lowercase_hex(version, 2)
            && version != "ff"
            && named(id, 32)
            && named(parent, 16)
            && lowercase_hex(flags, 2)
            && (version != "00" || parts.next().is_none());
        valid.then(|| Self {
            id: id.to_owned(),
            flags: flags.to_owned(),
        })
    }

    /// A trace that starts here.
    fn fresh() -> Self {
        Self {
            id: format!("{:032x}", rand::random_range(1..=u128::MAX)),
            flags: "01".to_owned(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        Self::read(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn passed_on(pairs: &[(HeaderName, &str)]) -> Result<HeaderMap, Failure> {
        let headers = pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.clone(),
                    HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                )
            })
            .collect();
        let mut onward = HeaderMap::new();
        Context::read(&headers)?.pass_on(&mut onward);
        Ok(onward)
    }

    #[test]
    fn the_trace_stays_and_the_span_changes() {
        let text = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let onward = passed_on(&[(TRACEPARENT, &text)]).unwrap();
        let sent = onward[TRACEPARENT].to_str().unwrap();
        assert_eq!(Trace::parse(sent), Trace::parse(&text));
        assert_ne!(sent, text);
    }

    #[test]
    fn key_and_correlation_id_are_passed_on() {
        let onward = passed_on(&[(CORRELATION_ID, "c-1"), (IDEMPOTENCY_KEY, "k-1")]).unwrap();
        assert_eq!(onward[CORRELATION_ID], "c-1");
        assert_eq!(onward[IDEMPOTENCY_KEY], "k-1");
    }

    #[test]
    fn a_request_without_context_starts_a_trace() {
        let onward = passed_on(&[]).unwrap();
        assert!(Trace::parse(onward[TRACEPARENT].to_str().unwrap()).is_some());
        assert_eq!(onward.len(), 1);
    }

    #[test]
    fn a_trace_that_is_none_is_replaced() {
        let zeros = "0".repeat(32);
        for bad in [
            "",
            "00",
            "hello-world-it-is",
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{zeros}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            &format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
        ] {
            assert_eq!(Trace::parse(bad), None, "{bad}");
        }
        assert!(Trace::parse(&format!("01-{TRACE}-00f067aa0ba902b7-01-more")).is_some());
    }

    #[test]
    fn an_unusable_key_is_refused() {
        let long = "k".repeat(LONGEST_KEY + 1);
        for bad in ["", "\u{e9}", &long] {
            assert!(passed_on(&[(IDEMPOTENCY_KEY, bad)]).is_err(), "{bad}");
        }
    }
}
