//! The proxy over loopback: its relay, its tap and its API, as callers see them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a panic is the report"
)]

mod api;
mod client;
mod extension;
mod failings;
mod habits;
mod http;
mod postgres;
mod relay;
mod support;
mod tap;
mod tls;
