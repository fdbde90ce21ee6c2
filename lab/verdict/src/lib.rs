//! lab-verdict
