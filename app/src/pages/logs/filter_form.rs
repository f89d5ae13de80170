//! The filter as a plain GET form. With scripts, chips and selects apply at once and the URL is tidied; without, the button
//! does the same.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use strum::VariantArray;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement, UrlSearchParams};

use super::address::{LogsAddress, form_href};
use super::quick_ranges::QuickRanges;
use crate::components::{Erase, Icon, icon};
use crate::error::AppError;
use crate::model::{LogFilter, LogStatus, Server, SourceType, TimeBound};
use crate::site::use_page;

/// Everything the rows can be narrowed by.
#[component]
pub(super) fn FilterForm(address: Memo<LogsAddress>, servers: OnceResource<Result<Vec<Server>, AppError>>) -> impl IntoView {
    let filter = Memo::new(move |_| address.with(LogsAddress::filter));
    let navigate = use_navigate();
    let submit = move |event: leptos::ev::SubmitEvent| {
        if let Some(href) = target_form(&event).and_then(|form| typed_query(&form)).map(|typed| form_href(&typed)) {
            event.prevent_default();
            navigate(&href, NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    };
    view! {
        <form class="filter-form" method="get" action="/logs" autocomplete="off" role="search" aria-label="Filter the log" on:submit=submit on:change=apply_choice>
            <div class="filter-form__range">
                <DateField label="From" name="from" bound=Signal::derive(move || filter.with(|filter| filter.from))/>
                <DateField label="To" name="to" bound=Signal::derive(move || filter.with(|filter| filter.to))/>
                <QuickRanges address=address/>
            </div>
            <fieldset class="chips">
                <legend class="visually-hidden">"Status"</legend>
                {LogStatus::VARIANTS.iter().map(|status| chip(*status, filter)).collect_view()}
            </fieldset>
            <div class="filter-form__selects">
                <TypeSelect filter=filter/>
                <Transition>
                    {move || Suspend::new(async move { servers.await.ok().map(|servers| server_select(servers, filter)) })}
                </Transition>
                <button class="button button--primary" type="submit">"Apply"</button>
                {move || filter.with(|filter| filter.active_count() > 0).then(|| view! {
                    <a class="button button--quiet" href="/logs" data-noscroll="true">{icon(Icon::Close)}"Clear filters"</a>
                })}
            </div>
            {move || narrowings(&filter.get(), &address.get())}
        </form>
    }
    .erase()
}

/// A day. A moment that came with the URL stays in force, as a hidden field, until a day is chosen.
#[component]
fn DateField(label: &'static str, name: &'static str, #[prop(into)] bound: Signal<Option<TimeBound>>) -> impl IntoView {
    let day = move || match bound.get() {
        Some(TimeBound::Day(day)) => day.to_string(),
        _ => String::new(),
    };
    let moment = move || match bound.get() {
        Some(TimeBound::Moment(at)) => Some(view! { <input type="hidden" name=name value=at.to_string()/> }),
        _ => None,
    };
    view! {
        <label class="field field--inline">
            <span class="field__label">{label}</span>
            {moment}
            <input class="field__input" type="date" name=name min="1970-01-01" max="9999-12-31" value=day prop:value=day/>
        </label>
    }
    .erase()
}

fn chip(status: LogStatus, filter: Memo<LogFilter>) -> AnyView {
    let chosen = move || filter.with(|filter| filter.status.contains(&status));
    view! {
        <label class="chip" data-status=status.to_string()>
            <input class="chip__box" type="checkbox" name="status" value=status.to_string() checked=chosen prop:checked=chosen/>
            {icon(status)}
            <span>{status.word()}</span>
        </label>
    }
    .erase()
}

#[component]
fn TypeSelect(filter: Memo<LogFilter>) -> impl IntoView {
    let options = SourceType::VARIANTS.iter().map(|kind| (kind.to_string(), kind.to_string())).collect();
    let chosen = Memo::new(move |_| filter.with(|filter| join(&filter.source_type)));
    select("Type", "type", "All types", options, chosen)
}

fn server_select(servers: Vec<Server>, filter: Memo<LogFilter>) -> AnyView {
    let options = servers.into_iter().map(|server| (server.id.to_string(), server.name)).collect();
    let chosen = Memo::new(move |_| filter.with(|filter| join(&filter.server)));
    select("Server", "server", "All servers", options, chosen)
}

/// A select over values and words. A value in the URL that is none of the options (several at once, say) becomes one, so
/// that applying the form again does not lose it.
fn select(label: &'static str, name: &'static str, all: &'static str, options: Vec<(String, String)>, chosen: Memo<String>) -> AnyView {
    let values: Vec<_> = options.iter().map(|(value, _)| value.clone()).collect();
    let several = move || {
        let chosen = chosen.get();
        (!chosen.is_empty() && !values.contains(&chosen))
            .then(|| view! { <option value=chosen.clone() selected=true>{chosen.replace(',', ", ")}</option> })
    };
    let options = options.into_iter().map(|(value, word)| {
        let is_chosen = {
            let value = value.clone();
            move || chosen.with(|chosen| *chosen == value)
        };
        view! { <option value=value selected=is_chosen.clone() prop:selected=is_chosen>{word}</option> }
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

/// What narrows the rows but has no field of its own, each with a way to take it away.
fn narrowings(filter: &LogFilter, address: &LogsAddress) -> Option<AnyView> {
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
