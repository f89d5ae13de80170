//! A row of the trail as the rest of the panel writes it down.

use app::model::{LogStatus, Run, RunId, SourceType, Timestamp};

use super::clean::{clean_text, last_part};
use super::{compress, redact, told_line};
use crate::store::log::NewLogEntry;

/// What happened, before it is cleaned and numbered.
#[derive(Debug, Clone)]
pub struct LogRow {
    entry: NewLogEntry,
}

impl LogRow {
    /// A row about the panel itself.
    pub fn system(status: LogStatus, message: impl AsRef<str>) -> Self {
        Self::new(status, SourceType::System, message)
    }

    /// A row about a run, its schedule and its server.
    pub fn of_run(run: &Run, status: LogStatus, message: impl AsRef<str>) -> Self {
        let row = Self::new(status, run.source_type, message).server(run.server.id).schedule(run.schedule.id);
        row.run(run.id.clone()).point(run.point.clone())
    }

    pub fn new(status: LogStatus, source_type: SourceType, message: impl AsRef<str>) -> Self {
        Self {
            entry: NewLogEntry {
                at: Timestamp::from_millis(0),
                status,
                source_type,
                server_id: None,
                schedule_id: None,
                run_id: None,
                point: None,
                duration_s: None,
                message: told_line(message.as_ref()),
                detail: None,
                exit_code: None,
            },
        }
    }

    #[must_use]
    pub fn server(mut self, id: i64) -> Self {
        self.entry.server_id = Some(id);
        self
    }

    #[must_use]
    pub fn schedule(mut self, id: i64) -> Self {
        self.entry.schedule_id = Some(id);
        self
    }

    #[must_use]
    pub fn run(mut self, id: RunId) -> Self {
        self.entry.run_id = Some(id);
        self
    }

    #[must_use]
    pub fn point(mut self, point: Option<String>) -> Self {
        self.entry.point = point;
        self
    }

    #[must_use]
    pub fn duration_s(mut self, seconds: Option<i64>) -> Self {
        self.entry.duration_s = seconds;
        self
    }

    #[must_use]
    pub fn exit_code(mut self, code: Option<i64>) -> Self {
        self.entry.exit_code = code;
        self
    }

    /// The remote log's context; the last 256 KiB are kept.
    #[must_use]
    pub fn detail(mut self, text: &[u8]) -> Self {
        let clean = clean_text(text);
        let hidden = redact(&clean);
        let kept = last_part(&hidden).trim_end();
        self.entry.detail = (!kept.is_empty()).then(|| compress(kept));
        self
    }

    pub(super) fn at(mut self, at: Timestamp) -> NewLogEntry {
        self.entry.at = at;
        self.entry
    }
}
