//! The live stream: one hub that follows the trail and fans it out, one connection per WebSocket that pulls from it.

mod connection;
mod hub;
mod ring;

pub use connection::{Connection, Standing, StreamRequest, serve};
pub use hub::Hub;
