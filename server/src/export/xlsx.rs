//! A workbook: the rows, and a sheet that says what they are. Its parts are only complete at the end, so it is written to a file that
//! has no name, and sent from there.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom};

use app::model::LogEntry;
use axum::body::Body;
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::table::{columns, named, times};
use super::{About, ExportFailure, Part, Place, Reader, SLOWEST, WAITING, body_of, tell_failure};

/// Rows of a sheet below its names, as many as the format has.
const SHEET_ROWS: u32 = 1_048_575;

const CHUNK: usize = 64 * 1024;

pub(super) fn whole(about: About, mut reader: Reader) -> Body {
    let (parts, waiting) = mpsc::channel::<Part>(WAITING);
    let (pages, to_write) = mpsc::channel::<Result<Vec<LogEntry>, ExportFailure>>(WAITING);
    let place = reader.place.clone();
    tokio::spawn(async move {
        loop {
            let page = reader.next().await;
            let over = !matches!(&page, Ok(rows) if !rows.is_empty());
            // Nobody writes any more once nobody reads.
            if pages.send(page).await.is_err() || over {
                return;
            }
        }
    });
    tokio::task::spawn_blocking(move || {
        let sent = write(&about, to_write, &parts).and_then(|file| file.map_or(Ok(()), |file| send(file, &place, &parts)));
        if let Err(cause) = sent {
            // Whoever read it has gone, or has stopped, if this does not arrive.
            if let Err(TrySendError::Full(Part::Broken(cause))) = parts.try_send(Part::Broken(cause)) {
                tell_failure(&cause);
            }
        }
    });
    body_of(waiting)
}

/// Writes the workbook; `None`: nobody waits for it any more.
fn write(
    about: &About,
    mut pages: mpsc::Receiver<Result<Vec<LogEntry>, ExportFailure>>,
    parts: &mpsc::Sender<Part>,
) -> Result<Option<File>, ExportFailure> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    say_what_it_is(book.add_worksheet_with_constant_memory()?, about, &bold)?;
    let mut sheets = 0;
    let mut row_number = SHEET_ROWS + 1;
    loop {
        let rows = pages.blocking_recv().ok_or(ExportFailure::Unfinished)??;
        if parts.is_closed() {
            return Ok(None);
        }
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            if row_number > SHEET_ROWS {
                sheets += 1;
                begin_sheet(book.add_worksheet_with_constant_memory()?, sheets, about, &bold)?;
                row_number = 1;
            }
            write_row(book.worksheet_from_index(sheets)?, row_number, row, about)?;
            row_number += 1;
        }
    }
    if sheets == 0 {
        begin_sheet(book.add_worksheet_with_constant_memory()?, 1, about, &bold)?;
    }
    let file = tempfile::tempfile()?;
    book.save_to_writer(BufWriter::new(file.try_clone()?))?;
    Ok(Some(file))
}

fn begin_sheet(sheet: &mut Worksheet, number: usize, about: &About, bold: &Format) -> Result<(), ExportFailure> {
    sheet.set_name(if number == 1 { "Logs".to_owned() } else { format!("Logs {number}") })?;
    if number == 1 {
        // The workbook opens on the rows, not on what is said of them.
        sheet.set_active(true);
    }
    sheet.set_freeze_panes(1, 0)?;
    for (column, width) in (0_u16..).zip([9, 24, 19, 11, 8, 9, 18, 11, 22, 27, 34, 11, 80]) {
        sheet.set_column_width(column, width)?;
    }
    for (column, name) in (0_u16..).zip(columns(&about.zone)) {
        sheet.write_string_with_format(0, column, name, bold)?;
    }
    Ok(())
}

/// Texts are written as texts, so that none is taken for a formula.
fn write_row(sheet: &mut Worksheet, at: u32, row: &LogEntry, about: &About) -> Result<(), ExportFailure> {
    let (utc, local) = times(row, &about.zone);
    let (server_id, server) = named(row.server.as_ref());
    let (schedule_id, schedule) = named(row.schedule.as_ref());
    let run_id = row.run_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let status: &str = row.status.into();
    let source_type: &str = row.source_type.into();
    let texts = [
        (1, utc.as_str()),
        (2, &local),
        (3, status),
        (4, source_type),
        (6, server),
        (8, schedule),
        (9, &run_id),
        (10, row.point.as_deref().unwrap_or_default()),
        (12, &row.message),
    ];
    let numbers = [(0, Some(row.id)), (5, server_id), (7, schedule_id), (11, row.duration_s)];
    // A workbook has room for the exact number up to 2^53; ids beyond that are centuries away.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let numbers = numbers.map(|(column, number)| (column, number.map(|number| number as f64)));
    for column in 0..13 {
        if let Some((_, text)) = texts.iter().find(|(at, text)| *at == column && !text.is_empty()) {
            sheet.write_string(at, column, *text)?;
        } else if let Some(number) = numbers.iter().find(|(at, _)| *at == column).and_then(|(_, number)| *number) {
            sheet.write_number(at, column, number)?;
        }
    }
    Ok(())
}

fn say_what_it_is(sheet: &mut Worksheet, about: &About, bold: &Format) -> Result<(), ExportFailure> {
    sheet.set_name("About")?;
    sheet.set_column_width(0, 18)?;
    sheet.set_column_width(1, 80)?;
    let filter = if about.filter.is_empty() { "everything" } else { &about.filter };
    let facts = [
        ("Rows", about.rows.to_string()),
        ("Filter", filter.to_owned()),
        ("Times", format!("UTC and {}", about.zone.name)),
        ("Exported by", about.by.clone()),
        ("Trail head", about.trail_head()),
    ];
    for (row, (name, fact)) in (0_u32..).zip(facts) {
        sheet.write_string_with_format(row, 0, name, bold)?;
        sheet.write_string(row, 1, fact)?;
    }
    Ok(())
}

fn send(mut file: File, place: &Place, parts: &mpsc::Sender<Part>) -> Result<(), ExportFailure> {
    file.seek(SeekFrom::Start(0))?;
    loop {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk)?;
        if read == 0 {
            place.leave();
            return send_in_time(parts, Part::End);
        }
        if parts.is_closed() {
            return Ok(());
        }
        chunk.truncate(read);
        send_in_time(parts, Part::Piece(chunk.into()))?;
    }
}

fn send_in_time(parts: &mpsc::Sender<Part>, part: Part) -> Result<(), ExportFailure> {
    let sending = tokio::time::timeout(SLOWEST, parts.send(part));
    // That nobody reads any more is no failure.
    tokio::runtime::Handle::current().block_on(sending).map_or(Err(ExportFailure::NotTaken), |_| Ok(()))
}
