//! What tests of several areas share.

pub mod hostile_peer;
