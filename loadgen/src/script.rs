//! Journeys checked and made ready: templates parsed, addresses resolved, every mistake found
//! before the load begins.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use lab_model::traffic::{Journey, Step};
use lab_model::{Name, Span};
use lab_wire::Assignment;
use serde_json::Value;
use thiserror::Error;

use crate::keys::ArrivalKeys;
use crate::reply::Keep;
use crate::template::{JsonTemplate, Missing, Scope, Template, TemplateError, is_name};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const IDEMPOTENCY: HeaderName = HeaderName::from_static("idempotency-key");

/// Headers that a step may not set: the lab recognises its requests by the first three, and the
/// HTTP client needs the others right.
const OWN_HEADERS: [HeaderName; 6] = [
    TRACEPARENT,
    CORRELATION,
    IDEMPOTENCY,
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
];

/// A mistake in a step.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("journey {journey}, step {step}: {mistake}")]
pub(crate) struct ScriptError {
    journey: Name,
    step: Name,
    mistake: Mistake,
}

/// What is wrong with a step.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Mistake {
    /// Its service has no address.
    #[error("no address for service {0}")]
    Service(Name),
    /// Its address does not make a URL.
    #[error("`{0}` is not an address `host:port`")]
    Address(String),
    /// Its method is not one.
    #[error("`{0}` is not an HTTP method")]
    Method(String),
    /// Its path is relative.
    #[error("the path `{0}` does not start with `/`")]
    Path(String),
    /// A header's name or fixed value is not one.
    #[error("`{0}` is not an HTTP header")]
    Header(String),
    /// A header that the generator sets.
    #[error("the header {0} is set by the generator itself")]
    OwnHeader(String),
    /// A broken placeholder.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A placeholder that no earlier step fills.
    #[error("no earlier step saves `{0}`")]
    Unsaved(String),
    /// A name that no placeholder could use.
    #[error("`{0}` cannot name a saved value: use a letter, then letters, digits, `_`, `-`, `.`")]
    SaveName(String),
    /// A place that is no JSON pointer.
    #[error("`{0}` is not a JSON pointer: it is empty or starts with `/`")]
    Pointer(String),
    /// Without time no request can succeed.
    #[error("the timeout is zero")]
    NoTime,
}

/// A journey, ready.
#[derive(Debug, Clone)]
pub(crate) struct JourneyScript {
    /// Its name.
    pub(crate) name: Name,
    /// Latency limits to count exactly, ascending.
    pub(crate) limits: Vec<Span>,
    /// Its steps, in order.
    pub(crate) steps: Vec<StepScript>,
}

/// A step, ready.
#[derive(Debug, Clone)]
pub(crate) struct StepScript {
    /// Its name.
    pub(crate) name: Name,
    /// From the request's start to the last byte of the reply.
    pub(crate) timeout: Span,
    /// Names and JSON pointers of values to save.
    pub(crate) save: Vec<(String, String)>,
    /// Whether a success goes into the ledger.
    pub(crate) write: bool,
    expect: Option<u16>,
    method: Method,
    origin: String,
    path: Template,
    headers: Vec<(HeaderName, Template)>,
    body: Option<Body>,
}

#[derive(Debug, Clone)]
enum Body {
    Fixed(Bytes),
    Text(Template),
    Json(JsonTemplate),
}

/// Why a step's request could not be made: a value of an earlier reply does not fit where it is
/// needed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Unusable {
    /// There is none.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// It does not fit.
    #[error("not a valid request")]
    Invalid,
}

/// All journeys of an assignment, in its order.
pub(crate) fn prepare(assignment: &Assignment) -> Result<Vec<JourneyScript>, ScriptError> {
    assignment
        .load
        .journeys
        .iter()
        .map(|journey| journey_script(journey, assignment))
        .collect()
}

