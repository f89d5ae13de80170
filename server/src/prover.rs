//! Proves the trail again and again while the panel runs: what is new every minute, and all of it after a while that grows with how long
//! that takes, about once a day at least. Logs says how far it came, when, and what it found.

use std::sync::Arc;
use std::time::Duration;

use app::model::Timestamp;
use app::pages::logs::{Proof, Proved};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{Database, StoreError};
use crate::verify::{Finding, Step, Walk};

/// From the end of one whole walk to the next at most, …
const WHOLE: Duration = Duration::from_hours(24);

/// … and so many times as long as it took: a short trail is proved as a whole every few minutes.
const REST: u32 = 24;

/// How soon new rows are proved.
const NEW: Duration = Duration::from_mins(1);

/// Rows that are proved at a time, about a millisecond: whoever asks for a page meanwhile waits no longer than that.
const ROWS: i64 = 64;

/// They are followed by a pause of so many times as long as they took: proving waits for everything else.
const PACE: u32 = 12;

/// The same while somebody reads the trail, so that few of their pages meet it.
const PACE_BESIDE_READERS: u32 = 250;

/// Proves until told to stop.
pub async fn follow_proof(database: Database, clock: Clock, proof: Arc<watch::Sender<Option<Proof>>>, stop: CancellationToken) {
    let work = async {
        loop {
            prove_whole(&database, &clock, &proof).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

/// One walk along all of the trail and, until the next is due, along what is written behind it.
async fn prove_whole(database: &Database, clock: &Clock, proof: &watch::Sender<Option<Proof>>) {
    let begun = Instant::now();
    let mut walk = Walk::default();
    let mut whole = None;
    while whole.is_none_or(|(_, due)| Instant::now() < due) {
        let found = go_on(&mut walk, database, &|up_to| tell_way(proof, up_to, clock.now())).await;
        let at = clock.now();
        match found {
            Ok(Finding::Sound { up_to, .. }) => {
                let newest = Proved { up_to, at };
                let (whole, _) = *whole.get_or_insert_with(|| (newest, Instant::now() + (begun.elapsed() * REST).clamp(NEW, WHOLE)));
                proof.send_replace(Some(Proof::Sound { whole, newest }));
            }
            Ok(Finding::Broken { id, why }) => {
                tracing::error!(row = id, why, "the trail is not what was written");
                proof.send_replace(Some(Proof::Broken { id, why, at }));
                sleep(NEW).await;
                // From the start: somebody may have put it right.
                return;
            }
            Err(cause) => {
                tracing::warn!(error = &cause as &dyn std::error::Error, "could not prove the trail; trying again");
                // What was found before says nothing of what cannot be read now.
                proof.send_replace(Some(Proof::Unknown { at }));
            }
        }
        sleep(NEW).await;
    }
}

/// Tells how far a walk has come where there is nothing better to tell.
fn tell_way(proof: &watch::Sender<Option<Proof>>, up_to: i64, at: Timestamp) {
    if up_to > 0 && matches!(*proof.borrow(), None | Some(Proof::Going(_))) {
        proof.send_replace(Some(Proof::Going(Proved { up_to, at })));
    }
}

async fn go_on(walk: &mut Walk, database: &Database, tell: &(dyn Fn(i64) + Sync)) -> Result<Finding, StoreError> {
    let mut looks = database.looks();
    loop {
        let begun = Instant::now();
        match walk.step(database, ROWS).await? {
            Step::Further => {
                tell(walk.up_to());
                let before = std::mem::replace(&mut looks, database.looks());
                sleep(begun.elapsed() * if looks == before { PACE } else { PACE_BESIDE_READERS }).await;
            }
            Step::End => return walk.close(database).await,
            Step::Broken(finding) => return Ok(finding),
        }
    }
}
