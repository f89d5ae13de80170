//! CSV as RFC 4180 has it: commas, quotes where they are needed, a line of names first.

use std::sync::Arc;

use app::model::{LogEntry, Zone};
use csv::{Terminator, Writer, WriterBuilder};

use super::table::{columns, inert, named, times};
use super::{About, ExportFailure, RowFormat};

pub(super) struct Csv {
    zone: Arc<Zone>,
    /// Stands among the names, since CSV has no other place for what is said of the whole file.
    trail_head: String,
}

impl Csv {
    pub(super) fn new(about: &About) -> Self {
        Self { zone: about.zone.clone(), trail_head: format!("trail head {}", about.trail_head()) }
    }
}

fn writer(capacity: usize) -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::with_capacity(capacity))
}

fn written(writer: Writer<Vec<u8>>) -> Result<Vec<u8>, ExportFailure> {
    writer.into_inner().map_err(|cause| ExportFailure::File(cause.into_error()))
}

impl RowFormat for Csv {
    fn head(&mut self) -> Result<Vec<u8>, ExportFailure> {
        let mut names = writer(512);
        for name in columns(&self.zone) {
            names.write_field(name.as_bytes())?;
        }
        names.write_field(&self.trail_head)?;
        names.write_record(None::<&[u8]>)?;
        written(names)
    }

    fn rows(&mut self, rows: &[LogEntry]) -> Result<Vec<u8>, ExportFailure> {
        let mut table = writer(rows.len() * 160);
        for row in rows {
            let (utc, local) = times(row, &self.zone);
            let (server_id, server) = named(row.server.as_ref());
            let (schedule_id, schedule) = named(row.schedule.as_ref());
            let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
            let run_id = row.run_id.as_ref().map(ToString::to_string).unwrap_or_default();
            table.write_record([
                row.id.to_string().as_str(),
                &utc,
                &local,
                row.status.into(),
                row.source_type.into(),
                &number(server_id),
                &inert(server),
                &number(schedule_id),
                &inert(schedule),
                &run_id,
                &inert(row.point.as_deref().unwrap_or_default()),
                &number(row.duration_s),
                &inert(&row.message),
                "",
            ])?;
        }
        written(table)
    }
}
