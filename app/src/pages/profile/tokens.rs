//! Tokens of the API: listed without their secrets, made, shown once.

use leptos::prelude::*;

use crate::components::{Erase, Piece, Tone, format, notice};
use crate::model::{ApiToken, FieldError, Named, Permission, Timestamp, TokenDraft};
use crate::pages::document::{ago, back_link, copyable, moment};
use crate::pages::form::{Choice, Problems, Sent, Text, check_value, choice, group, problem_summary, text};
use crate::pages::roles::{AREAS, Area, words_of};
use crate::site::use_page;

const DAY_MS: i64 = 86_400_000;

/// The fields as somebody filled them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenForm {
    pub name: String,
    /// Days; empty = never.
    pub expires: String,
    pub permissions: Vec<Permission>,
    pub servers: Vec<String>,
}

impl TokenForm {
    /// A form that nobody has touched.
    pub fn blank() -> Self {
        Self { name: String::new(), expires: "90".to_owned(), permissions: Vec::new(), servers: Vec::new() }
    }

    pub fn sent(sent: &Sent) -> Self {
        Self {
            name: sent.text("name"),
            expires: sent.text("expires"),
            permissions: sent.all("permissions").iter().filter_map(|name| name.parse().ok()).collect(),
            servers: sent.all("servers"),
        }
    }

    /// The token it describes, or what is wrong with it.
    pub fn draft(&self, now: Timestamp) -> Result<TokenDraft, Vec<FieldError>> {
        let mut problems = Vec::new();
        let days: Option<i64> = match self.expires.as_str() {
            "" => None,
            days => days.parse().ok().filter(|days| (1..=3650).contains(days)).or_else(|| {
                problems.push(FieldError::new("expires", "expected a number of days"));
                None
            }),
        };
        let draft = TokenDraft {
            name: self.name.clone(),
            permissions: Some(self.permissions.clone()).filter(|permissions| !permissions.is_empty()),
            servers: self.servers.iter().filter_map(|id| id.parse().ok()).collect(),
            schedule_id: None,
            expires_at: days.map(|days| now.plus_millis(days * DAY_MS)),
        };
        problems.extend(draft.problems(now));
        if draft.servers.len() != self.servers.len() {
            problems.push(FieldError::new("servers", "expected servers of the list"));
        }
        if problems.is_empty() { Ok(draft) } else { Err(problems) }
    }
}

/// The section of the profile.
pub(super) fn token_list(tokens: Vec<ApiToken>, servers: &[Named]) -> Piece {
    let table = if tokens.is_empty() {
        view! { <p class="section__empty">"No tokens. A token lets a program act for you through the API."</p> }.erase()
    } else {
        view! {
            <table class="table" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th scope="col" role="columnheader">"Token"</th>
                        <th scope="col" role="columnheader">"May"</th>
                        <th scope="col" role="columnheader">"Servers"</th>
                        <th scope="col" role="columnheader">"Made"</th>
                        <th scope="col" role="columnheader">"Last used"</th>
                        <th scope="col" role="columnheader">"Expires"</th>
                        <th scope="col" role="columnheader"><span class="unseen">"Revoke"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{tokens.into_iter().map(|token| line(token, servers)).collect_view()}</tbody>
            </table>
        }
        .erase()
    };
    view! {
        <section class="section" aria-labelledby="tokens">
            <h2 class="section__title" id="tokens">"API tokens"</h2>
            {table}
            <p><a class="button" href="/profile/tokens/new">"New token"</a></p>
        </section>
    }
    .erase()
}

