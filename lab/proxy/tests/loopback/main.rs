//! The proxy over loopback: its relay, its tap and its API, as callers see them.

mod api;
mod relay;
mod support;
mod tap;
