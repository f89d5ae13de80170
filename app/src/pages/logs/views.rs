//! Filters that somebody has given a name.

use leptos::prelude::*;

use super::address::LogsAddress;
use crate::components::{Erase, Icon, Piece, icon};
use crate::model::{SavedView, TimeBound};
use crate::site::use_page;

/// The longest name of a view.
const MAX_NAME: &str = "60";

/// Links to one's own views, and a form for the one that is shown.
pub(super) fn saved_views(address: &LogsAddress, views: &[SavedView], savable: bool) -> Piece {
    let query = address.filter_query();
    let known = views.iter().any(|view| view.query == query);
    let form = (savable && !query.is_empty() && !known).then(|| save_form(address, &query));
    if views.is_empty() && form.is_none() {
        return ().erase();
    }
    let items = views.iter().map(|view| item(view, view.query == query));
    view! {
        <div class="views">
            {(!views.is_empty()).then(|| view! { <ul class="views__list" aria-label="Saved views">{items.collect_view()}</ul> })}
            {form}
        </div>
    }
    .erase()
}

fn item(saved: &SavedView, is_shown: bool) -> Piece {
    let SavedView { id, name, query, is_default } = saved;
    let other = if *is_default { "no" } else { "yes" };
    let tools = is_shown.then(|| {
        view! {
            <form class="views__tools" method="post" action=format!("/logs/views/{id}")>
                <button class="button button--quiet" type="submit" name="default" value=other>{if *is_default { "Do not open with it" } else { "Open with it" }}</button>
                <button class="button button--quiet" type="submit" name="delete" value="yes" aria-label=format!("Delete the view {name}")>{icon(Icon::Close)}</button>
            </form>
        }
    });
    let note = is_default.then(|| view! { <span class="views__note">"opens first"</span> });
    view! {
        <li class="views__item">
            <a class="views__link" href=format!("/logs?{query}") aria-current=is_shown.then_some("true")>{name.clone()}{note}</a>
            {tools}
        </li>
    }
    .erase()
}

/// A range that has a beginning and no end grows: it says so where one might take it for the last day or hour.
fn save_form(address: &LogsAddress, query: &str) -> Piece {
    let filter = address.filter();
    let from = filter.from.filter(|_| filter.to.is_none()).map(|from| match from {
        TimeBound::Day(day) => day.to_string(),
        TimeBound::Moment(at) => use_page().told(at),
    });
    let note = from
        .map(|from| view! { <p class="views__note">{format!("The view keeps its beginning, {from}, and goes on to the newest row.")}</p> });
    view! {
        <details class="views__save">
            <summary>"Save this view"</summary>
            <form class="views__form" method="post" action="/logs/views">
                <input type="hidden" name="query" value=query.to_owned()/>
                <label class="field field--inline">
                    <span class="field__label">"Name"</span>
                    <input class="field__input" name="name" required=true maxlength=MAX_NAME pattern=".*\\S.*" title="A name that is more than spaces"/>
                </label>
                <label class="check"><input type="checkbox" name="default" value="yes"/><span>"Open Logs with it"</span></label>
                <button class="button" type="submit">"Save"</button>
                {note}
            </form>
        </details>
    }
    .erase()
}
