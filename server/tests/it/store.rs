//! The store's contract, the same on both engines.

mod chain;
mod damaged;
mod order;
mod outcomes;
mod runs;
mod search;
mod trail;
