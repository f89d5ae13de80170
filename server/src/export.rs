//! Files of exactly the rows that a filter gives, oldest first, written while they are read: CSV, NDJSON, XLSX. All rows of a file are
//! of one moment, and the file names the end of the trail at that moment, so that it can be proved later what it left out.

mod csv;
mod ndjson;
mod table;
mod xlsx;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::model::{LogEntry, LogFilter, LogStatus, Permission, Viewer, Zone};
use axum::body::{Body, Bytes};
use strum::{Display, EnumString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout};

use crate::audit::{LogRow, Trail};
use crate::auth::StreamGuard;
use crate::chain::{Hash, hex};
use crate::store::log_pages::Page;
use crate::store::{Database, Selection, StoreError, TrailView, chain, log_counts, log_pages};

/// Each reads the database for as long as its reader takes.
const AT_ONCE: usize = 3;

/// Whoever reads nothing for this long is let go.
const SLOWEST: Duration = Duration::from_secs(30);

/// How often it is asked whether the reader still may.
const DOUBT: Duration = Duration::from_secs(3);

/// Rows that are read at a time.
const PAGE: u32 = 2000;

/// Parts of a file that may wait for a slow reader.
const WAITING: usize = 2;

/// What a file is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    Csv,
    Ndjson,
    Xlsx,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("not allowed")]
    Forbidden,
    #[error("{AT_ONCE} exports are being written; try again when one is done")]
    Busy,
    #[error("you have an export under way; try again when it is done")]
    OneAtATime,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a file says of itself.
#[derive(Debug, Clone)]
pub struct About {
    pub rows: i64,
    /// The last row of the trail at that moment, and its hash.
    pub head: i64,
    pub head_hash: Hash,
    /// As a query string; empty for everything.
    pub filter: String,
    pub zone: Arc<Zone>,
    pub by: String,
}

impl About {
    /// The end of the trail in one word.
    pub fn trail_head(&self) -> String {
        format!("{} sha256:{}", self.head, hex(&self.head_hash))
    }
}

/// A file on its way.
pub struct Export {
    pub about: About,
    pub file_name: String,
    pub content_type: &'static str,
    pub body: Body,
}

/// Writes files.
#[derive(Clone)]
pub struct Exports {
    database: Database,
    trail: Trail,
    zone: Arc<Zone>,
    places: Arc<Semaphore>,
    /// Who has one under way.
    busy: Arc<Mutex<HashSet<i64>>>,
}

/// A place among those that are written, and the one that each user has.
struct Place {
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    user_id: i64,
    busy: Arc<Mutex<HashSet<i64>>>,
}

impl Place {
    /// Leaves it to the next, once: before the end of a file is told, since whoever has that may ask for the next file at once.
    fn leave(&self) {
        if self.permit.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user_id);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// What is handed on of a file. One that ends without `End` is not whole, and whoever reads it must not take it for that.
enum Part {
    Piece(Bytes),
    End,
    Broken(ExportFailure),
}

/// What ends a file before its end, so that whoever reads it is told by the broken connection.
#[derive(Debug, thiserror::Error)]
enum ExportFailure {
    #[error("whoever exports may not see these rows any more")]
    NotAllowed,
    #[error("whatever read rows for an export stopped before their end")]
    Unfinished,
    #[error("nothing of an export was taken for {} s", SLOWEST.as_secs())]
    NotTaken,
    #[error("read rows for an export")]
    Store(#[from] StoreError),
    #[error("write a row of an export")]
    Csv(#[from] ::csv::Error),
    #[error("write a row of an export")]
    Json(#[from] serde_json::Error),
    #[error("write a workbook")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    #[error("keep or read a file of an export")]
    File(#[from] std::io::Error),
}

impl Exports {
    pub fn new(database: Database, trail: Trail, zone: Arc<Zone>) -> Self {
        Self { database, trail, zone, places: Arc::new(Semaphore::new(AT_ONCE)), busy: Arc::default() }
    }

    /// Begins a file. That it was made is told in the trail first.
    pub async fn begin(&self, guard: StreamGuard, viewer: &Viewer, filter: LogFilter, format: Format) -> Result<Export, ExportError> {
        if !viewer.may(Permission::ViewBackupLogsPage) {
            return Err(ExportError::Forbidden);
        }
        let place = Arc::new(self.place(viewer.user_id)?);
        let turn = if filter.q.is_empty() { None } else { self.database.turn_to_look_long().await };
        let mut view = TrailView::open(&self.database).await?;
        let selection = Selection { scope: &viewer.scope, filter: &filter, zone: &self.zone };
        let rows = log_counts::count(&mut view, selection).await?;
        drop(turn);
        let head = chain::head(view.tx()).await?;
        let about = About {
            rows,
            head: head.last_id,
            head_hash: head.last_hash,
            filter: filter.to_query(),
            zone: self.zone.clone(),
            by: viewer.username.clone(),
        };
        self.tell(viewer, &about, format).await?;
        // As `verify --kept` takes it: of some formats nothing else keeps it.
        let stem = format!("tailback-logs-to-{}-{}", about.head, hex(&about.head_hash));
        let reader =
            Reader { view, viewer: viewer.clone(), filter, zone: self.zone.clone(), after: 0, guard, asked: Instant::now(), place };
        let (content_type, body) = match format {
            Format::Csv => ("text/csv; charset=utf-8; header=present", streamed(csv::Csv::new(&about), reader)),
            Format::Ndjson => ("application/x-ndjson", streamed(ndjson::Ndjson, reader)),
            Format::Xlsx => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx::whole(about.clone(), reader)),
        };
        Ok(Export { file_name: format!("{stem}.{format}"), content_type, body, about })
    }

    fn place(&self, user_id: i64) -> Result<Place, ExportError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| ExportError::Busy)?;
        if !self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(user_id) {
            return Err(ExportError::OneAtATime);
        }
        Ok(Place { permit: Mutex::new(Some(place)), user_id, busy: self.busy.clone() })
    }

    async fn tell(&self, viewer: &Viewer, about: &About, format: Format) -> Result<(), StoreError> {
        let filter = if about.filter.is_empty() { "everything" } else { &about.filter };
        let kind = format.to_string().to_uppercase();
        let message = viewer.told(&format!("exported {} rows of the trail as {kind}, up to row {}: {filter}", about.rows, about.head));
        let mut change = self.trail.begin().await?;
        change.log(LogRow::system(LogStatus::Info, message));
        change.commit().await
    }
}

/// Reads the rows of a file, page by page, as of one moment.
struct Reader {
    view: TrailView,
    viewer: Viewer,
    filter: LogFilter,
    zone: Arc<Zone>,
    after: i64,
    guard: StreamGuard,
    asked: Instant,
    place: Arc<Place>,
}

impl Reader {
    /// The next rows; none at the end.
    async fn next(&mut self) -> Result<Vec<LogEntry>, ExportFailure> {
        if self.asked.elapsed() > DOUBT {
            self.asked = Instant::now();
            let now = self.guard.viewer().await?;
            if now.is_none_or(|now| now.scope != self.viewer.scope || !now.may(Permission::ViewBackupLogsPage) || now.owes_factor) {
                return Err(ExportFailure::NotAllowed);
            }
        }
        let selection = Selection { scope: &self.viewer.scope, filter: &self.filter, zone: &self.zone };
        let page = Page { after: Some(self.after), before: None, limit: PAGE };
        let rows = log_pages::oldest(&mut self.view, selection, page).await?;
        self.after = rows.last().map_or(i64::MAX - 1, |row| row.id);
        Ok(rows)
    }
}

/// A format that is written row by row.
trait RowFormat: Send + 'static {
    /// What comes before the first row.
    fn head(&mut self) -> Result<Vec<u8>, ExportFailure>;

