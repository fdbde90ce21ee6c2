//! TLS that ends in the proxy, on any two streams.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lab_proxy::internals::conversations::tls(data));
