//! Tells cargo that the catalog is part of the crate: a scenario that is added must be embedded.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=catalog");
}
