//! The newest part of the log of every run that goes on, as far as passes have read it: read once, kept in bounded memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use app::model::{RunId, Timestamp};

use super::observation::LogPiece;
use super::record::without_rewrites;
use crate::audit::{clean_text, redact};

/// What is kept of one log: a few screens. The end of a run brings its own, longer part.
const KEPT_BYTES: usize = 64 * 1024;

/// Somebody who looks at a run's log has it read more often, for this long after the last look.
const LOOKED_AT_MS: i64 = 15_000;

/// Logs by run.
#[derive(Default)]
pub struct RunLogs {
    by_run: Mutex<HashMap<RunId, Reading>>,
}

#[derive(Default)]
struct Reading {
    file: String,
    next: u64,
    bytes: Vec<u8>,
    looked_at: Option<Timestamp>,
}

impl RunLogs {
    /// The log as a person reads it; `None` until a pass has read it.
    pub fn tail(&self, id: &RunId, now: Timestamp) -> Option<String> {
        let bytes = self.with(id, |reading| {
            reading.looked_at = Some(now);
            reading.bytes.clone()
        })?;
        Some(readable(&bytes))
    }

    /// Whether somebody is looking at it.
    pub(super) fn is_looked_at(&self, id: &RunId, now: Timestamp) -> bool {
        let looked_at = self.with(id, |reading| reading.looked_at).flatten();
        looked_at.is_some_and(|at| now.millis_since(at) < LOOKED_AT_MS)
    }

    /// Which file was read, and how far.
    pub(super) fn position(&self, id: &RunId) -> Option<(String, u64)> {
        self.with(id, |reading| (reading.file.clone(), reading.next))
    }

    /// Adds what a pass has read and returns all that is kept.
    pub(super) fn add(&self, id: &RunId, piece: &LogPiece) -> Vec<u8> {
        let mut by_run = self.by_run.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = by_run.entry(id.clone()).or_default();
        if piece.size == 0 && piece.file.is_empty() {
            return reading.bytes.clone();
        }
        if !reading.file.is_empty() && (reading.file != piece.file || piece.from < reading.next) {
            reading.bytes.extend_from_slice(b"\n[the log was begun anew]\n");
        } else if piece.from > reading.next && !reading.file.is_empty() {
            let skipped = piece.from - reading.next;
            reading.bytes.extend_from_slice(format!("\n[{skipped} bytes came too fast and are not shown]\n").as_bytes());
        }
        reading.bytes.extend_from_slice(&piece.bytes);
        let extra = reading.bytes.len().saturating_sub(KEPT_BYTES);
        reading.bytes.drain(..extra);
        reading.file.clone_from(&piece.file);
        reading.next = piece.from + u64::try_from(piece.bytes.len()).unwrap_or(u64::MAX);
        reading.bytes.clone()
    }

    /// The run is over.
    pub(super) fn forget(&self, id: &RunId) {
        self.by_run.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn with<T>(&self, id: &RunId, read: impl FnOnce(&mut Reading) -> T) -> Option<T> {
        self.by_run.lock().unwrap_or_else(PoisonError::into_inner).get_mut(id).map(read)
    }
}

/// A log as a person reads it: clean, without secrets, without what a meter has overwritten.
pub fn readable(bytes: &[u8]) -> String {
    redact(&clean_text(&without_rewrites(bytes))).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(file: &str, from: u64, bytes: &[u8]) -> LogPiece {
        LogPiece { file: file.to_owned(), from, size: from + bytes.len() as u64, bytes: bytes.to_vec() }
    }

    #[test]
    fn pieces_are_joined_and_what_is_missing_is_said() {
        let (logs, id) = (RunLogs::default(), "01KAMZ3V7S9B3J1Q6Y1C2D3E4F".parse::<RunId>().unwrap());
        assert_eq!(logs.tail(&id, Timestamp::from_millis(0)), None);
        logs.add(&id, &piece("7", 0, b"one\ntw"));
        logs.add(&id, &piece("7", 6, b"o\n 1%\r 2%"));
        assert_eq!(logs.position(&id), Some(("7".to_owned(), 15)));
        logs.add(&id, &piece("7", 100, b"three\n"));
        logs.add(&id, &piece("8", 0, b"four\n"));
        assert_eq!(
            logs.tail(&id, Timestamp::from_millis(0)).unwrap(),
            "one\ntwo\n 2%\n[85 bytes came too fast and are not shown]\nthree\n\n[the log was begun anew]\nfour\n"
        );
        assert!(logs.is_looked_at(&id, Timestamp::from_millis(9000)) && !logs.is_looked_at(&id, Timestamp::from_millis(60_000)));
        logs.add(&id, &piece("8", 5, &vec![b'x'; 200_000]));
        assert_eq!(logs.tail(&id, Timestamp::from_millis(0)).unwrap().len(), KEPT_BYTES);
        logs.forget(&id);
        assert_eq!(logs.position(&id), None);
    }
}
