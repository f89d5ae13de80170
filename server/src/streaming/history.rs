//! What has left memory: the next rows of an audience as frames, from the database.

use std::sync::Arc;

use app::model::Frame;
use axum::body::Bytes;

use super::audience::Audience;
use super::hub::{Mark, json};
use super::seat::{FRAME_ROWS, News};
use super::wire;
use crate::store::clearing::Gap;
use crate::store::log_entries::PlacedEntry;
use crate::store::log_pages::Page;
use crate::store::{Database, StoreError, TrailView, clearing, log_pages};

/// Ids that are looked through at a time: where few rows pass, a client is heard, pinged and let go in between.
const REACH: i64 = 50_000;

/// The next rows of an audience from the database, and where rows are missing because they were cleared.
pub(super) async fn read(database: &Database, audience: &Audience, mark: Mark) -> Result<News, StoreError> {
    let mut view = TrailView::open(database).await?;
    let limit = u32::try_from(FRAME_ROWS).unwrap_or(u32::MAX);
    let end = view.head().max(mark.row).min(mark.row.saturating_add(REACH));
    let page = Page { after: Some(mark.row), before: end.checked_add(1), limit };
    let rows = log_pages::oldest_placed(&mut view, audience.selection(), page).await?;
    let last = rows.last().map_or(mark.row, |row| row.entry.id);
    let up_to = if rows.len() < FRAME_ROWS { end } else { last };
    let ids: Vec<_> = rows.iter().map(|row| row.entry.id).collect();
    let gaps = clearing::gaps(view.tx(), audience.selection(), mark.row, up_to, &ids).await?;
    let mut frames = Vec::new();
    let mut rest: &[_] = &rows;
    for Gap { from, to } in gaps {
        let before = rest.partition_point(|row| row.entry.id < from);
        frames.extend(rows_frame(&rest[..before]));
        frames.push(wire::text(&json(&Frame::Gap { from, to })));
        rest = &rest[before..];
    }
    frames.extend(rows_frame(rest));
    Ok(News { frames, rows: rows.len() as u64, mark: Mark { row: up_to, ..mark } })
}

fn rows_frame(rows: &[PlacedEntry]) -> Option<Bytes> {
    let rows: Vec<Arc<str>> = rows.iter().map(|row| json(&row.entry).into()).collect();
    (!rows.is_empty()).then(|| wire::rows(&rows))
}
