//! What stands between the network and the panel, from outside.

mod canary;
mod cookies;
mod headers;
mod limits;
mod networks;
mod origins;
mod throttle;
