//! Heads of requests and replies: read strictly, and changed line by line, so that what no fault
//! asks for stays as it came.

use bytes::Bytes;

/// More headers than that are refused.
const MOST_HEADERS: usize = 512;

/// How the body after a head is delimited (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    None,
    Length(u64),
    Chunked,
    UntilClose,
}

/// What came of reading a head that ends with an empty line.
#[derive(Debug)]
pub(super) enum Parsed<H> {
    Whole(H),
    Invalid,
}

/// Headers in order, names in lower case.
pub(super) type Headers = Vec<(String, Vec<u8>)>;

/// A request's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestHead {
    pub(super) method: String,
    /// The target as it was sent: a path, or all of it in absolute form.
    pub(super) target: String,
    pub(super) headers: Headers,
    pub(super) body: Body,
    /// Whether the connection is to go on after this request.
    pub(super) keep_alive: bool,
    /// Whether the caller waits for `100 Continue` before it sends the body.
    pub(super) expects: bool,
}

/// A reply's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReplyHead {
    pub(super) status: u16,
    pub(super) body: Body,
}

impl RequestHead {
    /// Reads a whole head. What leaves room for two opinions on where the request ends is invalid.
    pub(super) fn parse(data: &[u8]) -> Parsed<Self> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(data) {
            Ok(httparse::Status::Complete(length)) if length == data.len() => {}
            _ => return Parsed::Invalid,
        }
        let newest = request.version == Some(1);
        let headers = owned(request.headers);
        let Some(body) = request_body(&headers, newest) else {
            return Parsed::Invalid;
        };
        let connection = tokens(&headers, "connection");
        let says = |token: &str| connection.iter().any(|said| said == token);
        Parsed::Whole(Self {
            method: request.method.unwrap_or_default().to_owned(),
            target: request.path.unwrap_or_default().to_owned(),
            body,
            keep_alive: !says("close") && (newest || says("keep-alive")),
            expects: tokens(&headers, "expect")
                .iter()
                .any(|e| e == "100-continue"),
            headers,
        })
    }

    /// The path without query, of whichever form of target.
    pub(super) fn path(&self) -> &str {
        let target = match self.target.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => &self.target,
        };
        target.split(['?', '#']).next().unwrap_or_default()
    }

    /// The values of a header; the name is in lower case.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        values(&self.headers, name)
    }
}

impl ReplyHead {
    /// Reads a whole head.
    pub(super) fn parse(data: &[u8]) -> Parsed<Self> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut reply = httparse::Response::new(&mut headers);
        match reply.parse(data) {
            Ok(httparse::Status::Complete(length)) if length == data.len() => {}
            _ => return Parsed::Invalid,
        }
        let headers = owned(reply.headers);
        let codings = tokens(&headers, "transfer-encoding");
        let body = match codings.last().map(String::as_str) {
            Some("chunked") => Some(Body::Chunked),
            Some(_) => Some(Body::UntilClose),
            None => length(&headers, Body::UntilClose),
        };
        match body {
            None => Parsed::Invalid,
            Some(body) => Parsed::Whole(Self {
                status: reply.code.unwrap_or_default(),
                body,
            }),
        }
    }
}

/// `None` where one may read it in two ways: both delimiters, a coding that hides the end, two
/// lengths.
fn request_body(headers: &Headers, newest: bool) -> Option<Body> {
    let codings = tokens(headers, "transfer-encoding");
    if codings.is_empty() {
        // An empty header is a header.
        let none = values(headers, "transfer-encoding").next().is_none();
        return length(headers, Body::None).filter(|_| none);
    }
    let chunked = codings.iter().filter(|coding| *coding == "chunked").count();
    let last = codings.last().is_some_and(|coding| coding == "chunked");
    let alone = values(headers, "content-length").next().is_none();
    (newest && last && chunked == 1 && alone).then_some(Body::Chunked)
}

/// The length that all `Content-Length` agree on, `otherwise` where there is none; `None` where
/// they do not agree.
fn length(headers: &Headers, otherwise: Body) -> Option<Body> {
    let mut found: Option<u64> = None;
    for value in values(headers, "content-length") {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let value = str::from_utf8(value).ok().filter(|_| digits)?;
        let value: u64 = value.parse().ok()?;
        if found.is_some_and(|known| known != value) {
            return None;
        }
        found = Some(value);
    }
    Some(found.map_or(otherwise, Body::Length))
}

fn owned(headers: &[httparse::Header<'_>]) -> Headers {
    let owned = |header: &httparse::Header<'_>| {
        (
            header.name.to_ascii_lowercase(),
            header.value.trim_ascii().to_vec(),
        )
    };
    headers.iter().map(owned).collect()
}

fn values<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let named = headers.iter().filter(move |(found, _)| found == name);
    named.map(|(_, value)| &value[..])
}

/// The members of a list header, in lower case.
fn tokens(headers: &Headers, name: &str) -> Vec<String> {
    let values = values(headers, name).map(String::from_utf8_lossy);
    let all: Vec<String> = values.map(|value| value.to_ascii_lowercase()).collect();
    let members = all.iter().flat_map(|value| value.split(','));
    let members = members.map(str::trim).filter(|member| !member.is_empty());
    members.map(str::to_owned).collect()
}

/// A change to a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Every line of that name is left out.
    Drop(String),
    /// The value of the first line of that name is replaced, further ones are left out; nothing
    /// happens where there is none.
    Change(String, String),
    /// A line is added at the end.
    Add(String, String),
}

/// The head with a change made, or nothing where it changes nothing.
pub(super) fn edited(raw: &[u8], edit: &Edit) -> Option<Bytes> {
    let mut changed = Vec::with_capacity(raw.len() + 64);
    let mut lines = raw.split_inclusive(|byte| *byte == b'\n');
    changed.extend_from_slice(lines.next()?);
    let mut seen = false;
    for line in lines {
        if matches!(line, b"\r\n" | b"\n") {
            if let Edit::Add(name, value) = edit {
                changed.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
                seen = true;
            }
            changed.extend_from_slice(line);
            continue;
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        match edit {
            Edit::Drop(dropped) if name.eq_ignore_ascii_case(dropped.as_bytes()) => seen = true,
            Edit::Change(known, value) if name.eq_ignore_ascii_case(known.as_bytes()) => {
                if !seen {
                    changed.extend_from_slice(name);
                    changed.extend_from_slice(format!(": {value}\r\n").as_bytes());
                }
                seen = true;
            }
            _ => changed.extend_from_slice(line),
        }
    }
    seen.then(|| changed.into())
}