    fn rows(&mut self, rows: &[LogEntry]) -> Result<Vec<u8>, ExportFailure>;
}

/// A body that is written while the next rows are read: a reader who is slow or gone costs a few pages.
fn streamed(mut format: impl RowFormat, mut reader: Reader) -> Body {
    let (parts, waiting) = mpsc::channel::<Part>(WAITING);
    let (pages, mut read) = mpsc::channel(1);
    let place = reader.place.clone();
    tokio::spawn(async move {
        loop {
            let page = reader.next().await;
            let is_last = page.as_ref().map_or(true, Vec::is_empty);
            if pages.send(page).await.is_err() || is_last {
                return;
            }
        }
    });
    tokio::spawn(async move {
        let mut next = format.head().map(Some);
        loop {
            let part = match next {
                Ok(Some(piece)) => Part::Piece(piece.into()),
                Ok(None) => {
                    place.leave();
                    Part::End
                }
                Err(cause) => Part::Broken(cause),
            };
            let goes_on = matches!(part, Part::Piece(_));
            match timeout(SLOWEST, parts.send(part)).await {
                Ok(Ok(())) if goes_on => {}
                // Dropping the channel breaks the connection off, should anybody still read.
                Err(_) => return tell_failure(&ExportFailure::NotTaken),
                Ok(_) => return,
            }
            next = match read.recv().await {
                Some(Ok(rows)) if rows.is_empty() => Ok(None),
                Some(Ok(rows)) => format.rows(&rows).map(Some),
                Some(Err(cause)) => Err(cause),
                None => Err(ExportFailure::Unfinished),
            };
        }
    });
    body_of(waiting)
}

fn body_of(waiting: mpsc::Receiver<Part>) -> Body {
    let pieces = futures::stream::unfold(Some(waiting), async |waiting| {
        let mut waiting = waiting?;
        match waiting.recv().await {
            Some(Part::Piece(piece)) => Some((Ok(piece), Some(waiting))),
            Some(Part::End) => None,
            Some(Part::Broken(cause)) => {
                tell_failure(&cause);
                Some((Err(cause), None))
            }
            None => Some((Err(ExportFailure::Unfinished), None)),
        }
    });
    Body::from_stream(pieces)
}

fn tell_failure(cause: &ExportFailure) {
    tracing::error!(error = cause as &dyn std::error::Error, "an export was broken off");
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::*;

    async fn read(parts: Vec<Part>) -> Result<Vec<u8>, String> {
        let (sender, waiting) = mpsc::channel(8);
        for part in parts {
            sender.send(part).await.unwrap();
        }
        drop(sender);
        let mut whole = Vec::new();
        let mut pieces = body_of(waiting).into_data_stream();
        while let Some(piece) = pieces.next().await {
            whole.extend_from_slice(&piece.map_err(|cause| cause.to_string())?);
        }
        Ok(whole)
    }

    #[tokio::test]
    async fn a_file_that_was_not_ended_breaks_off() {
        let piece = || Part::Piece(Bytes::from_static(b"row"));
        assert_eq!(read(vec![piece(), piece(), Part::End]).await.unwrap(), b"rowrow");
        assert!(read(vec![piece()]).await.is_err(), "whoever wrote it has gone");
        assert!(read(vec![piece(), Part::Broken(ExportFailure::NotAllowed)]).await.is_err());
    }
}
