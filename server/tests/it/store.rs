//! The store's contract, the same on both engines.

mod order;
mod outcomes;
mod runs;
mod trail;
