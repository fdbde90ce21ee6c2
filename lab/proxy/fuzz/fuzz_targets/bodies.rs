//! Bodies of API calls: any bytes are read or refused, and attributes never crash a toxic.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lab_proxy::internals::fuzz::bodies(data));
