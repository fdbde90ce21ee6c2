//! One structured line per start and per failure on standard error, never more than a few a second.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tokio::time::Instant;

use crate::config::Role;

/// Lines written within one [`WINDOW`]; an outage must not become a flood of text.
const LINES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(1);

/// A service's log.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    role: Role,
    limiter: Arc<Mutex<Limiter>>,
}

impl Log {
    pub(crate) fn new(role: Role) -> Self {
        Self {
            role,
            limiter: Arc::default(),
        }
    }

    /// Says that something happened that happens once.
    pub(crate) fn event(&self, event: &str, detail: &str) {
        self.write("info", event, detail, 0);
    }

    /// Says that something failed; may stay unsaid when much fails.
    pub(crate) fn failure(&self, event: &str, detail: &str) {
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = limiter.admit(Instant::now());
        drop(limiter);
        if let Some(unsaid) = admitted {
            self.write("error", event, detail, unsaid);
        }
    }

    fn write(&self, level: &str, event: &str, detail: &str, unsaid: u32) {
        let at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis());
        let mut line = json!({
            "at_ms": u64::try_from(at).unwrap_or(u64::MAX),
            "level": level,
            "service": self.role.name(),
            "event": event,
            "detail": detail,
        });
        if unsaid > 0 {
            line["unsaid_before"] = unsaid.into();
        }
        eprintln!("{line}");
    }
}

/// Counts lines in windows of fixed length.
#[derive(Debug, Default)]
struct Limiter {
    since: Option<Instant>,
    lines: u32,
    unsaid: u32,
}

impl Limiter {
    /// How many lines were withheld before this one; `None` where this one is withheld too.
    fn admit(&mut self, now: Instant) -> Option<u32> {
        if self.since.is_none_or(|since| now - since >= WINDOW) {
            self.since = Some(now);
            self.lines = 0;
        }
        if self.lines == LINES {
            self.unsaid = self.unsaid.saturating_add(1);
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_becomes_a_few_lines_and_a_count() {
        let mut limiter = Limiter::default();
        let start = Instant::now();
        let written = (0..1_000).filter_map(|_| limiter.admit(start)).count();
        assert_eq!(written, LINES as usize);
        assert_eq!(limiter.admit(start + WINDOW), Some(1_000 - LINES));
        assert_eq!(limiter.admit(start + WINDOW), Some(0));
    }
}
