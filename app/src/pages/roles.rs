//! Roles: what each allows, and those of one's own. Documents.

mod edit;
mod list;
mod words;

pub use self::edit::{RoleForm, edit};
pub use self::list::{list, remove};
pub use self::words::{AREAS, Area, words_of};
