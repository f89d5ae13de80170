//! Reports on disk until the panel has them: a file per run, a line per report. Whoever sends from a file holds its lock, so no
//! report is sent by two at once; the lock ends with its holder, however that ends. No token is ever written here.

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use app::model::{RunId, Timestamp};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::panel::Whom;

/// What nobody has taken for this long is given up.
const KEPT_MS: i64 = 30 * 86_400_000;

/// A panel's address and a number are shorter by far.
const MAX_HEADING_BYTES: u64 = 16 * 1024;

const ENDING: &str = "reports";

/// A directory of files.
#[derive(Debug, Clone)]
pub struct Spool {
    dir: PathBuf,
}

/// The first line of a file: whom it is for.
#[derive(Serialize, Deserialize)]
struct Heading {
    url: String,
    schedule: i64,
}

impl Spool {
    /// The directory that was named, or the user's own, made for nobody else to read.
    pub fn open(named: Option<&Path>) -> Result<Self> {
        let dir = match named {
            Some(dir) => dir.to_owned(),
            None => own_dir().ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no home directory: name one with --spool"))?,
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        Ok(Self { dir })
    }

    /// A file for a new run, locked.
    pub(super) fn begin(&self, whom: &Whom, run: &RunId) -> Result<SpoolFile> {
        let path = self.dir.join(format!("{run}.{ENDING}"));
        // It gets its name when it is locked and says whom it is for: nobody takes it for one that was left behind.
        let unnamed = self.dir.join(format!(".{run}"));
        let mut file = OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(&unnamed)?;
        file.try_lock()?;
        let heading = Heading { url: whom.url.clone(), schedule: whom.schedule };
        file.write_all(&[serde_json::to_vec(&heading)?, b"\n".to_vec()].concat())?;
        let heading_bytes = file.metadata()?.len();
        std::fs::rename(&unnamed, &path)?;
        Ok(SpoolFile { path, file, heading_bytes })
    }

    /// What earlier runs have left for a panel (and schedule, if one is named).
    pub(super) fn left(&self, url: &str, schedule: Option<i64>, now: Timestamp) -> Result<Left> {
        let mut names: Vec<_> = std::fs::read_dir(&self.dir)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        names.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
        names.sort();
        Ok(Left { names: names.into(), url: url.to_owned(), schedule, now, given_up: 0 })
    }
}

/// What earlier runs have left, oldest first; a file is opened and locked when its turn comes.
pub(super) struct Left {
    names: VecDeque<PathBuf>,
    url: String,
    schedule: Option<i64>,
    now: Timestamp,
    /// How many were too old and were removed.
    pub(super) given_up: u32,
}

impl Iterator for Left {
    type Item = SpoolFile;

    fn next(&mut self) -> Option<SpoolFile> {
        while let Some(path) = self.names.pop_front() {
            let Some(made_at) = made_at(&path) else { continue };
            // What cannot be opened or is being sent by somebody else is theirs.
            let Ok(Some((file, heading))) = SpoolFile::take(path) else { continue };
            if self.now.millis_since(made_at) > KEPT_MS {
                self.given_up += u32::from(file.remove().is_ok());
            } else if heading.url == self.url && self.schedule.is_none_or(|schedule| schedule == heading.schedule) {
                return Some(file);
            }
        }
        None
    }
}

/// The reports of one run; nobody else sends them while this lives.
#[derive(Debug)]
pub(super) struct SpoolFile {
    path: PathBuf,
    file: File,
    heading_bytes: u64,
}

impl SpoolFile {
    /// Opens and locks a file that was left behind; `None` where somebody has it, or it is gone or damaged.
    fn take(path: PathBuf) -> Result<Option<(Self, Heading)>> {
        let file = OpenOptions::new().read(true).append(true).open(&path)?;
        if file.try_lock().is_err() || file.metadata()?.nlink() == 0 {
            return Ok(None);
        }
        let mut line = Vec::new();
        BufReader::new(&file).take(MAX_HEADING_BYTES).read_until(b'\n', &mut line)?;
        let heading = serde_json::from_slice(&line).ok().filter(|_| line.ends_with(b"\n"));
        Ok(heading.map(|heading| (Self { path, file, heading_bytes: line.len() as u64 }, heading)))
    }

    /// Adds a report. `surely` waits until the disk has it.
    pub(super) fn append(&mut self, report: &str, surely: bool) -> Result<()> {
        self.file.write_all(&[report.as_bytes(), b"\n"].concat())?;
        if surely { self.file.sync_data() } else { Ok(()) }
    }

    /// Every report in it. A line that breaks off was never finished and tells of nothing.
    pub(super) fn reports(&self) -> Result<Vec<String>> {
        let bytes = std::fs::read(&self.path)?;
        let body = bytes.get(usize::try_from(self.heading_bytes).unwrap_or(usize::MAX)..).unwrap_or_default();
        let whole = body.iter().rposition(|byte| *byte == b'\n').map_or(&body[..0], |end| &body[..end]);
        Ok(String::from_utf8_lossy(whole).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// Forgets the reports that it has: the panel took them.
    pub(super) fn clear(&mut self) -> Result<()> {
        self.file.set_len(self.heading_bytes)
    }

    pub(super) fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// `$XDG_STATE_HOME/tailback/spool`, or what stands in for it.
fn own_dir() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(state.join("tailback/spool"))
}

/// When a file was made: its run's id says so.
fn made_at(path: &Path) -> Option<Timestamp> {
    let id = Ulid::from_string(path.file_stem()?.to_str()?).ok()?;
    i64::try_from(id.timestamp_ms()).ok().map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "01KAMZ3V7S9B3J1Q6Y1C2D3E4F";

    fn whom() -> Whom {
        Whom { url: "http://panel".to_owned(), schedule: 7 }
    }

    #[test]
    fn a_file_is_left_once_and_to_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(Some(&dir.path().join("a/b"))).unwrap();
        assert_eq!(std::fs::metadata(dir.path().join("a/b")).unwrap().mode() & 0o777, 0o700);
        let mut file = spool.begin(&whom(), &RUN.parse().unwrap()).unwrap();
        file.append("one", false).unwrap();
        file.clear().unwrap();
        file.append("two", true).unwrap();
        let now = made_at(&file.path).unwrap();
        let left = |url: &str, schedule, now| spool.left(url, schedule, now).unwrap().collect::<Vec<_>>();
        assert!(left("http://panel", None, now).is_empty(), "it is being written");
        file.file.write_all(b"brok").unwrap();
        drop(file);
        assert!(left("http://other", None, now).is_empty());
        assert!(left("http://panel", Some(8), now).is_empty());
        let taken = left("http://panel", Some(7), now);
        assert_eq!(taken[0].reports().unwrap(), ["two"]);
        assert_eq!(std::fs::metadata(&taken[0].path).unwrap().mode() & 0o777, 0o600);
        assert!(left("http://panel", None, now).is_empty(), "somebody has it");
        drop(taken);
        let mut late = spool.left("http://panel", None, now.plus_millis(KEPT_MS + 1)).unwrap();
        assert!(late.next().is_none());
        assert_eq!(late.given_up, 1);
        assert!(left("http://panel", None, now).is_empty());
    }
}
