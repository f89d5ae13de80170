//! A row as one line of a terminal.

use app::model::{LogEntry, LogStatus, Named, Zone};

use crate::audit::clean_line;

/// How lines look.
pub(super) struct Style {
    colours: bool,
    zone: Zone,
}

impl Style {
    pub(super) fn new(colours: bool, zone: Zone) -> Self {
        Self { colours, zone }
    }

    /// `2026-11-22 02:00:05 error       FILES  web-1  web site  message`. What came from servers was cleaned when it was written, and is
    /// cleaned again: a terminal obeys what it is shown.
    pub(super) fn line(&self, row: &LogEntry) -> String {
        let name = |named: &Option<Named>| named.as_ref().map_or_else(|| "-".to_owned(), |named| clean_line(&named.name));
        let status = format!("{:<10}", row.status.to_string());
        let (on, off) = if self.colours { (colour(row.status), "\u{1b}[0m") } else { ("", "") };
        let (dim, plain) = if self.colours { ("\u{1b}[2m", "\u{1b}[0m") } else { ("", "") };
        let source_type = row.source_type.to_string();
        format!(
            "{dim}{}{plain} {on}{status}{off} {source_type:<6} {:<16} {:<20} {}",
            self.zone.local(row.at),
            name(&row.server),
            name(&row.schedule),
            clean_line(&row.message)
        )
    }
}

/// The word says it all; the colour helps to find it.
fn colour(status: LogStatus) -> &'static str {
    match status {
        LogStatus::Error => "\u{1b}[1;31m",
        LogStatus::Warning | LogStatus::Missed => "\u{1b}[33m",
        LogStatus::Connection => "\u{1b}[35m",
        LogStatus::Completed => "\u{1b}[36m",
        LogStatus::Running | LogStatus::Started => "\u{1b}[34m",
        LogStatus::Stopped | LogStatus::Info => "",
    }
}

#[cfg(test)]
mod tests {
    use app::model::{SourceType, Timestamp};

    use super::*;

    fn row(message: &str) -> LogEntry {
        LogEntry {
            status: LogStatus::Error,
            source_type: SourceType::Files,
            server: Some(Named { id: 1, name: "web-1".to_owned() }),
            message: message.to_owned(),
            ..LogEntry::blank(7, Timestamp(1_795_348_845_678))
        }
    }

    #[test]
    fn a_line_is_plain_where_nobody_sees_colours_and_never_obeys_a_message() {
        let line = |colours, message: &str| Style::new(colours, Zone::utc()).line(&row(message));
        assert_eq!(line(false, "it failed"), "2026-11-22 12:00:45 error      FILES  web-1            -                    it failed");
        let evil = line(true, "\u{1b}]0;owned\u{7}\u{1b}[2Jx\r\ny\u{202e}z");
        assert!(evil.contains("\u{1b}[1;31merror"));
        let after = evil.split("  ").last().unwrap();
        assert!(!after.contains(['\u{1b}', '\u{7}', '\r', '\n', '\u{202e}']), "{after:?}");
    }
}
