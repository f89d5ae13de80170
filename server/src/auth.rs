//! Who is asking: passwords, sessions, tokens and sign-in links; the layer that puts the viewer into every request and lets
//! nobody else in.

mod cookies;
mod layer;
mod password;
mod role;
mod sign_in;
mod token;
mod token_uses;

pub use cookies::{clear_cookie, cookie, session, session_cookie};
pub use layer::{StreamGuard, require_viewer};
pub use password::Passwords;
pub use role::permissions_of;
pub use sign_in::{AccountError, Accounts, SECURE_SESSION_COOKIE, SESSION_COOKIE, SESSION_LASTS_MS};
pub use token::{Token, hash};
pub use token_uses::{TokenUse, TokenUses, follow_token_uses};
