//! PostgreSQL's framing and faults on any two streams, in any pieces.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lab_proxy::internals::conversations::postgres(data));
