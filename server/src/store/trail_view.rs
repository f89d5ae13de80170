//! The trail as of one moment: everything that is read through one view agrees, and how far the trail is indexed is asked once.

use std::sync::Arc;

use app::model::{LogFilter, Scope};

use super::log_days::{Days, KnownDays};
use super::log_index::{IndexMarks, marks};
use super::log_parts::Asked;
use super::{Database, StoreError, Transaction};

pub struct TrailView {
    pub(super) tx: Transaction,
    pub(super) marks: IndexMarks,
    known_days: Arc<KnownDays>,
    days: Option<Arc<Days>>,
    /// How the words of a selection are asked for between two ids.
    pub(super) asked: Option<(Scope, LogFilter, (i64, i64), Asked)>,
}

impl TrailView {
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        let mut tx = database.snapshot_for_pages().await?;
        let marks = marks(&mut tx).await?;
        Ok(Self { tx, marks, known_days: database.known_days(), days: None, asked: None })
    }

    /// The highest id of the trail.
    pub fn head(&self) -> i64 {
        self.marks.head
    }

    /// The days that have indexed rows.
    pub(super) async fn days(&mut self) -> Result<Arc<Days>, StoreError> {
        if let Some(days) = &self.days {
            return Ok(days.clone());
        }
        let days = self.known_days.as_of(&mut self.tx, &self.marks).await?;
        Ok(self.days.insert(days).clone())
    }

    /// For what else is read as of this moment.
    pub fn tx(&mut self) -> &mut Transaction {
        &mut self.tx
    }
}
