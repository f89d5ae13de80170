//! Proves the trail again and again while the panel runs: all of it once a day, what is new every minute. Logs says how far it came and
//! what it found.

use std::sync::Arc;
use std::time::Duration;

use app::pages::logs::Proof;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{Database, StoreError};
use crate::verify::{Finding, Step, Walk};

/// From the end of one whole walk to the next.
const WHOLE: Duration = Duration::from_hours(24);

/// How soon new rows are proved.
const NEW: Duration = Duration::from_mins(1);

/// Rows that are proved at a time, about a millisecond: whoever asks for a page meanwhile waits no longer than that.
const ROWS: i64 = 64;

/// They are followed by a pause of so many times as long as they took: proving waits for everything else.
const PACE: u32 = 12;

/// The same while somebody reads the trail, so that few of their pages meet it.
const PACE_BESIDE_READERS: u32 = 100;

/// Proves until told to stop.
pub async fn follow_proof(database: Database, clock: Clock, proof: Arc<watch::Sender<Option<Proof>>>, stop: CancellationToken) {
    let work = async {
        loop {
            let begun = Instant::now();
            let mut walk = Walk::default();
            while begun.elapsed() < WHOLE {
                match go_on(&mut walk, &database).await {
                    Ok(finding) => {
                        let broken = matches!(finding, Finding::Broken { .. });
                        tell(&proof, finding, &clock);
                        if broken {
                            // From the start: somebody may have put it right.
                            walk = Walk::default();
                        }
                    }
                    Err(cause) => tracing::warn!(error = &cause as &dyn std::error::Error, "could not prove the trail; trying again"),
                }
                sleep(NEW).await;
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn go_on(walk: &mut Walk, database: &Database) -> Result<Finding, StoreError> {
    let mut looks = database.looks();
    loop {
        let begun = Instant::now();
        match walk.step(database, ROWS).await? {
            Step::Further => {
                let before = std::mem::replace(&mut looks, database.looks());
                sleep(begun.elapsed() * if looks == before { PACE } else { PACE_BESIDE_READERS }).await;
            }
            Step::End => return walk.close(database).await,
            Step::Broken(finding) => return Ok(finding),
        }
    }
}

fn tell(proof: &watch::Sender<Option<Proof>>, finding: Finding, clock: &Clock) {
    let at = clock.now();
    let found = match finding {
        Finding::Sound { up_to, .. } => Proof::Sound { up_to, at },
        Finding::Broken { id, why } => {
            tracing::error!(row = id, why, "the trail is not what was written");
            Proof::Broken { id, why, at }
        }
    };
    proof.send_replace(Some(found));
}
