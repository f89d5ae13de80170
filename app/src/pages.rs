//! The pages, one module a route. Pages compose; what is worth testing is a plain function beside them.

#![expect(unreachable_pub, reason = "the component macro writes `pub` into its modules")]

mod logs;
mod monitor;
mod not_found;
mod sign_in;
mod welcome;

pub use logs::LogsPage;
pub use monitor::MonitorPage;
pub use not_found::NotFoundPage;
pub use sign_in::SignInPage;
pub use welcome::WelcomePage;
