//! A JSON object a line, each as the API gives it.

use app::model::LogEntry;

use super::{ExportFailure, RowFormat};

pub(super) struct Ndjson;

impl RowFormat for Ndjson {
    fn head(&mut self) -> Result<Vec<u8>, ExportFailure> {
        Ok(Vec::new())
    }

    fn rows(&mut self, rows: &[LogEntry]) -> Result<Vec<u8>, ExportFailure> {
        let mut lines = Vec::with_capacity(rows.len() * 320);
        for row in rows {
            serde_json::to_writer(&mut lines, row)?;
            lines.push(b'\n');
        }
        Ok(lines)
    }
}
