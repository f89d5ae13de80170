//! When each token was last used, to the minute, written down beside the requests and not by them.

use std::collections::HashMap;

use app::model::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::store::{Database, StoreError, accounts};

/// A token's use is written down this often.
const NOTE_EVERY_MS: i64 = 60_000;

/// As many tokens as a busy panel sees between two writes; what finds no room is noted a minute later.
const QUEUE: usize = 256;

/// A token was used.
pub struct TokenUse {
    token_id: i64,
    at: Timestamp,
}

/// Where requests leave word of the tokens they came with.
#[derive(Clone)]
pub struct TokenUses {
    queue: mpsc::Sender<TokenUse>,
}

impl TokenUses {
    pub fn new() -> (Self, mpsc::Receiver<TokenUse>) {
        let (queue, uses) = mpsc::channel(QUEUE);
        (Self { queue }, uses)
    }

    /// Leaves word, unless it was written down within the last minute. Never waits.
    pub(super) fn note(&self, token_id: i64, written: Option<Timestamp>, at: Timestamp) {
        if written.is_none_or(|written| at.millis_since(written) >= NOTE_EVERY_MS) {
            // Without room, the next request leaves word again.
            self.queue.try_send(TokenUse { token_id, at }).ok();
        }
    }
}

/// Writes the uses down until told to stop.
pub async fn follow_token_uses(database: Database, mut uses: mpsc::Receiver<TokenUse>, stop: CancellationToken) {
    let mut written: HashMap<i64, Timestamp> = HashMap::new();
    loop {
        let TokenUse { token_id, at } = tokio::select! {
            () = stop.cancelled() => return,
            used = uses.recv() => match used {
                Some(used) => used,
                None => return,
            },
        };
        // Requests that came before the last write could be read leave word too.
        if written.get(&token_id).is_some_and(|written| at.millis_since(*written) < NOTE_EVERY_MS) {
            continue;
        }
        match write(&database, token_id, at).await {
            Ok(()) => {
                written.insert(token_id, at);
            }
            Err(cause) => {
                tracing::warn!(token.id = token_id, error = &cause as &dyn std::error::Error, "could not note that a token was used");
            }
        }
    }
}

async fn write(database: &Database, token_id: i64, at: Timestamp) -> Result<(), StoreError> {
    let mut tx = database.begin().await?;
    accounts::note_token_use(&mut tx, token_id, at).await?;
    tx.commit().await
}
