//! The filter as a plain GET form. With scripts, chips and selects apply at once and the URL is tidied; without, the button
//! does the same.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use strum::VariantArray;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement, UrlSearchParams};

use super::Servers;
use super::address::{LogsAddress, form_href};
use super::quick_ranges::quick_ranges;
use crate::components::{Awaited, Drawing, Erase, Icon, Piece, awaited, icon, reactive, text};
use crate::model::{LogFilter, LogStatus, Server, SourceType, TimeBound};
use crate::site::use_page;

/// Everything the rows can be narrowed by.
pub(super) fn filter_form(address: Memo<LogsAddress>, servers: Servers) -> Piece {
    let filter = Memo::new(move |_| address.with(LogsAddress::filter));
    let navigate = use_navigate();
    let submit = move |event: leptos::ev::SubmitEvent| {
        if let Some(href) = target_form(&event).and_then(|form| typed_query(&form)).map(|typed| form_href(&typed)) {
            event.prevent_default();
            navigate(&href, NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    };
    let server_options = move || -> Awaited {
        Box::pin(async move {
            let read = servers.await;
            let drawing: Drawing = Box::new(move || read.map_or_else(|_| ().erase(), |servers| server_select(servers, filter)));
            drawing
        })
    };
    let active = Memo::new(move |_| filter.with(|filter| filter.active_count() > 0));
    let clear_link =
        || view! { <a class="button button--quiet" href="/logs" data-noscroll="true">{icon(Icon::Close)}"Clear filters"</a> }.erase();
    let clear = reactive(move || active.get().then(clear_link));
    view! {
        <form class="filter-form" method="get" action="/logs" autocomplete="off" role="search" aria-label="Filter the log" on:submit=submit on:change=apply_choice>
            <div class="filter-form__range">
                {date_field("From", "from", move || filter.with(|filter| filter.from))}
                {date_field("To", "to", move || filter.with(|filter| filter.to))}
                {quick_ranges(address)}
            </div>
            <fieldset class="chips">
                <legend class="visually-hidden">"Status"</legend>
                {LogStatus::VARIANTS.iter().map(|status| chip(*status, filter)).collect_view()}
            </fieldset>
            <div class="filter-form__selects">
                {type_select(filter)}
                {awaited(|| ().erase(), server_options)}
                <button class="button button--primary" type="submit">"Apply"</button>
                {clear}
            </div>
            {reactive(move || narrowings(&filter.get(), &address.get()))}
        </form>
    }
    .erase()
}

/// A day. A moment that came with the URL stays in force, as a hidden field, until a day is chosen.
fn date_field(label: &'static str, name: &'static str, bound: impl Fn() -> Option<TimeBound> + Copy + Send + Sync + 'static) -> Piece {
    let day = text(move || match bound() {
        Some(TimeBound::Day(day)) => day.to_string(),
        _ => String::new(),
    });
    let moment = reactive(move || match bound() {
        Some(TimeBound::Moment(at)) => Some(view! { <input type="hidden" name=name value=at.to_string()/> }.erase()),
        _ => None,
    });
    view! {
        <label class="field field--inline">
            <span class="field__label">{label}</span>
            {moment}
            <input class="field__input" type="date" name=name min="1970-01-01" max="9999-12-31" value=day prop:value=day/>
        </label>
    }
    .erase()
}

fn chip(status: LogStatus, filter: Memo<LogFilter>) -> Piece {
    let chosen = text(move || filter.with(|filter| filter.status.contains(&status)));
    view! {
        <label class="chip" data-status=status.to_string()>
            <input class="chip__box" type="checkbox" name="status" value=status.to_string() checked=chosen prop:checked=chosen/>
            {icon(status)}
            <span>{status.word()}</span>
        </label>
    }
    .erase()
}

fn type_select(filter: Memo<LogFilter>) -> Piece {
    let options = SourceType::VARIANTS.iter().map(|kind| (kind.to_string(), kind.to_string())).collect();
    let chosen = text(move || filter.with(|filter| join(&filter.source_type)));
    select("Type", "type", "All types", options, chosen)
}

fn server_select(servers: Vec<Server>, filter: Memo<LogFilter>) -> Piece {
    let options = servers.into_iter().map(|server| (server.id.to_string(), server.name)).collect();
    let chosen = text(move || filter.with(|filter| join(&filter.server)));
    select("Server", "server", "All servers", options, chosen)
}

/// A select over values and words. A value in the URL that is none of the options (several at once, say) becomes one, so
/// that applying the form again does not lose it.
fn select(label: &'static str, name: &'static str, all: &'static str, options: Vec<(String, String)>, chosen: Signal<String>) -> Piece {
    let values: Vec<_> = options.iter().map(|(value, _)| value.clone()).collect();
    let several = reactive(move || {
        let chosen = chosen.get();
        (!chosen.is_empty() && !values.contains(&chosen)).then(|| option(chosen.clone(), chosen.replace(',', ", "), text(|| true)))
    });
    let options = options.into_iter().map(|(value, word)| {
        let is_chosen = {
            let value = value.clone();
            text(move || chosen.with(|chosen| *chosen == value))
        };
        option(value, word, is_chosen)
    });
    view! {
        <label class="field field--inline">
            <span class="field__label">{label}</span>
            <select class="field__input" name=name>
                <option value="">{all}</option>
                {options.collect_view()}
                {several}
            </select>
        </label>
    }
    .erase()
}

fn option(value: String, word: String, chosen: Signal<bool>) -> Piece {
    view! { <option value=value selected=chosen prop:selected=chosen>{word}</option> }.erase()
}

/// What narrows the rows but has no field of its own, each with a way to take it away.
fn narrowings(filter: &LogFilter, address: &LogsAddress) -> Option<Piece> {
    let page = use_page();
    let moment = |bound: Option<TimeBound>| match bound {
        Some(TimeBound::Moment(at)) => Some(page.local(at)),
        _ => None,
    };
    let run = filter.run.as_ref().map(ToString::to_string);
    let schedule = (!filter.schedule.is_empty()).then(|| join(&filter.schedule));
    let named = [
        ("from", moment(filter.from).map(|at| format!("From {at}")), None),
        ("to", moment(filter.to).map(|at| format!("To {at}")), None),
        ("schedule", schedule.clone().map(|ids| format!("Schedule {ids}")), schedule),
        ("run", run.clone().map(|run| format!("Run {run}")), run),
    ];
    let tokens: Vec<_> = named
        .into_iter()
        .filter_map(|(key, word, kept)| {
            let word = word?;
            let label = format!("Remove the filter: {word}");
            Some(view! {
                <li class="narrowings__item">
                    {kept.map(|value| view! { <input type="hidden" name=key value=value/> })}
                    <span>{word}</span>
                    <a class="narrowings__remove" href=address.without_href(key) aria-label=label data-noscroll="true">{icon(Icon::Close)}</a>
                </li>
            }
            .erase())
        })
        .collect();
    (!tokens.is_empty()).then(|| view! { <ul class="narrowings" aria-label="Also narrowed by">{tokens}</ul> }.erase())
}

fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Applies a ticked chip or a chosen option at once. Dates wait for the button: they change with every digit typed.
fn apply_choice(event: leptos::ev::Event) {
    let is_date =
        event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok()).is_some_and(|input| input.type_() == "date");
    if let (false, Some(form)) = (is_date, target_form(&event)) {
        drop(form.request_submit());
    }
}

fn target_form(event: &leptos::ev::Event) -> Option<HtmlFormElement> {
    event.current_target()?.dyn_into().ok()
}

fn typed_query(form: &HtmlFormElement) -> Option<String> {
    let data = FormData::new_with_form(form).ok()?;
    UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?.to_string().as_string()
}
