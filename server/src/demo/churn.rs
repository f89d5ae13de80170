//! Keeps the demonstration's servers busy: files change between runs, and old points go, so that it can run for days.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// At least once between any two minutes of cron.
const EVERY: Duration = Duration::from_secs(40);

const POINTS_KEPT: usize = 8;

/// Rewrites `uploads` and thins out `destinations` for ever.
pub(super) async fn churn(uploads: PathBuf, destinations: Vec<PathBuf>) {
    for round in 1_u32.. {
        let (uploads, destinations) = (uploads.clone(), destinations.clone());
        let done =
            tokio::task::spawn_blocking(move || write_upload(&uploads, round % 3, 5 << 20).and_then(|()| thin_out_all(&destinations)))
                .await;
        if let Ok(Err(cause)) = done {
            tracing::warn!(error = &cause as &dyn std::error::Error, "could not change the demonstration's files");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// A file that no earlier point has.
pub(super) fn write_upload(dir: &Path, number: u32, bytes: usize) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let noise: Vec<u8> = (0..bytes / 32).flat_map(|_| crate::random::bytes::<32>()).collect();
    std::fs::write(dir.join(format!("upload-{number}.bin")), noise)
}

fn thin_out_all(destinations: &[PathBuf]) -> io::Result<()> {
    destinations.iter().filter(|path| path.is_dir()).try_for_each(|path| thin_out(path))
}

fn thin_out(destination: &Path) -> io::Result<()> {
    let mut points: Vec<_> = std::fs::read_dir(destination)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    points.retain(|path| path.extension().is_none_or(|ending| ending != "progress"));
    points.sort();
    let extra = points.len().saturating_sub(POINTS_KEPT);
    points.iter().take(extra).try_for_each(std::fs::remove_dir_all)
}
