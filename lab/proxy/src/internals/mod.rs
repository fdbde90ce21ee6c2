//! Ways into the crate for fuzz targets (`fuzz/`) and benchmarks (`benches/`); not part of its
//! interface.

pub mod bench;
pub mod conversations;
pub mod fuzz;
