//! The first words of TLS, in any pieces.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lab_proxy::internals::conversations::hello(data));
