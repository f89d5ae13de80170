//! The pages, one module a route. Pages compose; what is worth testing is a plain function beside them.
//!
//! Those that people keep open are components and live on in the browser. Those that people visit are documents: plain
//! functions from what the server has read to a whole page, without WebAssembly (see [`document`]).

#![expect(unreachable_pub, reason = "the component macro writes `pub` into its modules")]

#[cfg(feature = "ssr")]
pub mod alone;
#[cfg(feature = "ssr")]
pub mod clearing;
#[cfg(feature = "ssr")]
pub mod document;
#[cfg(feature = "ssr")]
pub mod form;
#[cfg(feature = "ssr")]
pub mod logs;
mod monitor;
#[cfg(feature = "ssr")]
pub mod more;
#[cfg(feature = "ssr")]
pub mod profile;
#[cfg(feature = "ssr")]
pub mod refusal;
#[cfg(feature = "ssr")]
pub mod roles;
#[cfg(feature = "ssr")]
pub mod run;
#[cfg(feature = "ssr")]
pub mod schedules;
#[cfg(feature = "ssr")]
pub mod servers;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
pub mod sign_in;
#[cfg(feature = "ssr")]
pub mod sign_in_code;
#[cfg(feature = "ssr")]
pub mod users;
#[cfg(feature = "ssr")]
pub mod welcome;

pub use monitor::MonitorPage;
