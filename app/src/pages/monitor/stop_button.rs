//! Stopping a run, after asking. The dialog is a popover and the form a plain one, so both work without script.

use leptos::prelude::*;

use crate::api::StopRun;
use crate::components::{Erase, sentence};
use crate::model::{Run, RunState};

/// The button and its question.
#[component]
pub fn StopButton(run: Memo<Run>) -> impl IntoView {
    let first = run.get_untracked();
    let dialog = format!("stop-{}", first.id);
    let title = format!("{dialog}-title");
    let id = StoredValue::new(first.id.clone());
    let stop = ServerAction::<StopRun>::new();
    let stopping = move || stop.pending().get() || run.with(|run| run.state == RunState::Canceling);
    let problem = move || match stop.value().get() {
        Some(Err(error)) => Some(sentence(&error.to_string())),
        _ => None,
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        stop.dispatch(StopRun { id: id.get_value() });
    };
    view! {
        <button class="button run-card__stop" type="button" popovertarget=dialog.clone() disabled=stopping aria-label=format!("Stop {} on {}", first.schedule.name, first.server.name)>
            {move || if stopping() { "Stopping" } else { "Stop" }}
        </button>
        <p class="run-card__problem" role="alert">{problem}</p>
        <div class="confirm" id=dialog.clone() popover="auto" role="dialog" aria-labelledby=title.clone()>
            <h3 class="confirm__title" id=title.clone()>"Stop this run?"</h3>
            <p>
                <strong>{first.schedule.name}</strong>" on "<strong>{first.server.name}</strong>
                " is ended on the server and recorded as stopped. What it has copied so far stays where it is; the schedule and older backups are not touched."
            </p>
            <form class="confirm__actions" method="post" action="/api/sf/stop_run" on:submit=submit>
                <input type="hidden" name="id" value=first.id.to_string()/>
                <button class="button" type="button" popovertarget=dialog.clone() popovertargetaction="hide" autofocus=true>"Keep running"</button>
                <button class="button button--danger" type="submit" popovertarget=dialog.clone() popovertargetaction="hide">"Stop run"</button>
            </form>
        </div>
    }
    .erase()
}
