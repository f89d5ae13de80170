//! Logs: the history of everything, filtered by its URL. Every view is a link; forms are plain GET forms; the script loads older
//! rows and messages in place.

mod address;
mod density;
mod detail;
mod filter_fields;
mod filter_form;
mod histogram;
mod message_log;
mod quick_ranges;
mod results;
mod row;
mod views;

use std::collections::BTreeMap;

use leptos::prelude::*;

pub use self::address::LogsAddress;
use self::filter_form::filter_form;
use self::histogram::histogram_view;
pub use self::message_log::OpenEntry;
use self::message_log::message_log;
use self::results::{bad_filter, results};
use self::views::saved_views;
use crate::components::{Erase, Icon, Piece, Tone, format, icon, notice};
use crate::model::{FieldError, Histogram, LogPage, LogStatus, Named, Permission, SavedView, Timestamp};
use crate::pages::document::{flash, moment};
use crate::site::use_page;

/// What the server has read for the page.
pub struct LogsView {
    pub address: LogsAddress,
    /// The rows, or what is wrong with the filter.
    pub page: Result<LogPage, Vec<FieldError>>,
    /// The rows over time; the text says why there is no picture.
    pub histogram: Option<Result<Histogram, String>>,
    /// Rows of each status that all but the choice of statuses gives, where that is known.
    pub by_status: Option<BTreeMap<LogStatus, i64>>,
    /// The row whose message is open: what was found of it.
    pub open: Option<Option<OpenEntry>>,
    pub choices: Choices,
    pub views: Vec<SavedView>,
    /// How much of the trail was proved last.
    pub proof: Option<Proof>,
    /// What was just done.
    pub said: Option<String>,
}

/// What the filters can be chosen from.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    pub servers: Choice,
    pub schedules: Choice,
    pub regions: Vec<String>,
    pub accounts: Vec<String>,
}

/// Those that there are, and those that are gone but have left rows.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub present: Vec<Named>,
    pub removed: Vec<Named>,
}

/// Up to which row, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proved {
    pub up_to: i64,
    pub at: Timestamp,
}

/// What the last look at the chain of the trail found.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The first walk since the panel began has come so far.
    Going(Proved),
    /// The trail could not be read to its end.
    Unknown {
        at: Timestamp,
    },
    /// All rows were proved in one walk, and then those that were written since.
    Sound {
        whole: Proved,
        newest: Proved,
    },
    Broken {
        id: i64,
        why: String,
        at: Timestamp,
    },
}

/// `/logs?from=…&to=…&status=…&q=…&before=…&entry=…`, or `/logs?around=…`
pub fn logs(view: LogsView) -> Piece {
    let LogsView { address, page, histogram, by_status, open, choices, views, proof, said } = view;
    let may_clear = use_page().may(Permission::ClearBackupLogs);
    let below = match &page {
        Ok(page) => view! {
            {histogram.map(|histogram| histogram_view(&address, histogram))}
            {results(&address, page, proof.clone().and_then(sound_note))}
        }
        .erase(),
        Err(problems) => bad_filter(&address, problems),
    };
    let dialog = open.map(|open| message_log(&address, open));
    let problems = page.as_ref().err().map(Vec::as_slice).unwrap_or_default();
    // A file has what a filter gives.
    let is_filtered = page.is_ok() && address.around().is_none();
    view! {
        <header class="page-header">
            <h1 class="page-title">"Logs"</h1>
            <p class="page-header__note">"Times in "{use_page().get().time_zone_note()}</p>
            <div class="page-header__actions">
                {page.as_ref().ok().filter(|_| is_filtered).map(|page| export_menu(&address, page))}
                {may_clear.then(|| view! { <a class="button" href="/logs/clear">"Clear backup logs"</a> })}
            </div>
        </header>
        {flash(said.as_deref())}
        {proof.as_ref().and_then(broken_notice)}
        {saved_views(&address, &views, page.is_ok())}
        {filter_form(&address, problems, &choices, by_status.as_ref())}
        {below}
        {dialog}
    }
    .erase()
}

/// Files of exactly what the filter gives.
fn export_menu(address: &LogsAddress, page: &LogPage) -> Piece {
    // The answer says that it is a file; one that refuses is a page that says why.
    let link =
        |kind: &'static str, word: &'static str| view! { <li><a class="menu__item" href=address.export_href(kind)>{word}</a></li> }.erase();
    let least = if page.total_is_exact { "" } else { "At least " };
    view! {
        <details class="menu">
            <summary class="button">{icon(Icon::ArrowDown)}"Export"</summary>
            <ul class="menu__items" aria-label="Export these rows as">
                <li class="menu__note">{format!("{least}{}", format::rows(page.total))}</li>
                {link("csv", "CSV")}{link("ndjson", "NDJSON")}{link("xlsx", "XLSX")}
            </ul>
        </details>
    }
    .erase()
}

/// How far the trail was found to be what was written.
fn sound_note(proof: Proof) -> Option<Piece> {
    let (whole, newest) = match proof {
        Proof::Sound { whole, newest } => (whole, newest),
        Proof::Going(Proved { up_to, at }) => {
            let words = format!("Verified up to row {up_to} at ");
            return Some(view! { <p class="proof-note">{icon(Icon::Clock)}<span>{words}{moment(at)}", and going on"</span></p> }.erase());
        }
        Proof::Unknown { .. } | Proof::Broken { .. } => return None,
    };
    let whole = if whole.up_to > 0 { whole } else { newest };
    (whole.up_to > 0).then(|| {
        let words = format!("Verified up to row {}", whole.up_to);
        let since =
            (newest.up_to > whole.up_to).then(|| view! { {format!(", from there up to row {}", newest.up_to)}" at "{moment(newest.at)} });
        view! { <p class="proof-note">{icon(Icon::Tick)}<span>{words}" at "{moment(whole.at)}{since}</span></p> }.erase()
    })
}

fn broken_notice(proof: &Proof) -> Option<Piece> {
    let (id, why, at) = match proof {
        Proof::Broken { id, why, at } => (id, why, at),
        Proof::Unknown { at } => {
            let body = view! {
                <p>"The trail could not be read to its end at "{moment(*at)}", so whether it is what was written is not known. It is tried again every minute; "<code>"tailback verify"</code>" says more."</p>
            };
            return Some(view! { <div role="alert">{notice(Tone::Warning, "The trail is not verified", body.erase())}</div> }.erase());
        }
        Proof::Going(_) | Proof::Sound { .. } => return None,
    };
    let body = view! {
        <p><a href=format!("/logs?status=&entry={id}")>{format!("Row {id}")}</a>{format!(": {why}.")}</p>
        <p>"Found at "{moment(*at)}". What comes before this row is as it was written. Run "<code>"tailback verify"</code>" to look again."</p>
    };
    Some(view! { <div role="alert">{notice(Tone::Error, "The trail is not what was written", body.erase())}</div> }.erase())
}
