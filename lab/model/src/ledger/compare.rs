//! Acknowledged writes beside what the system holds.
//!
//! | what is known of a write | not held | held once | held more often |
//! |---|---|---|---|
//! | acknowledged | lost | compared: fine or altered | duplicated, and compared |
//! | unknown | fine | fine | duplicated |
//! | refused, or never sent | fine | phantom | phantom |
//!
//! What the system held before the load is none of the load's and left out.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{LedgerReport, Write, WriteEnd};

/// One entry of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The key it was written under; a text that tells it apart where it has none.
    pub key: String,
    /// SHA-256 of the values that must be as acknowledged; `None` where they are not compared.
    pub digest: Option<String>,
}

/// What the client knows of one key, whatever its attempts: the most certain word counts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    Refused,
    Unknown,
    Acknowledged(String),
}

/// The client's books: every write by its key.
#[derive(Debug, Clone, Default)]
pub struct Books {
    /// Ordered, so that examples do not depend on chance.
    writes: BTreeMap<String, Known>,
    before: HashSet<String>,
}

impl Books {
    /// Takes a write down.
    pub fn add(&mut self, write: &Write) {
        let known = match &write.end {
            WriteEnd::Refused => Known::Refused,
            WriteEnd::Unknown => Known::Unknown,
            WriteEnd::Acknowledged(digest) => Known::Acknowledged(digest.clone()),
        };
        match self.writes.get_mut(&write.key) {
            // A first acknowledgement stands: what follows repeats it.
            Some(Known::Acknowledged(_)) => {}
            Some(Known::Unknown) if known == Known::Refused => {}
            Some(earlier) => *earlier = known,
            None => {
                self.writes.insert(write.key.clone(), known);
            }
        }
    }

    /// Leaves out what the system held before the load.
    pub fn leave_out(&mut self, held: impl IntoIterator<Item = Held>) {
        self.before.extend(held.into_iter().map(|held| held.key));
    }