fn line(token: ApiToken, servers: &[Named]) -> Piece {
    let now = use_page().get().now;
    let may = match (&token.permissions, token.schedule_id) {
        (_, Some(id)) => view! { "report runs of "<a href=format!("/schedules/{id}")>"its schedule"</a> }.erase(),
        (None, None) => "all that you may".erase(),
        (Some(permissions), None) => {
            let words = permissions.iter().map(|permission| words_of(*permission).0).collect::<Vec<_>>().join(", ");
            view! { <span title=words>{format::counted(permissions.len(), "permission", "permissions")}</span> }.erase()
        }
    };
    let name = |id: &i64| servers.iter().find(|server| server.id == *id).map_or_else(|| format!("#{id}"), |server| server.name.clone());
    let limits = match token.servers.as_slice() {
        [] => "all of yours".to_owned(),
        ids => ids.iter().map(name).collect::<Vec<_>>().join(", "),
    };
    let expires = match token.expires_at {
        None => "never".erase(),
        Some(at) if at <= now => view! { <span class="cell__problem">"expired"</span> }.erase(),
        Some(at) => moment(at),
    };
    let label = format!("Revoke {}", token.name);
    view! {
        <tr role="row">
            <th scope="row" role="rowheader" data-label="Token">{token.name}</th>
            <td role="cell" data-label="May">{may}</td>
            <td role="cell" data-label="Servers">{limits}</td>
            <td role="cell" data-label="Made">{moment(token.created_at)}</td>
            <td role="cell" data-label="Last used">{token.last_used_at.map_or_else(|| "never".erase(), ago)}</td>
            <td role="cell" data-label="Expires">{expires}</td>
            <td role="cell">
                <form method="post" action=format!("/profile/tokens/{}/revoke", token.id)>
                    <button class="button" type="submit" aria-label=label>"Revoke"</button>
                </form>
            </td>
        </tr>
    }
    .erase()
}

/// `/profile/tokens/new`
pub fn new_token(form: &TokenForm, servers: &[Named], problems: Problems) -> Piece {
    let page = use_page();
    let problems = &problems.in_order(&["name", "expires", "permissions", "servers"]);
    let expiry = [("30", "in 30 days"), ("90", "in 90 days"), ("365", "in a year"), ("", "never")];
    let options = expiry.into_iter().map(|(value, word)| (value.to_owned(), word.to_owned())).collect();
    let none = Problems::default();
    let area = |(n, area): (usize, &Area)| {
        let offered = area.permissions.iter().copied().filter(|permission| page.may(*permission));
        let boxes: Vec<_> = offered
            .map(|permission| {
                check_value(words_of(permission).0, "permissions", &permission.to_string(), form.permissions.contains(&permission), None)
            })
            .collect();
        (!boxes.is_empty()).then(|| group(area.name, &format!("area{n}"), None, boxes, &none))
    };
    let areas: Vec<_> = AREAS.iter().enumerate().filter_map(area).collect();
    let server = |server: &Named| {
        let id = server.id.to_string();
        check_value(&server.name, "servers", &id, form.servers.contains(&id), None)
    };
    let boxes: Vec<_> = servers.iter().map(server).collect();
    let limits =
        (!boxes.is_empty()).then(|| group("Limited to servers", "servers", Some("None ticked: all that you see."), boxes, problems));
    view! {
        {back_link("/profile".to_owned(), "Profile")}
        <h1 class="page-title">"New API token"</h1>
        {problem_summary(problems, label_of)}
        <form class="form" method="post" action="/profile/tokens/new" novalidate=true>
            {text(Text { label: "Name", name: "name", value: &form.name, required: true, hint: Some("What it is for."), ..Text::default() }, problems)}
            {choice(Choice { label: "Expires", name: "expires", value: &form.expires, options, hint: None }, problems)}
            <div class="form__section">
                <h2 class="form__title">"What it may do"</h2>
                <p class="field__hint">"None ticked: all that you may. It never does more than you may at that moment."</p>
                <div class="areas">{areas}</div>
            </div>
            {limits}
            <div class="form__actions">
                <a class="button" href="/profile">"Cancel"</a>
                <button class="button button--primary" type="submit">"Make token"</button>
            </div>
        </form>
    }
    .erase()
}

/// A token that was just made: the only time that it is shown.
pub fn token_secret(name: &str, token: String, back: String, back_words: &str) -> Piece {
    let body = view! { <p>"This page is the only place where it is ever shown. Whoever has it can do what it may do."</p> };
    view! {
        {back_link(back.clone(), back_words.to_owned())}
        <h1 class="page-title">{format!("Token {name}")}</h1>
        <div class="notice--narrow">{notice(Tone::Warning, "Copy the token now", body.erase())}</div>
        {copyable("token", "Token", token)}
        <p class="section"><a class="button" href=back>"Done"</a></p>
    }
    .erase()
}

fn label_of(field: &str) -> String {
    match field {
        "name" => "Name",
        "expires" => "Expires",
        "permissions" => "What it may do",
        "servers" => "Servers",
        other => other,
    }
    .to_owned()
}
