//! A filter of Logs that somebody has given a name.

/// A view as its owner has saved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    pub id: i64,
    pub name: String,
    /// As the page's URL has it.
    pub query: String,
    /// Logs opens with it.
    pub is_default: bool,
}
