//! Heads of requests and replies: what the tap wants to know of them.

use super::framing::{Body, Incomplete};
use std::hash::{DefaultHasher, Hash, Hasher};

/// More headers than that are not followed.
const MOST_HEADERS: usize = 100;

/// Characters of a path that are told.
const LONGEST_PATH: usize = 200;

/// A request's head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestHead {
    pub(super) method: String,
    /// Its path without the query, where somebody follows.
    pub(super) path: Option<String>,
    pub(super) body: Body,
    /// What further attempts of the same request have in common, hashed.
    pub(super) key: Option<u64>,
    /// Whether it writes under an idempotency key, so that further attempts must be answered alike.
    pub(super) single: bool,
}

/// A reply's head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReplyHead {
    pub(super) status: u16,
    /// As far as the head itself tells.
    pub(super) body: Body,
}

impl RequestHead {
    /// Reads a head; see [`super::framing::Parse`].
    pub(super) fn parse(data: &[u8]) -> Result<(usize, Self), Incomplete> {
        Self::read(data, false)
    }

    /// The same, with the path.
    pub(super) fn parse_with_path(data: &[u8]) -> Result<(usize, Self), Incomplete> {
        Self::read(data, true)
    }

    fn read(data: &[u8], with_path: bool) -> Result<(usize, Self), Incomplete> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let length = complete(request.parse(data))?;
        let method = request.method.unwrap_or_default();
        let path = request.path.unwrap_or_default();
        let head = Self {
            method: method.to_owned(),
            path: with_path.then(|| without_query(path)),
            body: body(request.headers)?.unwrap_or(Body::None),
            key: key(method, path, request.headers),
            single: !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
                && find(request.headers, "idempotency-key").is_some(),
        };
        Ok((length, head))
    }
}

impl ReplyHead {
    /// Reads a head; see [`super::framing::Parse`].
    pub(super) fn parse(data: &[u8]) -> Result<(usize, Self), Incomplete> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut reply = httparse::Response::new(&mut headers);
        let length = complete(reply.parse(data))?;
        let head = Self {
            status: reply.code.unwrap_or_default(),
            body: body(reply.headers)?.unwrap_or(Body::UntilClose),
        };
        Ok((length, head))
    }
}

/// What stands before the query, at most [`LONGEST_PATH`] of it.
fn without_query(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.chars().take(LONGEST_PATH).collect()
}

fn complete(parsed: httparse::Result<usize>) -> Result<usize, Incomplete> {
    match parsed {
        Ok(httparse::Status::Complete(length)) => Ok(length),
        Ok(httparse::Status::Partial) => Err(Incomplete::More),
        Err(_) => Err(Incomplete::Invalid),
    }
}

/// How the body is delimited (RFC 9112, section 6.3), if the headers say so.
fn body(headers: &[httparse::Header<'_>]) -> Result<Option<Body>, Incomplete> {
    let mut length = None;
    for header in headers {
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            let value = header.value.to_ascii_lowercase();
            return Ok(Some(if value.ends_with(b"chunked") {
                Body::Chunked
            } else {
                Body::UntilClose
            }));
        }
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).map_err(|_| Incomplete::Invalid)?;
            let value = text.trim().parse().map_err(|_| Incomplete::Invalid)?;
            length = Some(Body::Length(value));
        }
    }
    Ok(length)
}

fn find<'a>(headers: &[httparse::Header<'a>], name: &str) -> Option<&'a [u8]> {
    let named = headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| header.value)
}

/// The idempotency key, else the trace id of `traceparent` with method and path.
fn key(method: &str, path: &str, headers: &[httparse::Header<'_>]) -> Option<u64> {
    let find = |name: &str| find(headers, name);
    let mut hasher = DefaultHasher::new();
    if let Some(key) = find("idempotency-key") {
        (key, method, path).hash(&mut hasher);
    } else {
        // version "-" trace-id "-" parent-id "-" flags (W3C Trace Context, section 3.2).
        let trace = find("traceparent")?.split(|byte| *byte == b'-').nth(1)?;
        (trace, method, path).hash(&mut hasher);
    }
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &str) -> RequestHead {
        let text = format!("POST /orders HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        let (length, head) = RequestHead::parse(text.as_bytes()).unwrap();
        assert_eq!(length, text.len());
        head
    }

    #[test]
    fn bodies_are_delimited_as_the_headers_say() {
        assert_eq!(request("").body, Body::None);
        assert_eq!(request("content-length: 12\r\n").body, Body::Length(12));
        let both = "Content-Length: 12\r\nTransfer-Encoding: gzip, Chunked\r\n";
        assert_eq!(request(both).body, Body::Chunked);
    }

    #[test]
    fn attempts_share_their_key() {
        let trace = |parent: &str| request(&format!("traceparent: 00-abc-{parent}-01\r\n")).key;
        assert_eq!(trace("1"), trace("2"));
        assert_eq!(request("").key, None);
        let both = |parent: &str| {
            request(&format!(
                "Idempotency-Key: k\r\ntraceparent: 00-{parent}-1-01\r\n"
            ))
            .key
        };
        assert_eq!(both("x"), both("y"));
        assert_ne!(both("x"), trace("1"));
        assert!(request("Idempotency-Key: k\r\n").single);
        assert!(!request("traceparent: 00-1-1-01\r\n").single);
    }
}
