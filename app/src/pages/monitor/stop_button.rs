//! Stopping a run, after asking. The dialog is a popover and the form a plain one, so both work without script.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::stop_run;
use crate::components::{Erase, Piece, sentence, text};
use crate::model::{Run, RunState};

/// The button and its question.
pub(super) fn stop_button(run: Memo<Run>) -> Piece {
    let first = run.get_untracked();
    let dialog = format!("stop-{}", first.id);
    let title = format!("{dialog}-title");
    let id = StoredValue::new(first.id.clone());
    let asked = RwSignal::new(false);
    let problem = RwSignal::new(String::new());
    let stopping = text(move || asked.get() || run.with(|run| run.state == RunState::Canceling));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        asked.set(true);
        spawn_local(async move {
            if let Err(error) = stop_run(id.get_value()).await {
                problem.try_set(sentence(&error.to_string()));
            }
            asked.try_set(false);
        });
    };
    view! {
        <button class="button run-card__stop" type="button" popovertarget=dialog.clone() disabled=stopping aria-label=format!("Stop {} on {}", first.schedule.name, first.server.name)>
            {text(move || if stopping.get() { "Stopping" } else { "Stop" }.to_owned())}
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
