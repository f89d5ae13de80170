//! Follows the trail in the order of ids. Rows of this process come straight from their commit; whatever others wrote is read from the
//! database, which has the last word.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use app::model::{LogEntry, LogFilter, Named, Place, Scope, SourceType, Zone};
use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use super::ring::RingRow;
use crate::audit::{Batch, Committed, Following};
use crate::store::log::NewLogEntry;
use crate::store::log_entries::{self, PlacedEntry};
use crate::store::{Database, Selection, StoreError, TrailView, clearing, log_pages, names, people};

/// Rows read from the database in one go.
const PAGE: u32 = 500;

/// How soon rows of other processes are seen; those of this one are told of.
const LOOK_AGAIN: Duration = Duration::from_millis(400);

/// Names that are remembered; past this they are read again.
const NAMES: usize = 4096;

pub(super) struct Follower {
    pub(super) hub: Arc<Hub>,
    pub(super) committed: Arc<Committed>,
    pub(super) zone: Arc<Zone>,
    pub(super) names: Names,
    /// How often something about people had changed, whoever changed it, when that was looked at last.
    pub(super) people: Option<i64>,
}

/// What servers and schedules are called. Whoever renames one leaves a row of the panel's own that tells of it, in the same commit, so
/// names are right up to the next such row.
#[derive(Default)]
pub(super) struct Names {
    servers: HashMap<i64, (String, Place)>,
    schedules: HashMap<i64, String>,
}

impl Follower {
    /// Follows until told to stop.
    pub(super) async fn follow(mut self, stop: CancellationToken) {
        loop {
            let looks = tokio::select! {
                () = stop.cancelled() => return,
                () = self.committed.news() => false,
                () = tokio::time::sleep(LOOK_AGAIN) => true,
            };
            if let Err(cause) = self.catch_up(looks).await {
                tracing::warn!(error = &cause as &dyn std::error::Error, "could not read new rows of the trail; trying again");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// Takes what was committed; looks into the database where that is not all, or if it is time to.
    async fn catch_up(&mut self, mut looks: bool) -> Result<(), StoreError> {
        loop {
            let last = self.hub.progress().row;
            match self.committed.following(last) {
                Following::Rows(batch) => {
                    let rows = self.placed(batch).await?;
                    self.publish(rows).await?;
                    continue;
                }
                Following::Unknown => looks = true,
                Following::Nothing => {}
            }
            if !looks {
                return Ok(());
            }
            let everything = Selection { scope: &Scope::All, filter: &LogFilter::default(), zone: &self.zone };
            let mut view = TrailView::open(self.hub.database()).await?;
            let rows = log_pages::following(&mut view, everything, last, PAGE).await?;
            looks = rows.len() == PAGE as usize;
            if rows.iter().any(|row| row.entry.source_type == SourceType::System) {
                self.names = Names::default();
                // Before these rows are told: what somebody may see has changed at one of them, and those behind it are not theirs.
                let people = people::changes(view.tx()).await?;
                if self.people.replace(people) != Some(people) {
                    self.hub.note_change_of_people();
                }
            }
            drop(view);
            self.publish(rows).await?;
        }
    }

    /// Makes rows known, and first what those of them tell of that were left by a clearing, in whatever process.
    async fn publish(&self, rows: Vec<PlacedEntry>) -> Result<(), StoreError> {
        for PlacedEntry { entry, .. } in &rows {
            if entry.source_type == SourceType::System
                && entry.has_detail
                && let Some((up_to, servers)) = clearing::told_by(self.hub.database(), entry.id).await?
            {
                self.hub.tell_cleared(up_to, servers);
            }
        }
        self.hub.publish(rows.into_iter().map(RingRow::new).collect());
        Ok(())
    }

    async fn placed(&mut self, batch: Batch) -> Result<Vec<PlacedEntry>, StoreError> {
        let mut rows = Vec::with_capacity(batch.rows.len());
        for (row, id) in batch.rows.into_iter().zip(batch.first..) {
            if row.source_type == SourceType::System {
                self.names = Names::default();
            }
            rows.push(self.named(row, id).await?);
        }
        Ok(rows)
    }

    /// A row as the database would give it.
    async fn named(&mut self, row: NewLogEntry, id: i64) -> Result<PlacedEntry, StoreError> {
        let database = self.hub.database();
        let (server, place) = match row.server_id {
            Some(id) => {
                let (name, place) = self.names.server(database, id).await?;
                (Some(Named { id, name }), place)
            }
            None => (None, Place::default()),
        };
        let schedule = match row.schedule_id {
            Some(id) => Some(Named { id, name: self.names.schedule(database, id).await? }),
            None => None,
        };
        let local = self.zone.local(row.at);
        let entry = LogEntry {
            id,
            at: row.at,
            status: row.status,
            source_type: row.source_type,
            server,
            schedule,
            run_id: row.run_id,
            point: row.point,
            duration_s: row.duration_s,
            message: row.message,
            has_detail: row.detail.is_some(),
            year: local.year(),
            month: local.month(),
            day: local.day(),
        };
        Ok(PlacedEntry { entry, place })
    }
}

impl Names {
    async fn server(&mut self, database: &Database, id: i64) -> Result<(String, Place), StoreError> {
        if let Some(known) = self.servers.get(&id) {
            return Ok(known.clone());
        }
        let found = names::of_server(database, id).await?.unwrap_or_else(|| (log_entries::nameless(id), Place::default()));
        remember(&mut self.servers, id, &found);
        Ok(found)
    }

    async fn schedule(&mut self, database: &Database, id: i64) -> Result<String, StoreError> {
        if let Some(known) = self.schedules.get(&id) {
            return Ok(known.clone());
        }
        let found = names::of_schedule(database, id).await?.unwrap_or_else(|| log_entries::nameless(id));
        remember(&mut self.schedules, id, &found);
        Ok(found)
    }
}

fn remember<T: Clone>(known: &mut HashMap<i64, T>, id: i64, found: &T) {
    if known.len() >= NAMES {
        known.clear();
    }
    known.insert(id, found.clone());
}
