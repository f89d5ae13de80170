//! The filter as a plain GET form. The script applies chips and choices at once and leaves empty fields out of the URL.

use std::collections::BTreeMap;

use leptos::prelude::*;
use strum::VariantArray;

use super::Choices;
use super::address::LogsAddress;
use super::quick_ranges::quick_ranges;
use crate::components::{Erase, Icon, Piece, format, icon};
use crate::model::{LogFilter, LogStatus, Named, SourceType, TimeBound, listed_name, listed_names};
use crate::site::use_page;

/// Everything the rows can be narrowed by.
pub(super) fn filter_form(address: &LogsAddress, choices: &Choices, by_status: Option<&BTreeMap<LogStatus, i64>>) -> Piece {
    let filter = &address.filter();
    let active = filter.active_count();
    let hidden = active - usize::from(!filter.status.is_empty()) - usize::from(!filter.q.is_empty()) - usize::from(filter.run.is_some());
    let more = if hidden == 0 {
        "Dates, servers, schedules, types".to_owned()
    } else {
        format!("Dates, servers, schedules, types ({hidden} set)")
    };
    let words = address.given("q").unwrap_or_default();
    let clear = (active > 0).then(|| {
        let word = if active == 1 { "Clear 1 filter".to_owned() } else { format!("Clear {active} filters") };
        view! { <a class="button button--quiet" href="/logs?status=">{icon(Icon::Close)}{word}</a> }
    });
    view! {
        <form class="filter-form" method="get" action="/logs" autocomplete="off" role="search" aria-label="Filter the log" data-filter="">
            <div class="filter-form__words">
                <label class="field field--inline field--wide">
                    <span class="field__label">"Words"</span>
                    <input class="field__input" type="search" name="q" value=words maxlength="200" placeholder="full -rsync \"no space\" perm*" data-search="" enterkeyhint="search"/>
                </label>
                <button class="button button--primary" type="submit">"Apply"</button>
                {clear}
            </div>
            <fieldset class="chips">
                <legend class="visually-hidden">"Status"</legend>
                {LogStatus::VARIANTS.iter().map(|status| chip(*status, filter, by_status)).collect_view()}
            </fieldset>
            {narrowings(filter, address)}
            // A phone shows these when they are asked for; on a desk there is room.
            <details class="filter-more">
                <summary class="filter-more__summary">{more}</summary>
                <div class="filter-form__range">
                    {date_field("From", "from", filter.from)}
                    {date_field("To", "to", filter.to)}
                    {quick_ranges(address)}
                </div>
                {selects(filter, choices)}
            </details>
        </form>
    }
    .erase()
}

fn selects(filter: &LogFilter, choices: &Choices) -> Piece {
    let named = |list: &[Named]| list.iter().map(|named| (named.id.to_string(), named.name.clone())).collect::<Vec<_>>();
    let plain = |list: &[String]| list.iter().map(|name| (listed_name(name), name.clone())).collect();
    let types = SourceType::VARIANTS.iter().map(|kind| (kind.to_string(), kind.to_string())).collect();
    let regions = (!choices.regions.is_empty())
        .then(|| select("Region", "region", "All regions", plain(&choices.regions), vec![], &listed_names(&filter.region)));
    let accounts = (!choices.accounts.is_empty())
        .then(|| select("Account", "account", "All accounts", plain(&choices.accounts), vec![], &listed_names(&filter.account)));
    view! {
        <div class="filter-form__selects">
            {select("Server", "server", "All servers", named(&choices.servers.present), named(&choices.servers.removed), &join(&filter.server))}
            {select("Schedule", "schedule", "All schedules", named(&choices.schedules.present), named(&choices.schedules.removed), &join(&filter.schedule))}
            {select("Type", "type", "All types", types, vec![], &join(&filter.source_type))}
            {regions}
            {accounts}
        </div>
    }
    .erase()
}

/// A day. A moment that came with the URL stays in force, as a hidden field, until a day is chosen.
fn date_field(label: &'static str, name: &'static str, bound: Option<TimeBound>) -> Piece {
    let (day, moment) = match bound {
        Some(TimeBound::Day(day)) => (day.to_string(), None),
        Some(TimeBound::Moment(at)) => (String::new(), Some(at.to_string())),
        None => (String::new(), None),
    };
    view! {
        <label class="field field--inline">
            <span class="field__label">{label}</span>
            {moment.map(|at| view! { <input type="hidden" name=name value=at/> })}
            <input class="field__input" type="date" name=name min="1970-01-01" max="9999-12-31" value=day/>
        </label>
    }
    .erase()
}

fn chip(status: LogStatus, filter: &LogFilter, by_status: Option<&BTreeMap<LogStatus, i64>>) -> Piece {
    let count = by_status.map(|rows| {
        let rows = rows.get(&status).copied().unwrap_or(0);
        view! { <span class="chip__count figures">{format::count(rows)}</span> }
    });
    view! {
        <label class="chip" data-status=status.to_string()>
            <input class="chip__box" type="checkbox" name="status" value=status.to_string() checked=filter.status.contains(&status)/>
            {icon(status)}
            <span>{status.word()}</span>
            {count}
        </label>
    }
    .erase()
}

/// A select over values and words, those of what was removed apart. A value in the URL that is none of the options (several at once, say)
/// becomes one, so that applying the form again does not lose it.
fn select(
    label: &'static str,
    name: &'static str,
    all: &'static str,
    options: Vec<(String, String)>,
    removed: Vec<(String, String)>,
    chosen: &str,
) -> Piece {
    let is_there = chosen.is_empty() || options.iter().chain(&removed).any(|(value, _)| value == chosen);
    let several = (!is_there).then(|| (chosen.to_owned(), chosen.replace(',', ", ")));
    let option = |(value, word): (String, String)| {
        let is_chosen = value == chosen;
        view! { <option value=value selected=is_chosen>{word}</option> }
    };
    let gone =
        (!removed.is_empty()).then(|| view! { <optgroup label="Removed">{removed.into_iter().map(option).collect_view()}</optgroup> });
    view! {
        <label class="field field--inline">
            <span class="field__label">{label}</span>
            <select class="field__input" name=name>
                <option value="">{all}</option>
                {options.into_iter().chain(several).map(option).collect_view()}
                {gone}
            </select>
        </label>
    }
    .erase()
}

/// What narrows the rows but has no field of its own, each with a way to take it away.
fn narrowings(filter: &LogFilter, address: &LogsAddress) -> Option<Piece> {
    let page = use_page();
    let moment = |bound: Option<TimeBound>| match bound {
        Some(TimeBound::Moment(at)) => Some(page.local(at)),
        _ => None,
    };
    let run = filter.run.as_ref().map(ToString::to_string);
    let named = [
        ("from", moment(filter.from).map(|at| format!("From {at}")), None),
        ("to", moment(filter.to).map(|at| format!("To {at}")), None),
        ("run", run.clone().map(|run| format!("Run {run}")), run),
    ];
    let tokens: Vec<_> = named
        .into_iter()
        .filter_map(|(key, word, kept)| {
            let word = word?;
            let label = format!("Remove the filter: {word}");
            Some(
                view! {
                    <li class="narrowings__item">
                        {kept.map(|value| view! { <input type="hidden" name=key value=value/> })}
                        <span>{word}</span>
                        <a class="narrowings__remove" href=address.without_href(key) aria-label=label>{icon(Icon::Close)}</a>
                    </li>
                }
                .erase(),
            )
        })
        .collect();
    (!tokens.is_empty()).then(|| view! { <ul class="narrowings" aria-label="Also narrowed by">{tokens}</ul> }.erase())
}

fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
