//! `cargo +nightly fuzz run read fuzz/corpus/read tests/files` in `runbooks`: any bytes are read,
//! planned and shown without a panic, and every block is in the plan once.

#![no_main]

use std::sync::Arc;

use lab_runbooks::{Source, plan, read, show};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = Source::new("fuzz.md", bytes.to_vec()) else {
        return;
    };
    let reading = read(&Arc::new(source));
    for diagnostic in reading.diagnostics() {
        assert!(!diagnostic.plain().is_empty());
    }
    if let Ok((runbook, _)) = reading.into_runbook() {
        let plan = plan(&runbook);
        let planned = plan.order.len() + plan.undo.len() + plan.aside.len();
        assert_eq!(planned, runbook.blocks().len());
        assert!(!show::text(&runbook, &plan).is_empty());
    }
});
