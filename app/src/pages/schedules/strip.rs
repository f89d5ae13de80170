//! The last runs of a schedule as a strip of bars, oldest left. Each is a link; shape, colour and words say how it ended.

use leptos::prelude::*;

use crate::components::{Erase, Piece, format};
use crate::model::{PastRun, RunState};
use crate::site::use_page;

/// One bar a run.
pub(super) fn strip(runs: &[PastRun], large: bool) -> Piece {
    if runs.is_empty() {
        return view! { <span class="cell__note">"no runs yet"</span> }.erase();
    }
    view! { <ol class="strip" class=("strip--large", large) aria-label="Last runs, oldest first">{runs.iter().map(bar).collect_view()}</ol> }.erase()
}

fn bar(run: &PastRun) -> Piece {
    let words = words(run);
    view! {
        <li class="strip__item">
            <a class="strip__bar" data-outcome=run.outcome.to_string() href=format!("/runs/{}", run.id) title=words.clone() aria-label=words>
                <svg class="strip__shape" viewBox="0 0 9 20" aria-hidden="true" focusable="false"><path d=shape(run.outcome) stroke-width="0"/></svg>
            </a>
        </li>
    }
    .erase()
}

/// `Failed · FILES · 2026-11-22 02:00:05 · 3 m 07 s`.
fn words(run: &PastRun) -> String {
    let mut words = format!("{} · {} · {}", run.outcome.word(), run.source_type, use_page().local(run.at));
    if let Some(seconds) = run.duration_s {
        words.push_str(" · ");
        words.push_str(&format::duration(seconds));
    }
    words
}

/// Filled shapes on 9 by 20: good runs are whole bars, everything else is visibly something else.
const fn shape(outcome: RunState) -> &'static str {
    match outcome {
        RunState::Completed | RunState::Expired => "M1 2h7v16h-7Z",
        // A bar whose upper part is missing.
        RunState::Partial => "M1 18V11L8 7V18Z",
        // A cross.
        RunState::Failed => "M1.8 4.6 4.5 8.2 7.2 4.6 8.8 5.8 5.7 10 8.8 14.2 7.2 15.4 4.5 11.8 1.8 15.4.2 14.2 3.3 10 .2 5.8Z",
        // A low block.
        RunState::Canceled | RunState::Canceling => "M1 12h7v6h-7Z",
        // A line where a bar should be.
        RunState::Skipped => "M1 15.5h7v2.5h-7Z",
        // A hollow bar.
        RunState::Created | RunState::Queued | RunState::Running => "M1 2h7v16h-7ZM2.6 3.6v12.8h3.8V3.6Z",
    }
}
