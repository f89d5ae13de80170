//! Servers: which machines there are, whether they answer, how to let the panel in. Documents.

mod detail;
mod edit;
mod list;
mod test_result;

pub use self::detail::{KeyLine, ServerView, detail, remove};
pub use self::edit::{ServerForm, edit};
pub use self::list::{ServerRow, list};
pub use self::test_result::{Test, TestStep};
