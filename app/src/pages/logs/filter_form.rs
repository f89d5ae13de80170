//! The filter as a plain GET form. The script applies chips and choices at once and leaves empty fields out of the URL.

use std::collections::BTreeMap;

use leptos::prelude::*;
use strum::VariantArray;

use super::Choices;
use super::address::LogsAddress;
use super::filter_fields::FilterFields;
use super::quick_ranges::quick_ranges;
use crate::components::{Erase, Icon, Piece, format, icon};
use crate::model::{FieldError, LogFilter, LogStatus, TimeBound};
use crate::site::use_page;

/// Everything the rows can be narrowed by. Of a filter with problems the form has what can be read, and the rest as it was given.
pub(super) fn filter_form(
    address: &LogsAddress,
    problems: &[FieldError],
    choices: &Choices,
    by_status: Option<&BTreeMap<LogStatus, i64>>,
) -> Piece {
    let filter = &address.filter();
    let fields = FilterFields { address, filter, problems };
    let active = filter.active_count();
    let hidden = active - usize::from(!filter.status.is_empty()) - usize::from(!filter.q.is_empty()) - usize::from(filter.run.is_some());
    let more = if hidden == 0 {
        "Dates, servers, schedules, types".to_owned()
    } else {
        format!("Dates, servers, schedules, types ({hidden} set)")
    };
    let clear = (active > 0).then(|| {
        let word = if active == 1 { "Clear 1 filter".to_owned() } else { format!("Clear {active} filters") };
        view! { <a class="button button--quiet" href="/logs?status=">{icon(Icon::Close)}{word}</a> }
    });
    view! {
        <form class="filter-form" method="get" action="/logs" autocomplete="off" role="search" aria-label="Filter the log" data-filter="">
            <div class="filter-form__words">
                {fields.words()}
                <button class="button button--primary" type="submit">"Apply"</button>
                {clear}
            </div>
            <fieldset class="chips">
                <legend class="visually-hidden">"Status"</legend>
                {fields.problem_line("status")}
                {LogStatus::VARIANTS.iter().map(|status| chip(*status, filter, by_status)).collect_view()}
            </fieldset>
            {narrowings(filter, address)}
            // A phone shows these when they are asked for; on a desk there is room.
            <details class="filter-more" open=fields.has_folded_problem()>
                <summary class="filter-more__summary">{more}</summary>
                <div class="filter-form__range">
                    {fields.date("From", "from", filter.from)}
                    {fields.date("To", "to", filter.to)}
                    {quick_ranges(address)}
                </div>
                {fields.selects(choices)}
            </details>
        </form>
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

/// What narrows the rows but has no field of its own, each with a way to take it away.
fn narrowings(filter: &LogFilter, address: &LogsAddress) -> Option<Piece> {
    let page = use_page();
    let moment = |bound: Option<TimeBound>| match bound {
        Some(TimeBound::Moment(at)) => Some(page.told(at)),
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
