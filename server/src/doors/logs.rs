//! Logs: the page, a row's remote log as a file, saved views.

use std::collections::BTreeSet;

use app::model::{FieldError, LogQuery, Named, Permission, SavedView};
use app::pages::form::Sent;
use app::pages::logs::{self as pages, Choice, Choices, LogsAddress, LogsView, OpenEntry};
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::clearing::said_cleared;
use super::visit::{Answer, Refused, Visit};
use crate::history::Overview;
use crate::store::names::{self, Known};
use crate::store::views;

/// As many as fit a list that one still reads.
const MOST_VIEWS: i64 = 50;

const LONGEST_NAME: usize = 60;

/// More than fit a screen; older ones come when one gets there.
const ROWS_OF_PAGE: u32 = 50;

/// `GET /logs`
pub(super) async fn show(visit: Visit) -> Answer {
    let database = &visit.panel.database;
    if visit.query().is_empty()
        && let Some(query) = visit.read(views::default_query(database, visit.viewer.user_id).await)?
    {
        return Ok(Redirect::to(&format!("/logs?{query}")).into_response());
    }
    let address = LogsAddress::parse(visit.query());
    let saved = async { visit.read(views::list(database, visit.viewer.user_id).await) };
    let read = tokio::try_join!(rows(&visit, &address), open_entry(&visit, &address), choices(&visit), saved);
    let (shown, open, choices, views) = read?;
    let status = if shown.is_ok() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let (shown, histogram, by_status) = match shown {
        Ok(Overview { page, histogram, by_status }) => (Ok(page), histogram, by_status),
        Err(problems) => (Err(problems), None, None),
    };
    let (proof, said) = (visit.panel.proof.borrow().clone(), said(&visit, &views));
    let view = LogsView { page: shown, histogram, by_status, open, choices, views, proof, said, address };
    Ok(visit.page_with(status, "Logs", || pages::logs(view)))
}

/// The rows, or every mistake in what was asked for.
async fn rows(visit: &Visit, address: &LogsAddress) -> Result<Result<Overview, Vec<FieldError>>, Refused> {
    let (viewer, history) = (&visit.viewer, &visit.panel.history);
    if let Some(id) = address.around() {
        let page = visit.read(history.around(viewer, id).await)?;
        return Ok(Ok(Overview { page, histogram: None, by_status: None }));
    }
    let mut query = match LogQuery::parse(address.query()) {
        Ok(query) => query,
        Err(problems) => return Ok(Err(problems)),
    };
    if address.given("limit").is_none() {
        query.limit = ROWS_OF_PAGE;
    }
    visit.read(history.overview(viewer, query, visit.now()).await).map(Ok)
}

/// The row whose message is open, and the next to it: nothing where none is asked for, nobody where there is none.
async fn open_entry(visit: &Visit, address: &LogsAddress) -> Result<Option<Option<OpenEntry>>, Refused> {
    let Some(id) = address.entry() else { return Ok(None) };
    let history = &visit.panel.history;
    let Some(found) = visit.read(history.find(&visit.viewer, id).await)? else { return Ok(Some(None)) };
    let (newer, older) = visit.read(history.neighbours(&visit.viewer, &address.filter(), id).await)?;
    Ok(Some(Some(OpenEntry { found, newer, older })))
}

/// Anybody can write a URL: it chooses what is said, and of a view's name only which of one's own it is.
fn said(visit: &Visit, views: &[SavedView]) -> Option<String> {
    let said = visit.parameter("said")?;
    Some(match said.as_str() {
        "view-saved" => "The view is saved.".to_owned(),
        "view-changed" => "Changed.".to_owned(),
        "view-deleted" => "The view is deleted.".to_owned(),
        _ => match said.strip_prefix(VIEW_REPLACED) {
            Some(id) => format!("The view {} has this filter now.", views.iter().find(|view| view.id.to_string() == id)?.name),
            None => return said_cleared(visit),
        },
    })
}

const VIEW_REPLACED: &str = "view-replaced-";

