//! Rows that this process has just committed, for whoever follows the trail: a short cut past the database, which has them all.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::store::log::NewLogEntry;

/// Rows kept for somebody who does not take them; past this the short cut is closed until they have looked into the database.
const KEPT: usize = 2048;

/// Rows with ids in a row, committed together.
pub struct Batch {
    pub first: i64,
    /// The id after the last.
    end: i64,
    /// Empty if only word of them is kept. Their details are left out but for whether there is one.
    pub rows: Vec<NewLogEntry>,
}

/// What comes after a row.
pub enum Following {
    /// These rows.
    Rows(Batch),
    /// Only the database knows: others wrote too, or more was written than is kept.
    Unknown,
    /// Nothing by this process.
    Nothing,
}

/// Batches in the order in which their writers came by, which need not be that of their ids.
#[derive(Default)]
pub struct Committed {
    news: Notify,
    batches: Mutex<Vec<Batch>>,
}

impl Committed {
    /// Makes rows known that were committed, the first with this id.
    pub(super) fn tell(&self, first: i64, mut rows: Vec<NewLogEntry>) {
        for row in &mut rows {
            row.detail = row.detail.as_ref().map(|_| Vec::new());
        }
        let end = first + i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let mut batches = self.batches();
        let kept: usize = batches.iter().map(|batch| batch.rows.len()).sum();
        if kept + rows.len() > KEPT {
            rows.clear();
            batches.clear();
        }
        batches.push(Batch { first, end, rows });
        drop(batches);
        self.news.notify_one();
    }

    /// Waits until something was committed.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// The rows that come right after a row.
    pub fn following(&self, after: i64) -> Following {
        let mut batches = self.batches();
        batches.retain(|batch| batch.end > after + 1);
        match batches.iter().position(|batch| batch.first <= after + 1 && !batch.rows.is_empty()) {
            Some(next) => {
                let mut batch = batches.swap_remove(next);
                let seen = usize::try_from(after + 1 - batch.first).unwrap_or(0);
                batch.rows.drain(..seen);
                batch.first = after + 1;
                Following::Rows(batch)
            }
            None if batches.is_empty() => Following::Nothing,
            None => Following::Unknown,
        }
    }

    fn batches(&self) -> MutexGuard<'_, Vec<Batch>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use app::model::{LogStatus, Timestamp};

    use super::*;
    use crate::audit::LogRow;

    fn rows(count: usize) -> Vec<NewLogEntry> {
        (0..count).map(|_| LogRow::system(LogStatus::Info, "x").detail(b"much").at(Timestamp(0))).collect()
    }

    fn taken(committed: &Committed, after: i64) -> Option<(i64, usize)> {
        match committed.following(after) {
            Following::Rows(batch) => Some((batch.first, batch.rows.len())),
            _ => None,
        }
    }

    #[test]
    fn rows_are_given_in_the_order_of_their_ids_and_without_those_that_were_seen() {
        let committed = Committed::default();
        committed.tell(4, rows(2));
        committed.tell(1, rows(3));
        assert!(matches!(committed.following(-1), Following::Unknown), "row 0 is somebody else's");
        assert_eq!(taken(&committed, 1), Some((2, 2)), "row 1 was seen");
        assert_eq!(taken(&committed, 3), Some((4, 2)));
        assert!(matches!(committed.following(5), Following::Nothing));
    }

    #[test]
    fn rows_behind_those_of_others_wait_for_the_database() {
        let committed = Committed::default();
        committed.tell(5, rows(1));
        assert!(matches!(committed.following(2), Following::Unknown));
        assert_eq!(taken(&committed, 4), Some((5, 1)));
        committed.tell(9, rows(1));
        assert!(matches!(committed.following(9), Following::Nothing), "the database had it already");
    }

    #[test]
    fn who_does_not_look_costs_no_memory() {
        let committed = Committed::default();
        for first in 0..10 {
            committed.tell(1000 * first + 1, rows(1000));
        }
        assert!(committed.batches().iter().map(|batch| batch.rows.len()).sum::<usize>() <= KEPT);
        assert!(matches!(committed.following(0), Following::Unknown), "there is more, and the database has it");
        assert!(committed.batches().iter().flat_map(|batch| &batch.rows).all(|row| row.detail.as_ref().is_some_and(Vec::is_empty)));
    }
}
