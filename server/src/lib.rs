//! Everything of Tailback that touches the outside world. `app` says what pages need; this crate provides it, and the
//! checker, the trail and the stream besides.

pub mod access;
pub mod adapters;
pub mod api;
pub mod audit;
pub mod auth;
pub mod chain;
pub mod checker;
pub mod clearing;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod doors;
pub mod export;
pub mod fault;
pub mod history;
pub mod indexer;
pub mod ingest;
pub mod inventory;
pub mod jobs;
pub mod keys;
mod listen;
pub mod people;
pub mod perimeter;
pub mod prover;
pub mod random;
pub mod reporter;
pub mod router;
pub mod secrets;
pub mod serve;
pub mod site;
pub mod ssh;
pub mod standings;
pub mod state;
pub mod store;
pub mod streaming;
pub mod verify;
pub mod words;

pub use site::build_id;
