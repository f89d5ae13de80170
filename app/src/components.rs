//! Widgets that more than one page uses. They render what they are given; pages decide what that is.

#![expect(unreachable_pub, reason = "the component macro writes `pub` into its modules")]

mod dialog;
mod erase;
mod field;
pub mod format;
mod icon;
mod layout;
mod log_table;
mod moment;
mod notice;
mod status_badge;

pub use dialog::{open_as_modal, return_focus};
pub use erase::Erase;
pub use field::Field;
pub use icon::{Icon, icon, mark};
pub use layout::Layout;
pub use log_table::{LogColumns, LogTableHead, log_row, message_href, skeleton_rows};
pub use moment::{Ago, Clock, Moment, provide_clock, use_clock};
pub use notice::{Notice, Tone, failure_notice, sentence};
pub use status_badge::{LinkBadge, StatusBadge};
