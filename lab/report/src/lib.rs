//! lab-report
