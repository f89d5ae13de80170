//! A file system that is soon full, seen only by one server and what runs on it. It needs no cleaning up: the kernel takes it
//! away with the last process that sees it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use nix::unistd::{Gid, Uid, getegid, geteuid};

use super::programs::find;

/// Mounts a tmpfs of `$2` at `$1`, then becomes the rest of its arguments; whoever is not root becomes himself again first.
const MOUNT: &str = r#"mount -t tmpfs -o "size=$2,mode=0777" tailback-demo "$1" && shift 2 && exec "$@""#;

/// A tmpfs of a few megabytes at a directory that exists.
pub struct SmallDisk {
    path: PathBuf,
    megabytes: u32,
}

impl SmallDisk {
    /// Tries whether this machine allows one: as root it nearly always does, for anyone else where user namespaces are open.
    pub fn at(path: &Path, megabytes: u32) -> Result<Self> {
        std::fs::create_dir_all(path).with_context(|| format!("make {}", path.display()))?;
        let disk = Self { path: path.to_owned(), megabytes };
        let tried = disk.command(Path::new("/bin/true"))?.output().context("run unshare")?;
        ensure!(tried.status.success(), "mount a small file system: {}", String::from_utf8_lossy(&tried.stderr).trim());
        Ok(disk)
    }

    /// A command that sees the disk, as do all that it starts.
    pub(super) fn command(&self, program: &Path) -> Result<Command> {
        let unshare = find("unshare", "util-linux")?;
        let (uid, gid) = (geteuid(), getegid());
        let mut command = Command::new(&unshare);
        if !uid.is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "/bin/sh", "-c", MOUNT, "sh"]).arg(&self.path).arg(format!("{}m", self.megabytes));
        if !uid.is_root() {
            command.arg(&unshare).args(himself(uid, gid));
        }
        command.arg(program);
        Ok(command)
    }
}

fn himself(uid: Uid, gid: Gid) -> [String; 4] {
    ["--user".to_owned(), format!("--map-user={uid}"), format!("--map-group={gid}"), "--".to_owned()]
}
