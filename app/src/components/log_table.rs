//! The table of log rows that Monitor and Logs share. On narrow screens the style sheet shows each row as a card; the
//! explicit roles keep it a table for assistive technology there too.

use leptos::prelude::*;

use super::{Erase, Piece, StatusBadge, format, icon};
use crate::components::Icon;
use crate::model::{LogEntry, SourceType};

/// Which columns a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogColumns {
    /// Monitor: everything but the duration.
    Feed,
    /// Logs: all of them.
    Full,
}

impl LogColumns {
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Feed => &["Date", "Status", "Type", "Server", "Schedule", "Message"],
            Self::Full => &["Date", "Status", "Type", "Server", "Schedule", "Message", "Duration"],
        }
    }
}

/// The column heads.
pub fn log_table_head(columns: LogColumns) -> Piece {
    let heads = columns.names().iter().map(|name| {
        view! { <th class="log-table__head" role="columnheader" scope="col" data-column=name.to_ascii_lowercase()>{*name}</th> }
    });
    view! { <thead role="rowgroup"><tr role="row">{heads.collect_view()}</tr></thead> }.erase()
}

/// Messages longer than this do not fit a row of the feed where it is narrowest: as a table on a screen of 900 pixels.
const LONG_MESSAGE: usize = 32;

/// Where a row's message leads, if there is more to read than the row shows.
pub fn message_href(entry: &LogEntry, base: impl FnOnce(i64) -> String) -> Option<String> {
    let more = entry.status.is_trouble() || entry.has_detail || entry.message.chars().count() > LONG_MESSAGE;
    more.then(|| base(entry.id))
}

/// A message in plain text.
pub fn plain_message(message: &str) -> Piece {
    view! { <span class="log-table__text">{message.to_owned()}</span> }.erase()
}

/// A message with what was looked for marked in it.
#[cfg(feature = "ssr")]
pub fn marked_message(message: &str, marks: &[std::ops::Range<usize>]) -> Piece {
    let mut pieces = Vec::with_capacity(2 * marks.len() + 1);
    let mut end = 0;
    for mark in marks {
        pieces.push(message[end..mark.start].to_owned().into_any());
        pieces.push(view! { <mark>{message[mark.clone()].to_owned()}</mark> }.into_any());
        end = mark.end;
    }
    pieces.push(message[end..].to_owned().into_any());
    view! { <span class="log-table__text">{pieces}</span> }.erase()
}

/// What a row carries beside its cells.
#[derive(Default)]
pub struct RowMarks {
    /// It has just arrived.
    pub is_new: bool,
    /// It is the row in question, and what it is called.
    pub anchor: Option<String>,
    /// What stands before the message where the row is copied as a line: for the script of Logs.
    pub line_head: Option<String>,
}

/// One row. `fresh` marks it as just arrived.
pub fn log_row(entry: &LogEntry, columns: LogColumns, href: Option<String>, fresh: bool, pieces: (Piece, Piece)) -> Piece {
    marked_row(entry, columns, href, RowMarks { is_new: fresh, ..RowMarks::default() }, pieces)
}

/// One row with all that can be said of it.
pub fn marked_row(entry: &LogEntry, columns: LogColumns, href: Option<String>, marks: RowMarks, (date, message): (Piece, Piece)) -> Piece {
    let name = |named: &Option<crate::model::Named>| named.as_ref().map(|named| named.name.clone());
    let RowMarks { is_new, anchor, line_head } = marks;
    let current = anchor.is_some().then_some("true");
    let message = match href {
        Some(href) => view! {
            <a class="log-table__open" href=href data-entry=entry.id>
                {message}
                {icon(Icon::Next)}
            </a>
        }
        .erase(),
        None => message,
    };
    let duration = (columns == LogColumns::Full).then(|| cell("duration", entry.duration_s.map(format::duration)));
    view! {
        <tr class="log-table__row" class:is-new=is_new role="row" id=anchor aria-current=current data-status=entry.status.to_string() data-line=line_head>
            <td class="log-table__cell" role="cell" data-column="date">{date}</td>
            <td class="log-table__cell" role="cell" data-column="status"><StatusBadge status=entry.status/></td>
            {cell("type", Some(type_word(entry.source_type)))}
            {cell("server", name(&entry.server))}
            {cell("schedule", name(&entry.schedule))}
            <td class="log-table__cell" role="cell" data-column="message">{message}</td>
            {duration}
        </tr>
    }
    .erase()
}

/// A plain cell; a dash where the field does not apply.
fn cell(column: &'static str, text: Option<String>) -> Piece {
    let blank = text.is_none();
    view! {
        <td class="log-table__cell" class:is-blank=blank role="cell" data-column=column>{text.unwrap_or_else(|| "–".to_owned())}</td>
    }
    .erase()
}

fn type_word(source_type: SourceType) -> String {
    source_type.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LogStatus, Timestamp};

    fn entry(status: LogStatus, message: String, has_detail: bool) -> LogEntry {
        LogEntry { status, message, has_detail, ..LogEntry::blank(7, Timestamp(0)) }
    }

    #[test]
    fn what_a_row_may_cut_off_can_be_read_elsewhere() {
        for (status, letters, has_detail, leads) in [
            (LogStatus::Info, 32, false, false),
            (LogStatus::Info, 33, false, true),
            (LogStatus::Completed, 100, false, true),
            (LogStatus::Info, 5, true, true),
            (LogStatus::Error, 5, false, true),
        ] {
            let href = message_href(&entry(status, "é".repeat(letters), has_detail), |id| format!("/logs?entry={id}"));
            assert_eq!(href, leads.then(|| "/logs?entry=7".to_owned()), "{status} {letters} {has_detail}");
        }
    }
}
