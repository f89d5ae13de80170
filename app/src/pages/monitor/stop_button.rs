//! Stopping a run, after asking. The dialog is a popover and the form a plain one, so both work without script; with it, the dialog keeps
//! the keyboard until it is answered.

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::HtmlDialogElement;

use crate::api::stop_run;
use crate::components::{Erase, Icon, Piece, find, focus, icon, reactive, sentence, text};
use crate::model::{Run, RunState};
use crate::streaming::in_time;

/// The button and its question.
pub(super) fn stop_button(run: Memo<Run>) -> Piece {
    let first = run.get_untracked();
    let dialog = format!("stop-{}", first.id);
    let title = format!("{dialog}-title");
    let id = StoredValue::new(first.id.clone());
    let asked = RwSignal::new(false);
    let problem = RwSignal::new(String::new());
    let dialog_id = StoredValue::new(dialog.clone());
    let open = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        problem.set(String::new());
        with_dialog(&dialog_id.get_value(), |dialog| {
            if let Err(error) = dialog.show_modal() {
                leptos::logging::warn!("ask before stopping: {error:?}");
            }
        });
    };
    let close = move |_| with_dialog(&dialog_id.get_value(), HtmlDialogElement::close);
    let stopping = text(move || asked.get() || run.with(|run| run.state == RunState::Canceling));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        with_dialog(&dialog_id.get_value(), HtmlDialogElement::close);
        // The button cannot be pressed any more, and the card goes.
        focus("#running");
        asked.set(true);
        spawn_local(async move {
            if let Err(error) = in_time(stop_run(id.get_value())).await {
                problem.try_set(sentence(&error.to_string()));
            }
            asked.try_set(false);
        });
    };
    let told = reactive(move || {
        let words = problem.get();
        (!words.is_empty()).then(|| view! { {icon(Icon::CrossInCircle)}<p>{words}</p> }.erase())
    });
    view! {
        <button class="button run-card__stop" type="button" popovertarget=dialog.clone() disabled=stopping on:click=open aria-label=format!("Stop {} on {}", first.schedule.name, first.server.name)>
            {text(move || if stopping.get() { "Stopping" } else { "Stop" }.to_owned())}
        </button>
        <div class="run-card__problem" role="alert">{told}</div>
        <dialog class="confirm" id=dialog.clone() popover="auto" aria-labelledby=title.clone()>
            <h3 class="confirm__title" id=title.clone()>"Stop this run?"</h3>
            <p>
                <strong>{first.schedule.name}</strong>" on "<strong>{first.server.name}</strong>
                " is ended on the server and recorded as stopped. What it has copied so far stays where it is; the schedule and older backups are not touched."
            </p>
            <form class="confirm__actions" method="post" action="/api/sf/stop_run" on:submit=submit>
                <input type="hidden" name="id" value=first.id.to_string()/>
                <button class="button" type="button" popovertarget=dialog.clone() popovertargetaction="hide" on:click=close autofocus=true>"Keep running"</button>
                <button class="button button--danger" type="submit">"Stop run"</button>
            </form>
        </dialog>
    }
    .erase()
}

fn with_dialog(id: &str, act: impl FnOnce(&HtmlDialogElement)) {
    if let Some(dialog) = find::<HtmlDialogElement>(&format!("#{id}")) {
        act(&dialog);
    }
}
