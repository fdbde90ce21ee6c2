//! Any bytes as a system file: a definition or diagnostics, never a panic.

#![no_main]

use std::sync::Arc;

use lab_scenarios::{Source, systems};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(source) = Source::new("fuzz.yaml", bytes.to_vec()) {
        let _ = systems::read(Arc::new(source));
    }
});
