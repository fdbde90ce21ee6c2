//! lab-tests
