//! Writers of one SQLite file take turns, across processes.
//!
//! SQLite alone lets whoever finds the file locked ask again every tenth of a second. A panel with much to write begins
//! anew the moment it has committed, so a `tailback user …` beside it could ask until its time was up and never be let
//! in. Two locked files give an order: whoever is next holds `.queue` until it has `.lock`, and who has just written
//! must pass the queue again.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{sleep, timeout};

use super::StoreError;

/// How often who is next looks whether the file is free. It is a small part of what a commit takes.
const LOOK: Duration = Duration::from_millis(1);

/// The order of those who write to one file.
#[derive(Clone)]
pub(super) struct Turns {
    /// In this process whoever asks first is first.
    files: Arc<Mutex<Files>>,
    patience: Duration,
}

struct Files {
    queue: File,
    lock: File,
}

/// Leave to write, until dropped.
pub struct Turn {
    files: OwnedMutexGuard<Files>,
}

impl Turns {
    /// Opens the two files beside the database. Who waits longer than `patience` gives up.
    pub(super) fn beside(database: &Path, patience: Duration) -> Result<Self, StoreError> {
        let open = |ending| {
            let mut options = File::options();
            options.write(true).create(true).truncate(false).mode(0o600);
            options.open(database.with_extension(ending)).map_err(StoreError::Turn)
        };
        let files = Files { queue: open("queue")?, lock: open("lock")? };
        Ok(Self { files: Arc::new(Mutex::new(files)), patience })
    }

    /// Waits until it is the caller's turn.
    pub(super) async fn take(&self) -> Result<Turn, StoreError> {
        let late = |_| StoreError::Turn(io::Error::from(io::ErrorKind::TimedOut));
        timeout(self.patience, self.wait()).await.map_err(late)?.map_err(StoreError::Turn)
    }

    async fn wait(&self) -> io::Result<Turn> {
        let turn = Turn { files: self.files.clone().lock_owned().await };
        // A turn given up on the way leaves both files free: see its `drop`.
        lock(&turn.files.queue).await?;
        lock(&turn.files.lock).await?;
        turn.files.queue.unlock()?;
        Ok(turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        for file in [&self.files.lock, &self.files.queue] {
            // What is not unlocked here is when the process ends; there is nobody to tell.
            file.unlock().ok();
        }
    }
}

async fn lock(file: &File) -> io::Result<()> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => sleep(LOOK).await,
            Err(TryLockError::Error(cause)) => return Err(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Instant;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn who_writes_all_the_time_lets_another_process_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("panel.db");
        // Files opened anew are locked as another process locks them.
        let (busy, other) = (Turns::beside(&path, PATIENCE).unwrap(), Turns::beside(&path, PATIENCE).unwrap());
        let enough = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let (busy, enough) = (busy.clone(), enough.clone());
                tokio::spawn(async move {
                    while !enough.load(Ordering::SeqCst) {
                        let _turn = busy.take().await.unwrap();
                        sleep(Duration::from_millis(5)).await;
                    }
                })
            })
            .collect();
        let began = Instant::now();
        for _ in 0..20 {
            other.take().await.unwrap();
        }
        let waited = began.elapsed();
        enough.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.await.unwrap();
        }
        assert!(waited < PATIENCE / 2, "20 turns beside a busy process took {waited:?}");
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_and_leaves_the_queue() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("panel.db");
        let (first, second) = (Turns::beside(&path, PATIENCE).unwrap(), Turns::beside(&path, Duration::from_millis(20)).unwrap());
        let held = first.take().await.unwrap();
        assert!(matches!(second.take().await, Err(StoreError::Turn(cause)) if cause.kind() == io::ErrorKind::TimedOut));
        drop(held);
        drop(first.take().await.unwrap());
        drop(second.take().await.unwrap());
    }
}
