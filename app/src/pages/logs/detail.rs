//! One row in full: what happened, what its exit code means, what to do next, and the remote log around it.

use leptos::prelude::*;

use super::address::LogsAddress;
use super::row::line_head;
use crate::components::{Erase, Icon, Piece, StatusBadge, format, icon, sentence};
use crate::model::{LogEntryDetail, Named, SourceType};
use crate::pages::document::{ago, moment};

/// The body of the dialog.
pub(super) fn detail_view(address: &LogsAddress, entry: LogEntryDetail) -> Piece {
    let LogEntryDetail { entry, detail, exit_code, explanation, next_step } = entry;
    let name = |named: &Option<Named>| named.as_ref().map(|named| named.name.clone());
    let id = entry.id;
    let run = entry.run_id.as_ref().map(|run| view! { <a href=format!("/runs/{run}")>{icon(Icon::Monitor)}"Run timeline"</a> });
    view! {
        <div class="message-log__body" data-status=entry.status.to_string()>
            <p class="message-log__lead"><StatusBadge status=entry.status/>{moment(entry.at)}{ago(entry.at)}</p>
            <p class="message-log__message">{entry.message.clone()}</p>
            {advice(exit_code, explanation, next_step)}
            <dl class="facts">
                {fact("Server", name(&entry.server))}
                {fact("Schedule", name(&entry.schedule))}
                {fact("Type", Some(entry.source_type.to_string()))}
                {fact("Run", entry.run_id.as_ref().map(ToString::to_string))}
                {fact("Point", entry.point.clone())}
                {fact("Duration", entry.duration_s.map(format::duration))}
            </dl>
            {remote_log(id, entry.source_type, detail)}
            <p class="message-log__foot">
                {run}
                <a href=address.around_href(id)>{icon(Icon::Logs)}"Rows around this one"</a>
                <a href=format!("/logs?entry={id}")>{icon(Icon::Link)}"Permalink to entry "{id}</a>
                {copy_button("entry-link", "Copy permalink")}
                {copy_button("entry-line", "Copy line")}
            </p>
            // Read by the script alone: what the two buttons copy.
            <p hidden=true id="entry-link" data-absolute="">{format!("/logs?entry={id}")}</p>
            <p hidden=true id="entry-line">{format!("{} {}", line_head(&entry), entry.message)}</p>
        </div>
    }
    .erase()
}

fn copy_button(of: &'static str, word: &'static str) -> Piece {
    view! {
        <button class="button button--quiet needs-script" type="button" data-copy=of>{icon(Icon::Copy)}<span data-word="">{word}</span></button>
    }
    .erase()
}

/// What the exit code means, and what to do next: the log may say that where there is no code.
fn advice(exit_code: Option<i64>, explanation: Option<String>, next_step: Option<String>) -> Option<Piece> {
    let code = exit_code.map(|code| view! { <strong class="exit-code__figure">"Exit code "{code}</strong> }.erase());
    let meaning = match (code, explanation) {
        (Some(code), text) => Some(view! { <p>{code}{text.map(|text| format!(": {text}"))}</p> }.erase()),
        (None, Some(text)) => Some(view! { <p>{sentence(&text)}</p> }.erase()),
        (None, None) => None,
    };
    (meaning.is_some() || next_step.is_some()).then(|| {
        view! {
            <div class="exit-code">
                {meaning}
                {next_step.map(|text| view! { <p class="exit-code__next"><strong>"Next: "</strong>{text}</p> })}
            </div>
        }
        .erase()
    })
}

/// A value of more characters takes a line of its own on a phone.
const LONG_FACT: usize = 18;

/// A term and its value; nothing where the row has none.
fn fact(term: &'static str, value: Option<String>) -> Option<Piece> {
    let long = value.as_ref().is_some_and(|value| value.len() > LONG_FACT);
    value.map(|value| view! { <div class="facts__item" class=("facts__item--long", long)><dt>{term}</dt><dd>{value}</dd></div> }.erase())
}

/// The remote log, with the ways to take it along.
fn remote_log(id: i64, source_type: SourceType, detail: Option<String>) -> Piece {
    // What the panel writes itself has no remote end.
    let what = if source_type == SourceType::System { "Detail" } else { "Remote log" };
    let Some(detail) = detail else {
        return view! { <p class="message-log__none">"This entry carries no remote log."</p> }.erase();
    };
    view! {
        <div class="remote-log">
            <header class="remote-log__header">
                <h3 class="remote-log__title">{what}</h3>
                <a class="button button--quiet" href=format!("/logs/{id}/detail.txt") download="">{icon(Icon::ArrowDown)}"Download"</a>
                <button class="button needs-script" type="button" data-copy="remote-log">{icon(Icon::Copy)}<span data-word="">"Copy"</span></button>
            </header>
            <pre class="remote-log__text" id="remote-log" tabindex="0" aria-label=what role="region">{detail}</pre>
        </div>
    }
    .erase()
}
