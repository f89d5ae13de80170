//! A file system that is soon full.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

/// A mounted tmpfs of a few megabytes; only root may mount one.
pub(super) struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    pub(super) async fn mount(path: &Path, megabytes: u32) -> Result<Self> {
        std::fs::create_dir_all(path).with_context(|| format!("make {}", path.display()))?;
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tailback-demo"])
            .arg(path)
            .output()
            .await
            .context("run mount")?;
        ensure!(output.status.success(), "mount: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a job that is just being killed may still hold it.
        let unmounted = std::process::Command::new("umount").arg("-l").arg(&self.path).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            tracing::warn!(path = %self.path.display(), "could not unmount the small file system");
        }
    }
}
