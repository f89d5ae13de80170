//! Follows the trail and keeps what makes it quick to search. Nothing waits for it: rows that it has not come to yet are read as
//! they are.

use std::sync::Arc;
use std::time::Duration;

use app::model::Zone;
use tokio_util::sync::CancellationToken;

use crate::store::{Database, StoreError, log_index};
use crate::streaming::Hub;

/// Rows gather for this long, so that a busy trail is indexed by the batch.
const GATHER: Duration = Duration::from_millis(250);

/// How long it waits for rows before it looks whether there is anything to do.
const REST: Duration = Duration::from_mins(1);

/// How soon it tries again when the database did not answer.
const PAUSE: Duration = Duration::from_secs(5);

/// Indexes until told to stop.
pub async fn follow_index(database: Database, zone: Arc<Zone>, hub: Arc<Hub>, stop: CancellationToken) {
    let mut heads = hub.heads();
    if let Err(cause) = log_index::check(&database).await {
        tracing::warn!(error = &cause as &dyn std::error::Error, "could not compare the counts of the trail with one another");
    }
    loop {
        let pause = match index_all(&database, &zone, &stop).await {
            Ok(()) => GATHER,
            Err(cause) => {
                tracing::warn!(error = &cause as &dyn std::error::Error, "could not index new rows of the trail; trying again");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = heads.changed() => if changed.is_err() { return },
            // Somebody may have had all of it made anew.
            () = tokio::time::sleep(REST) => {}
        }
    }
}

/// Indexes every row there is.
pub async fn index_all(database: &Database, zone: &Zone, stop: &CancellationToken) -> Result<(), StoreError> {
    while !stop.is_cancelled() && log_index::index_batch(database, zone).await? {}
    Ok(())
}
