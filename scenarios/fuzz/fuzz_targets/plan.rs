//! Any bytes as a scenario: a plan or diagnostics that lie inside the file, never a panic.

#![no_main]

use std::sync::Arc;

use lab_scenarios::{Overrides, Source, plan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = Source::new("fuzz.yaml", bytes.to_vec()) else {
        return;
    };
    let source = Arc::new(source);
    if let Err(found) = plan(Arc::clone(&source), &Overrides::default()) {
        for diagnostic in &found {
            let end = diagnostic.offset() + diagnostic.length();
            assert!(source.text().get(diagnostic.offset()..end).is_some());
        }
    }
});
