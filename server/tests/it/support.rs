//! What tests of several areas share.

pub mod engine;
pub mod hostile_peer;
pub mod panel;
pub mod postgres;
pub mod wire;
