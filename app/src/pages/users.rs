//! Users: who may sign in, as what, and to which servers. Documents.

mod detail;
mod edit;
mod list;

pub use self::detail::{UserView, detail, remove, secret};
pub use self::edit::{UserForm, edit};
pub use self::list::list;
