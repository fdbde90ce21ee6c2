//! Lines to events and back. A journal cut off anywhere is readable to its last whole line.

use crate::event::{Event, Opened, Record};
use crate::plan::Plan;
use crate::units::Span;

/// The version of the journal's language. Raised when an older reader would misread a newer file.
pub const VERSION: u32 = 1;

/// A journal, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// The first entry; its plan with what was injected while the run went on.
    pub opened: Opened,
    /// All entries after the first, in order.
    pub records: Vec<Record>,
    /// What is wrong with the file; empty when it is whole.
    pub damage: Vec<Damage>,
}

/// A place where a journal is not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// Why a file is not a journal at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// No whole first line.
    #[error("the journal is empty: the run ended before its first entry was written")]
    Empty,
    /// The first line is something else.
    #[error("not a journal: its first line does not open a run ({0})")]
    Opening(String),
    /// Written by a newer program.
    #[error("journal version {found}, this program reads up to {VERSION}: use a newer lab")]
    Version {
        /// The version in the file.
        found: u32,
    },
}

/// One entry as a line, with its line feed.
pub fn line(record: &Record) -> String {
    // Cannot fail: every map of the language has text keys.
    let mut text = serde_json::to_string(record).unwrap_or_default();
    text.push('\n');
    text
}

impl Journal {
    /// Reads a journal's bytes.
    ///
    /// A last line without its line feed is dropped. Reading stops at the first line that is not
    /// an entry, as everything behind it is doubtful.
    pub fn read(bytes: &[u8]) -> Result<Self, JournalError> {
        let mut damage = Vec::new();
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        let mut lines = bytes[..whole]
            .split_inclusive(|byte| *byte == b'\n')
            .enumerate();
        let (_, first) = lines.next().ok_or(JournalError::Empty)?;
        let mut opened = match parse(first) {
            Ok(Record {
                event: Event::Opened(opened),
                ..
            }) => *opened,
            Ok(_) => return Err(JournalError::Opening("another event".to_owned())),
            Err(error) => return Err(opening_error(first, &error)),
        };
        if opened.journal > VERSION {
            return Err(JournalError::Version {
                found: opened.journal,
            });
        }
        let mut records: Vec<Record> = Vec::new();
        let mut last = Span::ZERO;
        for (index, text) in lines {
            match parse(text) {
                Ok(record) if record.at < last => {
                    damage.push(Damage {
                        line: index + 1,
                        what: "the clock went back".to_owned(),
                    });
                    break;
                }
                Ok(record) => {
                    last = record.at;
                    records.push(record);
                }
                Err(error) => {
                    damage.push(Damage {
                        line: index + 1,
                        what: error.to_string(),
                    });
                    break;
                }
            }
        }
        amend(&mut opened.plan, &records);
        if whole < bytes.len() {
            let what = "the last line is cut off".to_owned();
            damage.push(Damage {
                line: records.len() + 2,
                what,
            });
        }
        Ok(Self {
            opened,
            records,
            damage,
        })
    }

    /// Whether the run came to its end and every line was read.
    pub fn is_complete(&self) -> bool {
        let closed = self
            .records
            .last()
            .is_some_and(|record| record.event == Event::Closed);
        closed && self.damage.is_empty()
    }

    /// All events after the first, in order.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.records.iter().map(|record| &record.event)
    }
}

/// What was decided while the run went on joins what was decided before it, so that everything
/// that reads a journal finds one plan: faults that someone injected follow the plan's own.
fn amend(plan: &mut Plan, records: &[Record]) {
    for record in records {
        if let Event::Injected { fault, what, .. } = &record.event
            && *fault == plan.faults.len()
        {
            plan.faults.push(*what.clone());
        }
    }
}

fn parse(line: &[u8]) -> Result<Record, serde_json::Error> {
    serde_json::from_slice(line)
}

/// A newer version may have another first line: its number is looked for before giving up.
fn opening_error(first: &[u8], error: &serde_json::Error) -> JournalError {
    let version = serde_json::from_slice::<serde_json::Value>(first)
        .ok()
        .and_then(|value| value.pointer("/event/opened/journal")?.as_u64())
        .and_then(|version| u32::try_from(version).ok());
    match version {
        Some(found) if found > VERSION => JournalError::Version { found },
        _ => JournalError::Opening(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::ServiceState;
    use crate::name::{Name, RunId};
    use crate::system::System;
    use crate::traffic::{Arrivals, Load};
    use crate::units::Rate;

    fn sample() -> Vec<u8> {
        let name = |text| Name::new(text).unwrap();
        let plan = Plan {
            scenario: name("sample"),
            hypothesis: "nothing happens".to_owned(),
            lesson: String::new(),
            tags: vec![],
            seed: 7,
            system: System {
                name: name("none"),
                services: vec![],
                links: vec![],
                tls: Vec::new(),
                gateway: None,
                settings: [].into(),
            },
            load: Load::new(
                vec![],
                Arrivals::Constant {
                    rate: Rate::per_second(1.0).unwrap(),
                },
            ),
            toxiproxy: None,
            phases: vec![],
            faults: vec![],
            objectives: vec![],
            indicators: vec![],
            early_stop: None,
            comparisons: vec![],
            patterns: vec![],
            ledgers: vec![],
            abort: vec![],
            replay: vec![],
            remedy: vec![],
        };
        let opened = Opened {
            journal: VERSION,
            lab: "0.1.0".to_owned(),
            run: RunId::new("2026-11-22-sample-7").unwrap(),
            wall: "2026-11-22T10:00:00Z".to_owned(),
            driver: name("processes"),
            plan,
        };
        let stopped = |at| Record {
            at: Span::from_millis(at),
            event: Event::Service {
                name: name("a"),
                state: ServiceState::Stopped,
            },
        };
        let opening = Record {
            at: Span::ZERO,
            event: Event::Opened(Box::new(opened)),
        };
        let closing = Record {
            at: Span::from_millis(30),
            event: Event::Closed,
        };
        [opening, stopped(10), stopped(20), closing]
            .iter()
            .map(line)
            .collect::<String>()
            .into()
    }

    #[test]
    fn a_whole_journal_is_complete() {
        let journal = Journal::read(&sample()).unwrap();
        assert!(journal.is_complete());
        assert_eq!(journal.records.len(), 3);
    }

    #[test]
    fn a_clock_that_goes_back_is_damage() {
        let text = String::from_utf8(sample())
            .unwrap()
            .replace("\"at\":20000", "\"at\":9999");
        let journal = Journal::read(text.as_bytes()).unwrap();
        assert_eq!((journal.records.len(), journal.damage[0].line), (1, 3));
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(Journal::read(b""), Err(JournalError::Empty));
        assert!(matches!(
            Journal::read(b"\x00\xff\n"),
            Err(JournalError::Opening(_))
        ));
        let newer = br#"{"at":0,"event":{"opened":{"journal":99}}}
"#;
        assert_eq!(
            Journal::read(newer),
            Err(JournalError::Version { found: 99 })
        );
    }

    proptest! {
        #[test]
        fn a_cut_journal_is_read_to_its_last_whole_line(cut in 0_usize..3_000) {
            let bytes = sample();
            let cut = cut.min(bytes.len() - 1);
            if let Ok(journal) = Journal::read(&bytes[..cut]) {
                prop_assert!(!journal.is_complete());
            }
        }

        #[test]
        fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = sample();
            bytes.extend(noise);
            prop_assert!(Journal::read(&bytes).is_ok());
        }
    }
}
