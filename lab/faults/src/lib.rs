//! lab-faults
