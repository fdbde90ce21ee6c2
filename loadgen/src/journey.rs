//! One arrival, step after step, until a step fails or the load is stopped.

use std::collections::HashMap;

use lab_model::Span;
use lab_model::ledger::{Write, WriteEnd};
use lab_model::load::Outcome;
use lab_wire::fingerprint;
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock::Origin;
use crate::cookies::Jar;
use crate::data::Data;
use crate::extract::Parsed;
use crate::keys::ArrivalKeys;
use crate::reply::Reply;
use crate::script::{JourneyScript, StepScript};
use crate::template::Scope;
use crate::transport::Transport;

/// How one arrival went.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Walk {
    /// When its first request was sent, from the start of the load.
    pub(crate) sent: Span,
    /// When its last step ended, from the start of the load.
    pub(crate) ended: Span,
    /// How long it paused to think on the way.
    pub(crate) thought: Span,
    /// Whether every step ended as expected and in time.
    pub(crate) good: bool,
    /// Its requests, in order, up to the first step that failed.
    pub(crate) steps: Vec<StepEnd>,
    /// The writes among them, however they ended.
    pub(crate) writes: Vec<Write>,
}

/// How one request of a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepEnd {
    /// The step's index in the journey.
    pub(crate) step: usize,
    /// The way.
    pub(crate) outcome: Outcome,
    /// From the request's start to the last byte of the reply, or to the failure.
    pub(crate) time: Span,
}

/// What all walks of a run share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walker<'a, T> {
    /// How requests are sent.
    pub(crate) transport: &'a T,
    /// Rows of data.
    pub(crate) data: &'a Data,
    /// Time zero.
    pub(crate) origin: Origin,
    /// Ends every walk at once.
    pub(crate) stop: &'a CancellationToken,
}

/// What an arrival carries from step to step.
#[derive(Default)]
struct Carried {
    saved: HashMap<String, Value>,
    jar: Option<Jar>,
}

impl<T: Transport> Walker<'_, T> {
    /// Walks a journey for one arrival.
    pub(crate) async fn walk(&self, journey: &JourneyScript, keys: ArrivalKeys) -> Walk {
        let mut carried = Carried {
            jar: journey.cookies.then(Jar::default),
            ..Carried::default()
        };
        let mut walk = Walk {
            sent: self.origin.elapsed(),
            ended: Span::ZERO,
            thought: Span::ZERO,
            good: true,
            steps: Vec::with_capacity(journey.steps.len()),
            writes: Vec::new(),
        };
        for (index, step) in journey.steps.iter().enumerate() {
            walk.good = self
                .take(journey, index, step, keys, &mut carried, &mut walk)
                .await;
            if !walk.good {
                break;
            }
            let last = index + 1 == journey.steps.len();
            if let Some(think) = step.think.filter(|_| !last) {
                let drawn = keys.pause(index, think.least.as_micros(), think.most.as_micros());
                let began = self.origin.elapsed();
                tokio::select! {
                    biased;
                    () = self.stop.cancelled() => {}
                    () = sleep(Span::from_micros(drawn).duration()) => {}
                }
                walk.thought = walk.thought.plus(self.origin.elapsed().minus(began));
            }
        }
        walk.ended = self.origin.elapsed();
        walk
    }

    /// Takes one step, attempt after attempt; whether it succeeded.
    async fn take(
        &self,
        journey: &JourneyScript,
        index: usize,
        step: &StepScript,
        keys: ArrivalKeys,
        carried: &mut Carried,
        walk: &mut Walk,
    ) -> bool {
        let (attempts, pause) = step.attempts;
        for attempt in 1..=attempts {
            if attempt > 1 {
                tokio::select! {
                    biased;
                    () = self.stop.cancelled() => return false,
                    () = sleep(pause.duration()) => {}
                }
            }
            let mut scope = Scope::new(&carried.saved, self.data, keys, index);
            let request = step.request(&mut scope, keys, index, attempt);
            let started = self.origin.elapsed();
            if index == 0 && attempt == 1 {
                walk.sent = started;
            }
            let reply = match request {
                Ok(request) => self.send(step, request, carried.jar.as_ref()).await,
                Err(_unusable) => Err(Outcome::Reply),
            };
            let ended = self.origin.elapsed();
            let time = ended.minus(started);
            let result = reply.and_then(|reply| judge(step, &reply, time, carried));
            let outcome = result.as_ref().err().copied().unwrap_or(Outcome::Good);
            walk.steps.push(StepEnd {
                step: index,
                outcome,
                time,
            });
            if step.write {
                walk.writes.push(Write {
                    at_micros: ended.as_micros(),
                    journey: journey.name.clone(),
                    step: step.name.clone(),
                    key: keys.idempotency(step.name.as_str()),
                    end: result.map_or_else(write_end, WriteEnd::Acknowledged),
                });
            }
            match outcome {
                Outcome::Good => return true,
                Outcome::Connect | Outcome::Broken | Outcome::Timeout => {}
                Outcome::Status(status) if status >= 500 => {}
                _ => return false,
            }
        }
        false
    }

    /// Races a request against the stop and its time limit.
    async fn send(
        &self,
        step: &StepScript,
        mut request: http::Request<bytes::Bytes>,
        jar: Option<&Jar>,
    ) -> Result<Reply, Outcome> {
        let cookies = jar.and_then(|jar| jar.header(&step.origin, request.uri().path()));
        if let Some(cookies) = cookies.and_then(|cookies| cookies.parse().ok()) {
            request.headers_mut().insert(http::header::COOKIE, cookies);
        }
        let limit = step.timeout.duration();
        let keep = step.keep(jar.is_some());
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Outcome::Cancelled),
            reply = timeout(limit, self.transport.send(request, keep)) => {
                reply.unwrap_or(Err(Outcome::Timeout))
            }
        }
    }
}

/// What the client knows of a write that was not acknowledged.
fn write_end(outcome: Outcome) -> WriteEnd {
    match outcome {
        Outcome::Connect | Outcome::Status(400..=499) => WriteEnd::Refused,
        _ => WriteEnd::Unknown,
    }
}

/// Whether a whole reply is a success; saves what later steps need. The digest for the ledger,
/// where the step writes.
fn judge(
    step: &StepScript,
    reply: &Reply,
    time: Span,
    carried: &mut Carried,
) -> Result<String, Outcome> {
    // The runtime's timer is coarse: a reply may come after the limit and before the timer.
    if time > step.timeout {
        return Err(Outcome::Timeout);
    }
    if let (Some(jar), Some(headers)) = (&mut carried.jar, &reply.headers) {
        jar.take(&step.origin, headers);
    }
    if !step.accepts(reply.status) {
        return Err(Outcome::Status(reply.status));
    }
    let parsed = Parsed::new(reply);
    for (name, place) in &step.save {
        match place.find(&parsed) {
            None | Some(Value::Null) => return Err(Outcome::Reply),
            Some(value) => carried.saved.insert(name.clone(), value),
        };
    }
    if !step.checks.iter().all(|check| check.holds(&parsed)) {
        return Err(Outcome::Check);
    }
    if step.record.is_empty() {
        return Ok(reply.digest.clone().unwrap_or_default());
    }
    let json = parsed.json().ok_or(Outcome::Reply)?;
    let values: Vec<Option<Value>> = step
        .record
        .iter()
        .map(|path| path.query(json).first().cloned())
        .collect();
    Ok(fingerprint(&values))
}

#[cfg(test)]
mod tests;
