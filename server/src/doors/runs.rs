//! Runs: one story each, and lists.
