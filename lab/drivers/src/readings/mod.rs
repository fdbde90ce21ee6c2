//! Figures of the system, read while a run goes on: metrics, replies, queries, straight from the
//! services and past the faults on their links.
//!
//! Each indicator is read by a task of its own, one reading after the other, so that they are
//! reported in their order. A reading that comes too late for the next one leaves that one out,
//! and says so.

mod prometheus;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use lab_engine::seam::{ReadingDriver, Signal, Signals};
use lab_model::indicator::{Indicator, Promise, Read, ReadingReport, Source};
use lab_model::plan::PhaseKind;
use lab_model::{Name, Plan, Span};
use lab_wire::fingerprint;
use serde_json::Value;
use serde_json_path::JsonPath;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::books;

/// What one reading may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest text that is kept of a reading: a journal grows by seconds.
const LONGEST: usize = 200;

/// Reads over the network.
#[derive(Debug, Clone, Copy, Default)]
pub struct NetworkReadings;

impl ReadingDriver for NetworkReadings {
    fn start(
        &self,
        plan: &Plan,
        services: &BTreeMap<Name, String>,
        zero: Instant,
        signals: Signals,
    ) -> Box<dyn Send> {
        // Dropped with the run's load, and all tasks with it.
        let mut tasks = JoinSet::new();
        for (index, indicator) in plan.indicators.iter().enumerate() {
            if indicator.sources.is_empty() {
                continue;
            }
            let reader = Reader {
                index,
                indicator: indicator.clone(),
                due: due(plan, indicator),
                services: services.clone(),
                zero,
                signals: signals.clone(),
            };
            tasks.spawn(reader.run());
        }
        Box::new(tasks)
    }
}

/// The readings that a verdict asks for: of the phases that are judged, and of the baseline where
/// that is the control.
fn due(plan: &Plan, indicator: &Indicator) -> Vec<u64> {
    let control = matches!(indicator.promise, Promise::Business { .. });
    let wanted = |index: usize| {
        indicator.during.contains(&index)
            || (control && plan.phases[index].kind == PhaseKind::Baseline)
    };
    let phases = (0..plan.phases.len()).filter(|index| wanted(*index));
    phases
        .map(|index| &plan.phases[index])
        .flat_map(|phase| indicator.due(phase.start, phase.end()))
        .collect()
}

struct Reader {
    index: usize,
    indicator: Indicator,
    due: Vec<u64>,
    services: BTreeMap<Name, String>,
    zero: Instant,
    signals: Signals,
}

impl Reader {
    async fn run(self) {
        let every = self.indicator.every;
        for number in &self.due {
            let at = Span::from_micros(number.saturating_mul(every.as_micros()));
            let (begin, end) = (
                self.zero + at.duration(),
                self.zero + at.plus(every).duration(),
            );
            sleep_until(begin).await;
            let reads = if Instant::now() >= end {
                let why = "the reading before it took too long".to_owned();
                vec![Read::Failed(why); self.indicator.sources.len()]
            } else {
                let sources = self.indicator.sources.iter();
                join_all(sources.map(|source| self.read(source))).await
            };
            let report = ReadingReport {
                indicator: self.index,
                at_micros: at.as_micros(),
                reads,
            };
            if self.signals.send(Signal::Reading(report)).is_err() {
                return;
            }
        }
    }

    async fn read(&self, source: &Source) -> Read {
        let found = match timeout(PATIENCE, ask(source, &self.services)).await {
            Ok(found) => found,
            Err(_) => Err(format!("no answer within {PATIENCE:?}")),
        };
        let found = match &self.indicator.promise {
            Promise::Freshness { .. } => found.and_then(|value| age(&value)),
            // What one of three answers is compared, an error as well.
            Promise::Parity { .. } => match found {
                Ok(value) => Ok(Value::from(fingerprint(&[Some(value)]))),
                Err(why) if why.contains(books::ANSWERED) => Ok(Value::from(why)),
                Err(why) => Err(why),
            },
            _ => found,
        };
        match found {
            Ok(Value::String(text)) => Read::Value(Value::from(shortened(&text))),
            Ok(value @ (Value::Array(_) | Value::Object(_))) => {
                Read::Value(Value::from(shortened(&value.to_string())))
            }
            Ok(value) => Read::Value(value),
            Err(why) => Read::Failed(shortened(&why)),
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The age in seconds: a text is a time, a number is an age already.
fn age(value: &Value) -> Result<Value, String> {
    match value {
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) => {
            if let Ok(seconds) = text.trim().parse::<f64>() {
                return Ok(Value::from(seconds));
            }
            let then: Timestamp = text
                .parse()
                .map_err(|_| format!("`{}` is no time (RFC 3339)", shortened(text)))?;
            let seconds = Timestamp::now().duration_since(then).as_secs_f64();
            Ok(Value::from(seconds.max(0.0)))
        }
        other => Err(format!("{} is no time", shortened(&other.to_string()))),
    }
}

async fn ask(source: &Source, services: &BTreeMap<Name, String>) -> Result<Value, String> {
    let address = |service: &Name| {
        let address = services.get(service);
        address.ok_or_else(|| format!("{service} has no address"))
    };
    match source {
        Source::Prometheus(metric) => {
            let bytes = books::get(address(&metric.service)?, &metric.path).await?;
            let text = String::from_utf8_lossy(&bytes);
            prometheus::value(&text, metric).map(Value::from)
        }
        Source::Http {
            service,
            path,
            value,
        } => {
            let bytes = books::get(address(service)?, path).await;
            let bytes = bytes.map_err(|why| format!("GET {path} of {service}: {why}"))?;
            let reply: Value = serde_json::from_slice(&bytes)
                .map_err(|error| format!("GET {path} of {service} is no JSON: {error}"))?;
            let Some(path) = value else { return Ok(reply) };
            let place = JsonPath::parse(path).map_err(|error| error.to_string())?;
            let found = place.query(&reply).first().cloned();
            found.ok_or_else(|| format!("{path} finds nothing in the reply"))
        }
        Source::Sql { url, query } => {
            let cell = books::first_cell(url, query, services).await?;
            let number = cell.as_ref().and_then(|text| text.parse::<f64>().ok());
            Ok(number.map_or_else(|| Value::from(cell), Value::from))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ages() {
        assert_eq!(age(&json!(3.5)), Ok(json!(3.5)));
        assert_eq!(age(&json!("2")), Ok(json!(2.0)));
        let old = age(&json!("2020-01-01T00:00:00Z")).unwrap();
        assert!(old.as_f64().unwrap() > 1e8);
        let new = age(&json!(Timestamp::now().to_string())).unwrap();
        assert!(new.as_f64().unwrap() < 60.0);
        assert!(age(&json!("yesterday")).is_err() && age(&json!([1])).is_err());
    }
}
