//! Who is asking: passwords, second factors, sessions, tokens and sign-in links; the layer that puts the viewer into every
//! request and lets nobody else in. Who may be what is `people`'s.

mod cookies;
mod layer;
mod password;
mod password_rules;
mod role;
mod second_factor;
mod sign_in;
mod token;
pub mod totp;
mod uses;
mod viewer;
mod visitor;

pub use cookies::{clear_cookie, cookie, session, session_cookie};
pub use layer::{Caller, StreamGuard, require_viewer};
pub use password::{PasswordError, Passwords};
pub use password_rules::password_problem;
pub use role::permissions_of;
pub use second_factor::FactorError;
pub(crate) use second_factor::seed_place;
pub use sign_in::{
    AccountError, Accounts, MADE_PASSWORD_LASTS_MS, PENDING_LASTS_MS, SECURE_SESSION_COOKIE, SESSION_COOKIE, SESSION_IDLE_MS,
    SESSION_LASTS_MS,
};
pub use token::{Token, hash};
pub use uses::{Use, Uses, follow_uses};
pub use viewer::rights_of;
pub use visitor::Visitor;