    /// Compares them with what the system holds.
    pub fn compare(&self, check: usize, held: impl IntoIterator<Item = Held>) -> LedgerReport {
        let mut entries: HashMap<String, (u64, bool)> = HashMap::new();
        let mut report = LedgerReport {
            check,
            ..LedgerReport::default()
        };
        let mut strangers = BTreeMap::new();
        for held in held {
            if self.before.contains(&held.key) && !self.writes.contains_key(&held.key) {
                continue;
            }
            report.held += 1;
            let Some(known) = self.writes.get(&held.key) else {
                *strangers.entry(held.key).or_insert(0_u64) += 1;
                continue;
            };
            let differs = match (known, &held.digest) {
                (Known::Acknowledged(said), Some(holds)) => said != holds,
                _ => false,
            };
            let (count, altered) = entries.entry(held.key).or_default();
            *count += 1;
            *altered |= differs;
        }
        for (key, known) in &self.writes {
            let (count, altered) = entries.get(key).copied().unwrap_or_default();
            match known {
                Known::Acknowledged(_) => {
                    report.acknowledged += 1;
                    if count == 0 {
                        report.lost.add(key);
                    }
                }
                Known::Unknown => report.unknown += 1,
                Known::Refused => {
                    if count > 0 {
                        report.phantom.add(key);
                    }
                    continue;
                }
            }
            if count > 1 {
                report.duplicated.add(key);
            }
            if altered {
                report.altered.add(key);
            }
        }
        for key in strangers.keys() {
            report.phantom.add(key);
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use proptest::sample::subsequence;

    use super::*;

    fn write(key: usize, end: WriteEnd) -> Write {
        Write {
            at_micros: 0,
            journey: "checkout".parse().unwrap(),
            step: "pay".parse().unwrap(),
            key: key_of(key),
            end,
        }
    }

    fn key_of(key: usize) -> String {
        format!("{key:05}-pay")
    }

    fn held(key: usize, digest: &str) -> Held {
        Held {
            key: key_of(key),
            digest: Some(digest.to_owned()),
        }
    }

    fn check(writes: &[Write], entries: &[Held], expected: [u64; 4]) {
        let mut books = Books::default();
        for write in writes {
            books.add(write);
        }
        let report = books.compare(0, entries.to_vec());
        let found = report.violations().map(|(_, violation)| violation.count);
        assert_eq!(found, expected, "{writes:?} {entries:?}");
    }

    #[test]
    fn the_table() {
        let acknowledged = || WriteEnd::Acknowledged("a".to_owned());
        let [none, once, twice] = [vec![], vec![held(1, "a")], vec![held(1, "a"); 2]];
        let other = vec![held(1, "b")];
        let of = |end: WriteEnd| vec![write(1, end)];
        check(&of(acknowledged()), &none, [1, 0, 0, 0]);
        check(&of(acknowledged()), &once, [0, 0, 0, 0]);
        check(&of(acknowledged()), &twice, [0, 1, 0, 0]);
        check(&of(acknowledged()), &other, [0, 0, 1, 0]);
        check(
            &of(acknowledged()),
            &[once.clone(), other.clone()].concat(),
            [0, 1, 1, 0],
        );
        check(&of(WriteEnd::Unknown), &none, [0; 4]);
        check(&of(WriteEnd::Unknown), &once, [0; 4]);
        check(&of(WriteEnd::Unknown), &twice, [0, 1, 0, 0]);
        check(&of(WriteEnd::Refused), &none, [0; 4]);
        check(&of(WriteEnd::Refused), &once, [0, 0, 0, 1]);
        check(&[], &twice, [0, 0, 0, 1]);
        // Attempts of one write: the most certain word counts, in any order.
        let both = [write(1, WriteEnd::Unknown), write(1, acknowledged())];
        check(&both, &none, [1, 0, 0, 0]);
        let refused_later = [write(1, WriteEnd::Unknown), write(1, WriteEnd::Refused)];
        check(&refused_later, &once, [0; 4]);
    }

    #[test]
    fn what_was_there_before_is_left_out() {
        let mut books = Books::default();
        books.leave_out([held(7, "x")]);
        assert_eq!(books.compare(0, [held(7, "x")]), LedgerReport::default());
        assert_eq!(books.compare(0, [held(8, "x")]).phantom.count, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// A thousand writes of each fate among several thousand: all found, none invented.
        #[test]
        fn planted_violations_are_found_and_no_others(
            lost in subsequence((0..4_000).collect::<Vec<usize>>(), 1_000),
            duplicated in subsequence((4_000..8_000).collect::<Vec<usize>>(), 1_000),
            altered in subsequence((8_000..12_000).collect::<Vec<usize>>(), 1_000),
            phantom in subsequence((20_000..24_000).collect::<Vec<usize>>(), 1_000),
            unknown in prop::collection::vec(any::<bool>(), 2_000),
            refused in 0_usize..1_000,
            rotate in 0_usize..10_000,
        ) {
            let digest = |key: usize| format!("digest {key}");
            let mut books = Books::default();
            let mut entries = Vec::new();
            let (gone, changed): (BTreeSet<_>, BTreeSet<_>) =
                (lost.iter().collect(), altered.iter().collect());
            for key in 0..12_000 {
                books.add(&write(key, WriteEnd::Acknowledged(digest(key))));
                if !gone.contains(&key) {
                    let holds = if changed.contains(&key) { digest(key + 1) } else { digest(key) };
                    entries.push(held(key, &holds));
                }
            }
            entries.extend(duplicated.iter().map(|key| held(*key, &digest(*key))));
            for (index, is_held) in unknown.iter().enumerate() {
                books.add(&write(12_000 + index, WriteEnd::Unknown));
                if *is_held {
                    entries.push(held(12_000 + index, "any"));
                }
            }
            for index in 0..refused {
                books.add(&write(15_000 + index, WriteEnd::Refused));
            }
            entries.extend(phantom.iter().map(|key| held(*key, "x")));
            let middle = rotate % entries.len();
            entries.rotate_left(middle);

            let report = books.compare(3, entries);
            prop_assert_eq!(report.check, 3);
            prop_assert_eq!((report.acknowledged, report.unknown), (12_000, 2_000));
            for (found, planted) in [
                (&report.lost, &lost),
                (&report.duplicated, &duplicated),
                (&report.altered, &altered),
                (&report.phantom, &phantom),
            ] {
                prop_assert_eq!(found.count, 1_000);
                let first: Vec<String> = planted.iter().take(10).map(|key| key_of(*key)).collect();
                prop_assert_eq!(&found.keys, &first);
            }
        }
    }
}
