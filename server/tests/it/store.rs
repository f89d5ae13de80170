//! The store's contract, the same on both engines.

mod order;
mod runs;
mod trail;
