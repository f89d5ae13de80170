//! The columns that CSV and XLSX have in common.

use std::borrow::Cow;

use app::model::{LogEntry, Zone};

/// The columns, in order; the second is on the clock of `zone`.
pub(super) fn columns(zone: &Zone) -> [Cow<'static, str>; 13] {
    [
        "id".into(),
        "at (UTC)".into(),
        format!("at ({})", zone.name).into(),
        "status".into(),
        "type".into(),
        "server_id".into(),
        "server".into(),
        "schedule_id".into(),
        "schedule".into(),
        "run_id".into(),
        "point".into(),
        "duration_s".into(),
        "message".into(),
    ]
}

/// What a program that opens tables might take for a formula is made a text, by the apostrophe that such programs know.
pub(super) fn inert(text: &str) -> Cow<'_, str> {
    let first = text.trim_start().chars().next();
    let risky = matches!(first, Some('=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}' | '\t' | '\r'));
    if risky { format!("'{text}").into() } else { text.into() }
}

/// The name of what a row is about, and its number.
pub(super) fn named(named: Option<&app::model::Named>) -> (Option<i64>, &str) {
    named.map_or((None, ""), |named| (Some(named.id), named.name.as_str()))
}

/// The texts of a row that stand before its numbers: UTC, local, status, type.
pub(super) fn times(row: &LogEntry, zone: &Zone) -> (String, String) {
    (row.at.to_string(), zone.local(row.at).to_string())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("=1+1", "'=1+1")]
    #[case("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0")]
    #[case("-2", "'-2")]
    #[case("@SUM(A1)", "'@SUM(A1)")]
    #[case("  =1", "'  =1")]
    #[case("＝1", "'＝1")]
    #[case("backup = done", "backup = done")]
    #[case("", "")]
    fn formulas_become_texts(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(inert(text), shown);
    }
}
