//! When each token and each session was last used, to the minute, written down beside the requests and not by them.

use std::collections::HashMap;

use app::model::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::store::{Database, StoreError, sessions, tokens};

/// A use is written down this often.
const NOTE_EVERY_MS: i64 = 60_000;

/// As many as a busy panel sees between two writes; what finds no room is noted a minute later.
const QUEUE: usize = 256;

/// Remembered at most; past that, all are forgotten, and each is written once more.
const REMEMBERED: usize = 4096;

/// What was used.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Used {
    Token(i64),
    /// By its hash.
    Session(Vec<u8>),
}

/// A use.
pub struct Use {
    used: Used,
    at: Timestamp,
}

/// Where requests leave word of what they came with.
#[derive(Clone)]
pub struct Uses {
    queue: mpsc::Sender<Use>,
}

impl Uses {
    pub fn new() -> (Self, mpsc::Receiver<Use>) {
        let (queue, uses) = mpsc::channel(QUEUE);
        (Self { queue }, uses)
    }

    /// Leaves word, unless it was written down within the last minute. Never waits.
    pub(super) fn note(&self, used: Used, written: Option<Timestamp>, at: Timestamp) {
        if written.is_none_or(|written| at.millis_since(written) >= NOTE_EVERY_MS) {
            // Without room, the next request leaves word again.
            self.queue.try_send(Use { used, at }).ok();
        }
    }
}

/// Writes the uses down until told to stop.
pub async fn follow_uses(database: Database, mut uses: mpsc::Receiver<Use>, stop: CancellationToken) {
    let mut written: HashMap<Used, Timestamp> = HashMap::new();
    loop {
        let Use { used, at } = tokio::select! {
            () = stop.cancelled() => return,
            use_of = uses.recv() => match use_of {
                Some(use_of) => use_of,
                None => return,
            },
        };
        // Requests that came before the last write could be read leave word too.
        if written.get(&used).is_some_and(|written| at.millis_since(*written) < NOTE_EVERY_MS) {
            continue;
        }
        if written.len() >= REMEMBERED {
            written.clear();
        }
        match write(&database, &used, at).await {
            Ok(()) => {
                written.insert(used, at);
            }
            Err(cause) => {
                tracing::warn!(error = &cause as &dyn std::error::Error, "could not note that a token or a session was used");
            }
        }
    }
}

async fn write(database: &Database, used: &Used, at: Timestamp) -> Result<(), StoreError> {
    let mut tx = database.begin().await?;
    match used {
        Used::Token(id) => tokens::note_use(&mut tx, *id, at).await?,
        Used::Session(hash) => sessions::note_use(&mut tx, hash.clone(), at).await?,
    }
    tx.commit().await
}
