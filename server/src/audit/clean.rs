//! Makes text from anywhere fit to be stored and shown: valid UTF-8, no escape sequences, no control characters.

use strip_ansi_escapes::strip;

/// Longest message of a row.
pub const MAX_MESSAGE_CHARS: usize = 500;

/// Longest detail of a row.
pub const MAX_DETAIL_BYTES: usize = 256 * 1024;

/// Characters that reorder or hide what a reader sees.
fn deceives(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Clean text of several lines. Line ends become `\n`; a carriage return alone ends a line too, since progress meters
/// rewrite theirs with it.
pub fn clean_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    let plain = strip(text.as_bytes());
    let keep = |c: &char| *c == '\n' || *c == '\t' || (!c.is_control() && !deceives(*c));
    String::from_utf8_lossy(&plain).chars().filter(keep).collect()
}

/// Clean text on one line, at most `MAX_MESSAGE_CHARS` long; what was cut shows as `…`.
pub fn clean_line(text: &str) -> String {
    shortened(&one_line(&clean_text(text.as_bytes())))
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn shortened(line: &str) -> String {
    if line.chars().count() <= MAX_MESSAGE_CHARS {
        return line.to_owned();
    }
    line.chars().take(MAX_MESSAGE_CHARS - 1).chain(['…']).collect()
}

/// The last `MAX_DETAIL_BYTES` of a clean text, from the beginning of a line where there is one.
pub(super) fn last_part(text: &str) -> &str {
    if text.len() <= MAX_DETAIL_BYTES {
        return text;
    }
    let mut start = text.len() - MAX_DETAIL_BYTES;
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let tail = &text[start..];
    tail.split_once('\n').map_or(tail, |(_, rest)| if rest.is_empty() { tail } else { rest })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_and_control_characters_go() {
        assert_eq!(clean_text(b"\x1b[31mred\x1b[0m\x07 \x1b]0;title\x07text\x00"), "red text");
        assert_eq!(clean_text("a\u{202e}b\u{200b}c".as_bytes()), "abc");
        assert_eq!(clean_text(b"10%\r20%\r\n30%"), "10%\n20%\n30%");
        assert_eq!(clean_text(b"caf\xe9"), "caf\u{fffd}");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_survives(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let text = clean_text(&bytes);
            prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
            let line = clean_line(&text);
            prop_assert!(line.chars().count() <= MAX_MESSAGE_CHARS && !line.contains('\n'));
        }
    }

    #[test]
    fn a_long_detail_keeps_its_end() {
        let text = format!("{}\nlast line", "x".repeat(MAX_DETAIL_BYTES));
        assert_eq!(last_part(&text), "last line");
        let one_line = "é".repeat(MAX_DETAIL_BYTES);
        assert!(last_part(&one_line).len() <= MAX_DETAIL_BYTES);
    }
}
