//! lab-wire
