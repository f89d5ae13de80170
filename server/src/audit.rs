//! The one writer of the trail: rows are cleaned, redacted, appended in commit order together with the change they tell
//! of, and made known to the streams after the commit. Reading the trail is the store's.

mod clean;
mod committed;
mod detail;
mod redact;
mod row;
mod trail;

pub use clean::{MAX_DETAIL_BYTES, MAX_MESSAGE_CHARS, clean_line, clean_text};
pub use committed::{Batch, Committed, Following};
pub use detail::{compress, decompress};
pub use redact::{redact, told_line};
pub use row::LogRow;
pub use trail::{Change, Trail};
