//! WebSocket frames as bytes, made once for everybody who gets them (RFC 6455). The server's side masks nothing.

use std::sync::Arc;

use axum::body::Bytes;

use super::hub::json;
use super::run_states::Changed;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// What control frames may carry.
pub(super) const MOST_OF_CONTROL: usize = 125;

const ROWS_BEGIN: &[u8] = br#"{"kind":"rows","rows":["#;
const RUNS_BEGIN: &[u8] = br#"{"kind":"runs","runs":["#;
const ALL_RUNS_BEGIN: &[u8] = br#"{"kind":"runs","all":true,"runs":["#;
const END: &[u8] = b"]}";

pub(super) fn text(payload: &str) -> Bytes {
    frame(TEXT, payload.len(), [payload.as_bytes()])
}

/// The frame of these rows, each given as JSON.
pub(super) fn rows(rows: &[Arc<str>]) -> Bytes {
    list(ROWS_BEGIN, rows)
}

/// The frame that tells what has become of runs.
pub(super) fn runs(changed: &Changed) -> Bytes {
    let runs: Vec<_> = changed.runs.iter().map(|run| json(&**run)).collect();
    list(if changed.are_all { ALL_RUNS_BEGIN } else { RUNS_BEGIN }, &runs)
}

pub(super) fn ping() -> Bytes {
    Bytes::from_static(&[PING, 0])
}

/// Answers a ping.
pub(super) fn pong(payload: &[u8]) -> Bytes {
    frame(PONG, payload.len(), [payload])
}

pub(super) fn close(code: u16, reason: &str) -> Bytes {
    let reason = &reason.as_bytes()[..reason.floor_char_boundary(MOST_OF_CONTROL - 2)];
    frame(CLOSE, 2 + reason.len(), [&code.to_be_bytes()[..], reason])
}

fn list<T: AsRef<str>>(begin: &[u8], items: &[T]) -> Bytes {
    let commas = items.len().saturating_sub(1);
    let length = begin.len() + items.iter().map(|item| item.as_ref().len()).sum::<usize>() + commas + END.len();
    let parts = items.iter().enumerate().flat_map(|(n, item)| [if n == 0 { &b""[..] } else { b"," }, item.as_ref().as_bytes()]);
    frame(TEXT, length, std::iter::once(begin).chain(parts).chain([END]))
}

fn frame<'a>(kind: u8, length: usize, parts: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut bytes = Vec::with_capacity(length + 10);
    bytes.push(kind);
    if let Ok(length @ 0..=125) = u8::try_from(length) {
        bytes.push(length);
    } else if let Ok(length) = u16::try_from(length) {
        bytes.push(126);
        bytes.extend(length.to_be_bytes());
    } else {
        bytes.push(127);
        bytes.extend((length as u64).to_be_bytes());
    }
    let head = bytes.len();
    parts.into_iter().for_each(|part| bytes.extend_from_slice(part));
    debug_assert_eq!(bytes.len() - head, length, "the head tells how much follows");
    bytes.into()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;

    use super::*;

    fn payload(frame: &Bytes) -> &[u8] {
        let mut cursor = Cursor::new(frame);
        let (header, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
        assert!(header.is_final && header.mask.is_none());
        let begin = usize::try_from(cursor.position()).unwrap();
        assert_eq!(frame.len() - begin, usize::try_from(length).unwrap());
        &frame[begin..]
    }

    #[test]
    fn frames_of_every_length_are_read_as_they_were_written() {
        for length in [0, 1, 125, 126, 65_535, 65_536, 200_000] {
            let said = "é".repeat(length / 2) + &"x".repeat(length % 2);
            assert_eq!(payload(&text(&said)), said.as_bytes());
        }
    }

    #[test]
    fn lists_are_json() {
        for count in [0, 1, 3] {
            let rows: Vec<Arc<str>> = (0..count).map(|n| format!(r#"{{"id":{n}}}"#).into()).collect();
            let frame = super::rows(&rows);
            let read: serde_json::Value = serde_json::from_slice(payload(&frame)).unwrap();
            assert_eq!((read["kind"].as_str(), read["rows"].as_array().map(Vec::len)), (Some("rows"), Some(count)));
        }
    }

    #[test]
    fn a_reason_is_cut_where_a_letter_ends() {
        let frame = close(1000, &"é".repeat(100));
        let said = payload(&frame);
        assert_eq!((said.len(), std::str::from_utf8(&said[2..]).unwrap().chars().count()), (124, 61));
    }
}
