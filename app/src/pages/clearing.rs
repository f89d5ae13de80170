//! The question before the backup logs are cleared, with the exact counts.

use leptos::prelude::*;

use crate::components::{Erase, Icon, Piece, format, icon};
use crate::model::Permission;
use crate::pages::document::{back_link, flash};
use crate::site::use_page;

/// How many rows would go and stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToClear {
    pub deleted: i64,
    pub orphans: i64,
    pub kept: i64,
    /// The last entry that was counted; newer ones are not asked about.
    pub up_to: i64,
}

/// Why the question is asked again.
pub const CHANGED: &str =
    "Nothing was cleared: there are other entries now than the ones you confirmed. These are the counts of this moment.";

/// What was done.
pub fn cleared(count: i64) -> String {
    format!(
        "{} cleared. An entry tells who did it.",
        if count == 1 { "1 entry is".to_owned() } else { format!("{} entries are", format::count(count)) }
    )
}

/// `/logs/clear`; `said` is what came of what was asked before.
pub fn clearing(counts: ToClear, said: Option<&str>) -> Piece {
    let ToClear { deleted, orphans, kept, up_to } = counts;
    let question = if deleted == 0 { "There is nothing to clear".to_owned() } else { format!("Clear {}?", entries(deleted)) };
    // Whoever may clear the logs need not be one who may read them.
    let may_read = use_page().may(Permission::ViewBackupLogsPage);
    let form = (deleted > 0).then(|| {
        view! {
            <form class="form__actions" method="post" action="/logs/clear">
                <input type="hidden" name="deleted" value=deleted.to_string()/>
                <input type="hidden" name="up_to" value=up_to.to_string()/>
                {may_read.then(|| view! { <a class="button" href="/logs">"Keep them"</a> })}
                <button class="button button--danger" type="submit" data-busy="Clearing …">{format!("Clear {}", entries(deleted))}</button>
            </form>
        }
        .erase()
    });
    view! {
        {may_read.then(|| back_link("/logs".to_owned(), "Logs".to_owned()))}
        <h1 class="page-title">{question}</h1>
        {flash(said)}
        <ul class="consequences">
            <li>{icon(Icon::CrossInCircle)}<span>{gone(deleted, orphans)}</span></li>
            <li>{icon(Icon::Tick)}<span>{stays(kept)}</span></li>
            <li>{icon(Icon::Tick)}<span>"Stays: every point and every file; no backup is touched. The trail can still be verified: an entry tells who cleared what, and hashes of what is gone are kept."</span></li>
        </ul>
        {form}
    }
    .erase()
}

fn gone(deleted: i64, orphans: i64) -> String {
    format!(
        "Goes: {} of schedules that are not running, {} of them of schedules that were deleted. This cannot be undone.",
        entries(deleted),
        orphans
    )
}

fn stays(kept: i64) -> String {
    format!("Stays: {} of schedules that are running now, and everything that is about no schedule.", entries(kept))
}

fn entries(count: i64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}
