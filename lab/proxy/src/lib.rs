//! lab-proxy
