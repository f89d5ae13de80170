//! Runs that another process looks after: it tells nobody here of them, so they are read from the database while somebody listens.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use app::model::{RunId, Scope};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use crate::store::{StoreError, runs};

/// How old the progress of such a run may be; runs of this process tell of theirs at once.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks again and again, until told to stop.
pub(super) async fn follow_runs(hub: Arc<Hub>, stop: CancellationToken) {
    let work = async {
        loop {
            sleep(LOOK_EVERY).await;
            if hub.has_clients()
                && let Err(cause) = look(&hub).await
            {
                tracing::warn!(error = &cause as &dyn std::error::Error, "could not read how runs go on elsewhere; trying again");
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn look(hub: &Hub) -> Result<(), StoreError> {
    let before = hub.active_runs();
    let active = runs::active(hub.database(), &Scope::All).await?;
    let still: HashSet<RunId> = active.iter().map(|run| run.id.clone()).collect();
    for run in active {
        hub.publish_read_run(run);
    }
    for id in before.iter().filter(|id| !still.contains(*id)) {
        if let Some(ended) = runs::find(hub.database(), &Scope::All, id).await? {
            hub.publish_read_run(ended);
        }
    }
    Ok(())
}
