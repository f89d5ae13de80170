//! What happened to a run, in order.

use leptos::prelude::*;

use super::list::starter;
use crate::components::{Erase, Piece, StatusBadge, format};
use crate::model::{LogEntry, Permission, RunNote, RunStory, Timestamp, Trigger};
use crate::pages::document::moment;
use crate::site::use_page;

/// What made it begin, then every row of the trail that belongs to it.
pub(super) fn timeline(story: &RunStory) -> Piece {
    let run = &story.run;
    let origin = match (run.trigger, story.origin.due_at) {
        (_, Some(due)) => format!("cron was due at {}", use_page().local(due)),
        (Trigger::Manual, None) => "somebody asked for it".to_owned(),
        (trigger, None) => format!("begun by {}", starter(trigger)),
    };
    let readable = use_page().may(Permission::ViewBackupLogsPage);
    let mut items: Vec<_> = story.notes.iter().map(|seen| (seen.at, note(seen, run.created_at))).collect();
    items.extend(story.rows.iter().map(|row| (row.at, entry(row, run.created_at, readable))));
    // What was seen stands before the row that it led to.
    items.sort_by_key(|(at, _)| *at);
    let items = items.into_iter().map(|(_, item)| item).collect_view();
    let expired = story.origin.outcome.filter(|outcome| *outcome != run.state && !run.state.is_active());
    let expired = expired.map(|outcome| {
        view! { <li class="timeline__item"><span class="timeline__said">{format!("It ended as {}; its point has been removed by retention since.", outcome.word().to_lowercase())}</span></li> }
    });
    view! {
        <section class="section" aria-labelledby="timeline">
            <h2 class="section__title" id="timeline">"What happened"</h2>
            <ol class="timeline">
                <li class="timeline__item">
                    <span class="timeline__at">{moment(run.created_at)}</span>
                    <span class="timeline__what">"Recorded"</span>
                    <span class="timeline__said">{origin}</span>
                </li>
                {items}
                {expired}
            </ol>
        </section>
    }
    .erase()
}

fn after(at: Timestamp, since: Timestamp) -> Piece {
    let after = format!("+{}", format::duration(at.millis_since(since) / 1000));
    view! { <span class="timeline__at">{moment(at)}" "<span class="timeline__after">{after}</span></span> }.erase()
}

/// What the checker saw, or why it judged as it did: not a row of the trail.
fn note(note: &RunNote, since: Timestamp) -> Piece {
    view! {
        <li class="timeline__item timeline__item--note">
            {after(note.at, since)}
            <span class="timeline__what">"Checker"</span>
            <span class="timeline__said">{note.text.clone()}</span>
        </li>
    }
    .erase()
}

fn entry(row: &LogEntry, since: Timestamp, readable: bool) -> Piece {
    let message = row.message.clone();
    let said = if readable {
        view! { <a class="timeline__link" href=format!("/logs?entry={}", row.id)>{message}</a> }.erase()
    } else {
        message.erase()
    };
    view! {
        <li class="timeline__item" data-status=row.status.to_string()>
            {after(row.at, since)}
            <span class="timeline__what"><StatusBadge status=row.status/></span>
            <span class="timeline__said">{said}</span>
        </li>
    }
    .erase()
}
