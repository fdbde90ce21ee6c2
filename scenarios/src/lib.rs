//! lab-scenarios
