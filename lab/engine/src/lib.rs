//! lab-engine
