//! The question before a schedule is removed.

use leptos::prelude::*;

use crate::components::{Erase, Icon, Piece, icon};
use crate::pages::document::back_link;

/// `/schedules/<id>/delete`
pub fn remove(id: i64, name: &str) -> Piece {
    let back = format!("/schedules/{id}");
    view! {
        {back_link(back.clone(), name.to_owned())}
        <h1 class="page-title">{format!("Delete {name}?")}</h1>
        <ul class="consequences">
            <li>{icon(Icon::CrossInCircle)}<span>"Goes: the schedule. Nothing is run, watched or expected by it any more."</span></li>
            <li>{icon(Icon::Tick)}<span>"Stays: every point and every file on its destinations, its runs, and its entries in Logs. No backup is touched, and no retention removes any from now on."</span></li>
        </ul>
        <form class="form__actions" method="post" action=format!("/schedules/{id}/delete")>
            <a class="button" href=back>"Keep it"</a>
            <button class="button button--danger" type="submit">"Delete schedule"</button>
        </form>
    }
    .erase()
}
