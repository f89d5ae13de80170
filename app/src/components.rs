//! Widgets that more than one page uses. They render what they are given; pages decide what that is.

#![expect(unreachable_pub, reason = "the component macro writes `pub` into its modules")]

mod dom;
mod erase;
mod field;
pub mod format;
mod icon;
mod layout;
mod log_table;
mod moment;
mod notice;
mod status_badge;

pub use dom::{effect, find, focus, on_window, top_of};
pub use erase::{Awaited, Drawing, Erase, Item, Piece, Reactive, awaited, list, reactive, text};
pub use field::Field;
pub use icon::{Icon, icon, mark};
pub use layout::{Layout, frame, open_connection};
#[cfg(feature = "ssr")]
pub use log_table::marked_message;
pub use log_table::{LogColumns, RowMarks, log_row, log_table_head, marked_row, message_href, plain_message};
pub use moment::{Ago, Clock, Moment, provide_clock, use_clock};
pub use notice::{Tone, failure_notice, nothing_if, notice, sentence};
pub use status_badge::{LinkBadge, StatusBadge};
