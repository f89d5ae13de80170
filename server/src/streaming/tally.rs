//! What the stream has done since the panel began, in figures.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Figures that only grow, but for the last.
#[derive(Default)]
pub struct Tally {
    rows: AtomicU64,
    rows_from_database: AtomicU64,
    rounds: AtomicU64,
    last_round_us: AtomicU64,
}

/// The figures at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Rows that were given to clients, each counted once for each of them.
    pub rows: u64,
    /// Of these, rows that were read from the database for a client that was behind.
    pub rows_from_database: u64,
    pub rounds: u64,
    /// How long it took the last time to tell everybody who keeps up.
    pub last_round: Duration,
}

impl Tally {
    pub(super) fn note_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Relaxed);
    }

    pub(super) fn note_round(&self, took: Duration) {
        self.rounds.fetch_add(1, Relaxed);
        self.last_round_us.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn note_rows_from_database(&self, rows: u64) {
        self.note_rows(rows);
        self.rows_from_database.fetch_add(rows, Relaxed);
    }

    pub fn figures(&self) -> Figures {
        Figures {
            rows: self.rows.load(Relaxed),
            rows_from_database: self.rows_from_database.load(Relaxed),
            rounds: self.rounds.load(Relaxed),
            last_round: Duration::from_micros(self.last_round_us.load(Relaxed)),
        }
    }
}
