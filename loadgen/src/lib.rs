//! lab-loadgen
