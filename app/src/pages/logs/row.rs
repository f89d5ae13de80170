//! One row of the list, and the row as a line of text.

use leptos::prelude::*;

use super::address::LogsAddress;
use crate::components::{Erase, LogColumns, Piece, RowMarks, marked_message, marked_row};
use crate::model::{LogEntry, Named, Timestamp, WordQuery};
use crate::pages::document::{ago, moment};
use crate::site::use_page;

/// A row that leads to its message.
pub(super) fn row(address: &LogsAddress, entry: &LogEntry, words: &WordQuery) -> Piece {
    let message = marked_message(&entry.message, &words.marks(&entry.message));
    let anchor = (address.around() == Some(entry.id)).then(|| LogsAddress::anchor(entry.id));
    let marks = RowMarks { anchor, line_head: Some(line_head(entry)), ..RowMarks::default() };
    marked_row(entry, LogColumns::Full, Some(address.entry_href(entry.id)), marks, (date(entry.at), message))
}

/// What stands before the message where a row is one line of text, for a ticket or a chat.
pub(super) fn line_head(entry: &LogEntry) -> String {
    let page = use_page();
    let name = |named: &Option<Named>| named.as_ref().map_or_else(|| "-".to_owned(), |named| named.name.clone());
    let place = format!("{} {}", name(&entry.server), name(&entry.schedule));
    format!("{} {} {} {} {place}", page.told(entry.at), page.zone_name(), entry.status, entry.source_type)
}

/// The moment, and how long ago that is.
fn date(at: Timestamp) -> Piece {
    view! { {moment(at)}<span class="log-table__ago">{ago(at)}</span> }.erase()
}