fn journey_script(
    journey: &Journey,
    assignment: &Assignment,
) -> Result<JourneyScript, ScriptError> {
    let mut saved = BTreeSet::new();
    let steps = journey
        .steps
        .iter()
        .map(|step| {
            let ready = step_script(step, &assignment.targets, &saved);
            saved.extend(step.save.keys().map(String::as_str));
            ready.map_err(|mistake| ScriptError {
                journey: journey.name.clone(),
                step: step.name.clone(),
                mistake,
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(JourneyScript {
        name: journey.name.clone(),
        limits: assignment
            .limits
            .get(&journey.name)
            .cloned()
            .unwrap_or_default(),
        steps,
    })
}

fn step_script(
    step: &Step,
    targets: &BTreeMap<Name, String>,
    saved: &BTreeSet<&str>,
) -> Result<StepScript, Mistake> {
    if step.timeout == Span::ZERO {
        return Err(Mistake::NoTime);
    }
    let address = targets
        .get(&step.service)
        .ok_or_else(|| Mistake::Service(step.service.clone()))?;
    let origin = format!("http://{address}");
    let plain = reqwest::Url::parse(&origin).is_ok_and(|url| url.path() == "/");
    if !plain || origin.parse::<Uri>().is_err() {
        return Err(Mistake::Address(address.clone()));
    }
    if !step.path.starts_with('/') {
        return Err(Mistake::Path(step.path.clone()));
    }
    for (name, pointer) in &step.save {
        if !is_name(name) {
            return Err(Mistake::SaveName(name.clone()));
        }
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(Mistake::Pointer(pointer.clone()));
        }
    }
    let mut ready = StepScript {
        name: step.name.clone(),
        timeout: step.timeout,
        save: step
            .save
            .iter()
            .map(|(name, pointer)| (name.clone(), pointer.clone()))
            .collect(),
        write: step.write,
        expect: step.expect,
        method: step
            .method
            .parse()
            .map_err(|_| Mistake::Method(step.method.clone()))?,
        origin,
        path: Template::parse(&step.path)?,
        headers: headers(step)?,
        body: step.body.as_ref().map(body).transpose()?,
    };
    if let Some(unsaved) = ready.names().into_iter().find(|name| !saved.contains(name)) {
        return Err(Mistake::Unsaved(unsaved.to_owned()));
    }
    if let Some(kind) = ready.body.as_ref().map(Body::content_type)
        && !ready
            .headers
            .iter()
            .any(|(name, _)| name == header::CONTENT_TYPE)
    {
        ready
            .headers
            .push((header::CONTENT_TYPE, Template::parse(kind)?));
    }
    Ok(ready)
}

fn headers(step: &Step) -> Result<Vec<(HeaderName, Template)>, Mistake> {
    let mut headers = Vec::new();
    for (name, value) in &step.headers {
        let refuse = || Mistake::Header(format!("{name}: {value}"));
        let name: HeaderName = name.parse().map_err(|_| refuse())?;
        if OWN_HEADERS.contains(&name) {
            return Err(Mistake::OwnHeader(name.to_string()));
        }
        let template = Template::parse(value)?;
        // Placeholders are plain characters: a value that is valid with them is valid around them.
        HeaderValue::from_str(value).map_err(|_| refuse())?;
        headers.push((name, template));
    }
    Ok(headers)
}

fn body(value: &Value) -> Result<Body, Mistake> {
    Ok(if let Value::String(text) = value {
        Body::Text(Template::parse(text)?)
    } else {
        match JsonTemplate::parse(value)? {
            JsonTemplate::Fixed(value) => Body::Fixed(Bytes::from(value.to_string())),
            template => Body::Json(template),
        }
    })
}

impl Body {
    const fn content_type(&self) -> &'static str {
        match self {
            Self::Fixed(_) | Self::Json(_) => "application/json",
            Self::Text(_) => "text/plain; charset=utf-8",
        }
    }

    fn bytes(&self, scope: &mut Scope<'_>) -> Result<Bytes, Missing> {
        Ok(match self {
            Self::Fixed(bytes) => bytes.clone(),
            Self::Text(template) => Bytes::from(template.text(scope)?),
            Self::Json(template) => Bytes::from(template.value(scope)?.to_string()),
        })
    }
}

impl StepScript {
    /// What it needs of its reply.
    pub(crate) const fn keep(&self) -> Keep {
        Keep {
            body: !self.save.is_empty(),
            digest: self.write,
        }
    }

    /// Whether a status is a success.
    pub(crate) fn accepts(&self, status: u16) -> bool {
        self.expect
            .map_or((200..400).contains(&status), |expected| expected == status)
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.path.names().collect();
        names.extend(self.headers.iter().flat_map(|(_, value)| value.names()));
        match &self.body {
            Some(Body::Text(template)) => names.extend(template.names()),
            Some(Body::Json(template)) => names.extend(template.names()),
            Some(Body::Fixed(_)) | None => {}
        }
        names
    }

    /// The request of one arrival.
    pub(crate) fn request(
        &self,
        scope: &mut Scope<'_>,
        keys: ArrivalKeys,
        index: usize,
    ) -> Result<Request<Bytes>, Unusable> {
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Unusable::Invalid);
        let address = address(&self.origin, &self.path.text(scope)?);
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = address.parse().map_err(|_| Unusable::Invalid)?;
        for (name, template) in &self.headers {
            let text = template.text(scope)?;
            request.headers_mut().insert(name.clone(), value(&text)?);
        }
        let headers = request.headers_mut();
        headers.insert(TRACEPARENT, value(&keys.traceparent(index))?);
        headers.insert(CORRELATION, value(&keys.unique())?);
        headers.insert(IDEMPOTENCY, value(&keys.idempotency(self.name.as_str()))?);
        if let Some(body) = &self.body {
            *request.body_mut() = body.bytes(scope)?;
        }
        Ok(request)
    }
}

/// An origin and a path with its query as one URI: what cannot stand in a URI is percent-encoded,
/// what can is left alone, so a saved value may be a whole path.
fn address(origin: &str, path: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut address = String::with_capacity(origin.len() + path.len());
    address.push_str(origin);
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push('%');
            address.push(char::from(HEX[usize::from(byte >> 4)]));
            address.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    address
}

#[cfg(test)]
pub(crate) mod tests;
