//! Secrets that are used leave no trace.
