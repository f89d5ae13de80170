//! One's own account: password, second factor, sessions, tokens. Documents.

mod factor;
mod overview;
mod tokens;

pub use self::factor::{recovery_codes, remove_factor, set_up};
pub use self::overview::{ProfileView, overview};
pub use self::tokens::{TokenForm, new_token, token_secret};
