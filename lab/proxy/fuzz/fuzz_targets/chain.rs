//! Toxics that come, go and change while data passes: nothing is altered, reordered or stuck.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lab_proxy::internals::fuzz::chain(data));
