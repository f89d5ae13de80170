//! One row in full: what happened, what its exit code means, what to do next, and the remote log around it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;

use crate::components::{Erase, Icon, Moment, Piece, StatusBadge, find, format, icon};
use crate::model::{LogEntryDetail, Named};

/// The body of the dialog.
pub(super) fn detail_view(entry: LogEntryDetail) -> Piece {
    let LogEntryDetail { entry, detail, exit_code, explanation, next_step } = entry;
    let name = |named: Option<Named>| named.map(|named| named.name);
    let permalink = format!("/logs?entry={}", entry.id);
    let run = entry.run_id.as_ref().map(|run| {
        let href = format!("/runs/{run}");
        view! { <a href=href rel="external">{icon(Icon::Monitor)}"Run timeline"</a> }.erase()
    });
    view! {
        <div class="message-log__body" data-status=entry.status.to_string()>
            <p class="message-log__lead"><StatusBadge status=entry.status/> <Moment at=entry.at/></p>
            <p class="message-log__message">{entry.message}</p>
            {exit_code.map(|code| exit_code_view(code, explanation, next_step))}
            <dl class="facts">
                {fact("Server", name(entry.server))}
                {fact("Schedule", name(entry.schedule))}
                {fact("Type", Some(entry.source_type.to_string()))}
                {fact("Run", entry.run_id.map(|run| run.to_string()))}
                {fact("Point", entry.point)}
                {fact("Duration", entry.duration_s.map(format::duration))}
            </dl>
            {remote_log(detail)}
            <p class="message-log__foot">{run}<a href=permalink data-noscroll="true">{icon(Icon::Link)}"Permalink to entry "{entry.id}</a></p>
        </div>
    }
    .erase()
}

fn exit_code_view(code: i64, explanation: Option<String>, next_step: Option<String>) -> Piece {
    view! {
        <div class="exit-code">
            <p><strong class="exit-code__figure">"Exit code "{code}</strong>{explanation.map(|text| format!(": {text}"))}</p>
            {next_step.map(|text| view! { <p class="exit-code__next"><strong>"Next: "</strong>{text}</p> })}
        </div>
    }
    .erase()
}

/// A value of more characters takes a line of its own on a phone.
const LONG_FACT: usize = 18;

/// A term and its value; nothing where the row has none.
fn fact(term: &'static str, value: Option<String>) -> Option<Piece> {
    let long = value.as_ref().is_some_and(|value| value.len() > LONG_FACT);
    value.map(|value| view! { <div class="facts__item" class=("facts__item--long", long)><dt>{term}</dt><dd>{value}</dd></div> }.erase())
}

/// The remote log, with a button to copy it.
fn remote_log(detail: Option<String>) -> Piece {
    let Some(detail) = detail else {
        return view! { <p class="message-log__none">"This entry carries no remote log."</p> }.erase();
    };
    let copied = RwSignal::new(String::new());
    let copy = {
        let detail = detail.clone();
        move |_| copy_text(detail.clone(), copied)
    };
    view! {
        <div class="remote-log">
            <header class="remote-log__header">
                <h3 class="remote-log__title">"Remote log"</h3>
                <span class="remote-log__outcome" role="status">{copied}</span>
                <button class="button needs-script" type="button" on:click=copy>{icon(Icon::Copy)}"Copy"</button>
            </header>
            <pre class="remote-log__text" tabindex="0" aria-label="Remote log" role="region">{detail}</pre>
        </div>
    }
    .erase()
}

/// Copies the text; where the clipboard is blocked (a page without https), selects it, so that one keystroke does.
fn copy_text(detail: String, copied: RwSignal<String>) {
    spawn_local(async move {
        let clipboard = window().navigator().clipboard();
        let available = !js_sys::Object::is(&clipboard, &wasm_bindgen::JsValue::UNDEFINED);
        let done = available && JsFuture::from(clipboard.write_text(&detail)).await.is_ok();
        let outcome = if done { "Copied" } else { "Selected: press Ctrl+C" };
        if !done && let (Some(pre), Ok(Some(selection))) = (find::<Element>(".remote-log__text"), window().get_selection()) {
            drop(selection.select_all_children(&pre));
        }
        copied.try_set(outcome.to_owned());
    });
}
