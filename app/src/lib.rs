//! What the browser sees of Tailback and the contract it needs from the server. Knows no SQL, SSH or mail.

pub mod api;
pub mod app;
#[cfg(feature = "ssr")]
pub mod auth;
pub mod components;
pub mod error;
#[cfg(feature = "hydrate")]
pub mod hydrate;
pub mod model;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod ports;
pub mod site;
pub mod streaming;
