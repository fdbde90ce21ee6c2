//! Journeys checked and made ready: templates parsed, addresses resolved, every mistake found
//! before the load begins.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use lab_model::traffic::{Journey, Step, Think};
use lab_model::{Name, Span};
use lab_wire::Assignment;
use serde_json::Value;
use serde_json_path::JsonPath;
use thiserror::Error;

use crate::data::Data;
use crate::extract::{CheckScript, Place, PlaceError, json_path};
use crate::keys::ArrivalKeys;
use crate::reply::Keep;
use crate::template::{JsonTemplate, Missing, Scope, Template, TemplateError, is_name};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const IDEMPOTENCY: HeaderName = HeaderName::from_static("idempotency-key");
const ATTEMPT: HeaderName = HeaderName::from_static("x-attempt");

/// Headers that a step may not set: the lab recognises its requests by the first four, and the
/// HTTP client needs the others right.
const OWN_HEADERS: [HeaderName; 7] = [
    ATTEMPT,
    TRACEPARENT,
    CORRELATION,
    IDEMPOTENCY,
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
];

/// How many headers a client adds by itself.
const CLIENT_HEADERS: usize = 2;

/// A mistake in an assignment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum AssignmentError {
    /// In a step.
    #[error(transparent)]
    Step(#[from] ScriptError),
    /// In generated data.
    #[error("data: {0}")]
    Data(#[from] TemplateError),
}

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
    /// A place in a reply, or a check, that is none.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A name that no placeholder could use.
    #[error("`{0}` cannot name a saved value: use a letter, then letters, digits, `_`, `-`, `.`")]
    SaveName(String),
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
    /// Whether cookies that replies set go with the steps that follow.
    pub(crate) cookies: bool,
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
    /// Names and places of values to save.
    pub(crate) save: Vec<(String, Place)>,
    /// What must hold of the reply.
    pub(crate) checks: Vec<CheckScript>,
    /// Whether it goes into the ledger.
    pub(crate) write: bool,
    /// The values whose digest the ledger keeps; of the whole reply where there are none.
    pub(crate) record: Vec<JsonPath>,
    /// Attempts, the first included, and the pause between two.
    pub(crate) attempts: (u32, Span),
    /// The pause behind it.
    pub(crate) think: Option<Think>,
    /// The address of its service, `http://host:port`.
    pub(crate) origin: String,
    expect: Option<u16>,
    method: Method,
    path: Template,
    /// The whole address, where the path has no placeholder.
    fixed: Option<Uri>,
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
pub(crate) fn prepare(
    assignment: &Assignment,
) -> Result<(Vec<JourneyScript>, Data), AssignmentError> {
    let data = Data::of(&assignment.load.data)?;
    let fed = data.names();
    let journeys = assignment
        .load
        .journeys
        .iter()
        .map(|journey| journey_script(journey, assignment, &fed))
        .collect::<Result<_, _>>()?;
    Ok((journeys, data))
}

fn journey_script(
    journey: &Journey,
    assignment: &Assignment,
    fed: &[String],
) -> Result<JourneyScript, ScriptError> {
    let mut saved: BTreeSet<&str> = fed.iter().map(String::as_str).collect();
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
        cookies: journey.cookies,
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
    let target = targets
        .get(&step.service)
        .ok_or_else(|| Mistake::Service(step.service.clone()))?;
    let origin = format!("http://{target}");
    let plain = reqwest::Url::parse(&origin).is_ok_and(|url| url.path() == "/");
    if !plain || origin.parse::<Uri>().is_err() {
        return Err(Mistake::Address(target.clone()));
    }
    if !step.path.starts_with('/') {
        return Err(Mistake::Path(step.path.clone()));
    }
    if let Some(name) = step.save.keys().find(|name| !is_name(name)) {
        return Err(Mistake::SaveName(name.clone()));
    }
    let path = Template::parse(&step.path)?;
    let fixed = path.fixed().map(|path| address(&origin, path).parse());
    let mut ready = StepScript {
        name: step.name.clone(),
        timeout: step.timeout,
        save: step
            .save
            .iter()
            .map(|(name, place)| Ok((name.clone(), Place::of(place)?)))
            .collect::<Result<_, PlaceError>>()?,
        checks: step
            .checks
            .iter()
            .map(CheckScript::of)
            .collect::<Result<_, _>>()?,
        record: step
            .record
            .iter()
            .map(|path| json_path(path))
            .collect::<Result<_, _>>()?,
        attempts: step
            .retry
            .map_or((1, Span::ZERO), |retry| (retry.attempts.get(), retry.pause)),
        think: step.think,
        write: step.write,
        expect: step.expect,
        method: step
            .method
            .parse()
            .map_err(|_| Mistake::Method(step.method.clone()))?,
        origin,
        path,
        fixed: fixed
            .transpose()
            .map_err(|_| Mistake::Path(step.path.clone()))?,
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
    pub(crate) fn keep(&self, cookies: bool) -> Keep {
        let saved = self.save.iter().map(|(_, place)| place);
        let checked = self.checks.iter().map(|check| &check.of);
        let (mut body, mut headers) = (!self.record.is_empty(), cookies);
        for (needs_body, needs_headers) in saved.chain(checked).map(Place::needs) {
            body |= needs_body;
            headers |= needs_headers;
        }
        Keep {
            body,
            digest: self.write && self.record.is_empty(),
            headers,
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
        attempt: u32,
    ) -> Result<Request<Bytes>, Unusable> {
        let value = |text: String| HeaderValue::try_from(text).map_err(|_| Unusable::Invalid);
        let address = if let Some(fixed) = &self.fixed {
            fixed.clone()
        } else {
            let path = self.path.text(scope)?;
            let address = address(&self.origin, &path).parse();
            address.map_err(|_| Unusable::Invalid)?
        };
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = address;
        let headers = request.headers_mut();
        headers.reserve(self.headers.len() + OWN_HEADERS.len() + CLIENT_HEADERS);
        for (name, template) in &self.headers {
            headers.insert(name.clone(), value(template.text(scope)?)?);
        }
        headers.insert(TRACEPARENT, value(keys.traceparent(index, attempt))?);
        headers.insert(ATTEMPT, HeaderValue::from(attempt));
        headers.insert(CORRELATION, value(keys.unique())?);
        headers.insert(IDEMPOTENCY, value(keys.idempotency(self.name.as_str()))?);
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