/// What the filters offer: what the viewer sees. Whoever may not see the page of servers still filters by their names.
async fn choices(visit: &Visit) -> Result<Choices, Refused> {
    let (database, scope) = (&visit.panel.database, &visit.viewer.scope);
    let (servers, places): (Vec<_>, Vec<_>) = visit.read(names::servers(database, scope).await)?.into_iter().unzip();
    let schedules = visit.read(names::schedules(database, scope).await)?;
    let sorted = |names: Vec<Option<String>>| names.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
    let (regions, accounts) = places.into_iter().map(|place| (place.region, place.account)).unzip();
    Ok(Choices { servers: choice(servers), schedules: choice(schedules), regions: sorted(regions), accounts: sorted(accounts) })
}

fn choice(known: Vec<Known>) -> Choice {
    let (removed, present): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.is_removed);
    let named = |known: Vec<Known>| known.into_iter().map(|Known { id, name, .. }| Named { id, name }).collect();
    Choice { present: named(present), removed: named(removed) }
}

/// `GET /logs/{id}/detail.txt`
pub(super) async fn detail_file(visit: Visit, Path(id): Path<String>) -> Answer {
    visit.require(Permission::ViewBackupLogsPage)?;
    let id = visit.id(&id)?;
    let found = visit.found(visit.panel.history.find(&visit.viewer, id).await)?;
    let text = found.detail.ok_or_else(|| visit.not_found())?;
    let name =
        HeaderValue::from_str(&format!("attachment; filename=\"tailback-{id}.txt\"")).unwrap_or(HeaderValue::from_static("attachment"));
    let headers: [(HeaderName, HeaderValue); 2] =
        [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, text).into_response())
}

/// `POST /logs/views`
pub(super) async fn save_view(visit: Visit, body: Bytes) -> Answer {
    let sent = Sent::parse(&body);
    let name = crate::audit::clean_line(sent.text("name").trim());
    let parsed = LogQuery::parse(&sent.text("query"));
    // A view of everything would lead from Logs to Logs for ever, were it the first.
    let query = parsed.map(|query| query.filter.to_query()).ok().filter(|query| !query.is_empty());
    let (Some(query), false) = (&query, name.is_empty() || name.chars().count() > LONGEST_NAME) else {
        let reason = format!("A view needs a name of 1 to {LONGEST_NAME} characters and a filter that can be applied.");
        return Err(visit.conflict(reason, format!("/logs?{}", query.as_deref().unwrap_or("status="))));
    };
    let owner = visit.viewer.user_id;
    let saved = async {
        let mut tx = visit.panel.database.begin().await?;
        let is_known = views::is_known(&mut tx, owner, &name).await?;
        let id = views::save(&mut tx, owner, &name, query).await?;
        // One of this name got the new filter; only another one may be too many, and is not kept.
        if views::count(&mut tx, owner).await? > MOST_VIEWS {
            return Ok(None);
        }
        if !sent.text("default").is_empty() {
            views::open_with(&mut tx, owner, Some(id)).await?;
        }
        tx.commit().await?;
        Ok(Some(if is_known { format!("{VIEW_REPLACED}{id}") } else { "view-saved".to_owned() }))
    };
    match visit.read(saved.await)? {
        Some(said) => Ok(to(query, &said)),
        None => Err(visit.conflict(format!("You have {MOST_VIEWS} views. Delete one first."), format!("/logs?{query}"))),
    }
}

/// `POST /logs/views/{id}`
pub(super) async fn change_view(visit: Visit, Path(id): Path<String>, body: Bytes) -> Answer {
    let (id, sent, owner) = (visit.id(&id)?, Sent::parse(&body), visit.viewer.user_id);
    let known = visit.read(views::list(&visit.panel.database, owner).await)?;
    let Some(known) = known.into_iter().find(|known| known.id == id) else { return Err(visit.not_found()) };
    let deletes = !sent.text("delete").is_empty();
    let changed = async {
        let mut tx = visit.panel.database.begin().await?;
        if deletes {
            views::remove(&mut tx, owner, id).await?;
        } else {
            views::open_with(&mut tx, owner, (sent.text("default") == "yes").then_some(id)).await?;
        }
        tx.commit().await
    };
    visit.read(changed.await)?;
    Ok(to(&known.query, if deletes { "view-deleted" } else { "view-changed" }))
}

fn to(query: &str, said: &str) -> Response {
    Redirect::to(&format!("/logs?{query}&said={said}")).into_response()
}
