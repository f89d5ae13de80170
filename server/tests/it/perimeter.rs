//! What stands between the network and the panel, from outside.

mod canary;
mod cookies;
mod headers;
mod hostile;
mod house;
mod limits;
mod networks;
mod origins;
mod secrets;
mod throttle;
