//! The statements that a session knows by name: prepared ones, and portals of those.

use super::message::{body, text};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;

/// Names that are remembered; statements under further ones match nothing.
const MOST: usize = 10_000;

/// Texts by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Statements {
    prepared: HashMap<Bytes, Arc<[u8]>>,
    portals: HashMap<Bytes, Arc<[u8]>>,
}

impl Statements {
    /// Takes note of what a caller sends, from its type on: `Parse`, `Bind` and `Close`.
    pub(super) fn note(&mut self, tag: u8, raw: &[u8]) {
        let body = body(raw);
        match tag {
            b'P' => self.prepare(body),
            b'B' => self.bind(body),
            b'C' => self.close(body),
            _ => {}
        }
    }

    fn prepare(&mut self, body: &[u8]) {
        if let Some((name, rest)) = text(body)
            && let Some((statement, _)) = text(rest)
            && (self.prepared.len() < MOST || name.is_empty())
        {
            let name = Bytes::copy_from_slice(name);
            self.prepared.insert(name, Arc::from(statement));
        }
    }

    fn bind(&mut self, body: &[u8]) {
        if let Some((portal, rest)) = text(body)
            && let Some((name, _)) = text(rest)
        {
            match self.prepared.get(name) {
                Some(statement) if self.portals.len() < MOST || portal.is_empty() => {
                    let portal = Bytes::copy_from_slice(portal);
                    self.portals.insert(portal, Arc::clone(statement));
                }
                _ => {
                    self.portals.remove(portal);
                }
            }
        }
    }

    fn close(&mut self, body: &[u8]) {
        let Some((kind, rest)) = body.split_first() else {
            return;
        };
        if let Some((name, _)) = text(rest) {
            match kind {
                b'S' => drop(self.prepared.remove(name)),
                _ => drop(self.portals.remove(name)),
            }
        }
    }

    /// The statement that an `Execute` runs.
    pub(super) fn executed(&self, raw: &[u8]) -> Option<Arc<[u8]>> {
        let (portal, _) = text(body(raw))?;
        self.portals.get(portal).map(Arc::clone)
    }
}

/// The messages from which texts are known.
pub(super) fn is_noted(tag: u8) -> bool {
    matches!(tag, b'P' | b'B' | b'C')
}

#[cfg(test)]
mod tests {
    use super::super::message::message;
    use super::*;

    #[test]
    fn an_execute_is_known_by_its_portal() {
        let mut statements = Statements::default();
        let mut note = |tag: u8, body: &[u8]| {
            statements.note(tag, &message(tag, body));
            let executed = statements.executed(&message(b'E', b"\0\0\0\0\0"));
            executed.map(|text| String::from_utf8_lossy(&text).into_owned())
        };
        assert_eq!(note(b'P', b"s1\0SELECT 1\0\0\0"), None);
        assert_eq!(
            note(b'B', b"\0s1\0\0\0\0\0\0\0").as_deref(),
            Some("SELECT 1")
        );
        assert_eq!(note(b'P', b"\0SELECT 2\0\0\0").as_deref(), Some("SELECT 1"));
        assert_eq!(note(b'B', b"\0\0\0\0\0\0\0\0").as_deref(), Some("SELECT 2"));
        assert_eq!(note(b'B', b"\0unknown\0\0\0\0\0\0\0"), None);
        assert_eq!(note(b'P', b"no end"), None);
    }
}
