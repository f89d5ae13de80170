//! Everything about one's own account on one page.

use leptos::prelude::*;

use super::tokens::token_list;
use crate::components::{Erase, Piece, Tone, format, notice};
use crate::model::{ApiToken, Named, OpenSession, Timestamp, User};
use crate::pages::document::{ago, fact, flash, moment};
use crate::pages::form::{Problems, Text, problem_summary, text};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct ProfileView {
    pub user: User,
    pub servers: Vec<Named>,
    pub sessions: Vec<OpenSession>,
    pub tokens: Vec<ApiToken>,
    pub recovery_codes_left: i64,
    /// Until when the password is good, if the panel has made it.
    pub password_until: Option<Timestamp>,
    /// Nothing else opens before a second factor is set up.
    pub owes_factor: bool,
    /// Whether it is a person that asks: tokens change nothing here.
    pub in_person: bool,
}

/// `/profile`
pub fn overview(view: ProfileView, problems: Problems, said: Option<&str>) -> Piece {
    let problems = &problems.in_order(&["current", "password", "again", "session_password"]);
    let ProfileView { user, servers, sessions, tokens, recovery_codes_left, password_until, owes_factor, in_person } = view;
    let scope = if user.servers.is_empty() { "all".to_owned() } else { format::counted(user.servers.len(), "server", "servers") };
    view! {
        <header class="page-header"><h1 class="page-title">{user.username.clone()}</h1></header>
        {flash(said)}
        {owes_factor.then(demand)}
        {password_until.map(choose_another)}
        {problem_summary(problems, label_of)}
        <dl class="facts facts--page">
            {fact("Role", Some(user.role.clone().erase()))}
            {fact("Servers", Some(scope.erase()))}
            {fact("Email", user.email.clone().map(Erase::erase))}
        </dl>
        {in_person.then(|| password_form(problems))}
        {in_person.then(|| second_factor(user.two_factor, recovery_codes_left))}
        {in_person.then(|| session_list(sessions, problems))}
        {token_list(tokens, &servers)}
    }
    .erase()
}

fn demand() -> Piece {
    let text = "Set it up below. Until then nothing else opens.";
    notice(Tone::Warning, "This panel demands a second factor", text.erase())
}

fn choose_another(until: Timestamp) -> Piece {
    let body = view! { <p>"Choose one of your own below. This one is good until "{moment(until)}"."</p> };
    notice(Tone::Warning, "Your password was made for you", body.erase())
}

fn password_form(problems: &Problems) -> Piece {
    let field = |label, name, autocomplete, hint| {
        text(Text { label, name, required: true, secret: true, autocomplete: Some(autocomplete), hint, ..Text::default() }, problems)
    };
    view! {
        <section class="section" aria-labelledby="password">
            <h2 class="section__title" id="password">"Password"</h2>
            <form class="form form--short" method="post" action="/profile/password" novalidate=true>
                {field("Current password", "current", "current-password", None)}
                {field("New password", "password", "new-password", Some("At least 12 characters; a few words are easy to remember."))}
                {field("New password again", "again", "new-password", None)}
                <div>
                    <button class="button" type="submit">"Change password"</button>
                    <p class="field__hint">"Every other session ends."</p>
                </div>
            </form>
        </section>
    }
    .erase()
}

fn second_factor(on: bool, left: i64) -> Piece {
    let state = if on {
        let codes = format::counted(usize::try_from(left).unwrap_or_default(), "recovery code", "recovery codes");
        view! {
            <p class="section__lead">{format!("On: signing in asks for a code. You have {codes} left.")}</p>
            <p class="row"><a class="button" href="/profile/two-factor/codes">"New recovery codes"</a><a class="button" href="/profile/two-factor/remove">"Turn off"</a></p>
        }
        .erase()
    } else {
        view! {
            <p class="section__lead">"Off. With it, signing in also asks for a code from an app on your phone, so that a stolen password is not enough."</p>
            <form method="post" action="/profile/two-factor"><button class="button" type="submit">"Set up"</button></form>
        }
        .erase()
    };
    view! {
        <section class="section" aria-labelledby="factor">
            <h2 class="section__title" id="factor">"Second factor"</h2>
            {state}
        </section>
    }
    .erase()
}

/// One form with one password: each button says which session it ends.
fn session_list(sessions: Vec<OpenSession>, problems: &Problems) -> Piece {
    let others = sessions.iter().filter(|session| !session.current).count();
    let password = Text {
        label: "Your password",
        name: "session_password",
        required: true,
        secret: true,
        autocomplete: Some("current-password"),
        hint: Some("To end a session, so that nobody else ends yours."),
        ..Text::default()
    };
    let form = (others > 0).then(|| {
        view! {
            <form class="form form--short" id="end-sessions" method="post" action="/profile/sessions/end" novalidate=true>
                {text(password, problems)}
                <div><button class="button" type="submit" name="session" value="others">"End all others"</button></div>
            </form>
        }
    });
    let line = |session: OpenSession| {
        let end = if session.current {
            view! { <span class="cell__note">"this one"</span> }.erase()
        } else {
            let name = format!("End the session of {} from {}", session.browser, session.address);
            view! { <button class="button" type="submit" form="end-sessions" name="session" value=session.id aria-label=name>"End"</button> }.erase()
        };
        view! {
            <tr role="row">
                <th scope="row" role="rowheader" data-label="Browser">{session.browser}</th>
                <td role="cell" data-label="From"><span class="cell__note--mono">{session.address}</span></td>
                <td role="cell" data-label="Signed in">{moment(session.created_at)}</td>
                <td role="cell" data-label="Last used">{ago(session.last_seen_at)}</td>
                <td role="cell">{end}</td>
            </tr>
        }
        .erase()
    };
    view! {
        <section class="section" aria-labelledby="sessions">
            <h2 class="section__title" id="sessions">"Sessions"</h2>
            <p class="section__lead">"A session ends after twelve hours without use, and after a week in any case."</p>
            <table class="table" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th scope="col" role="columnheader">"Browser"</th>
                        <th scope="col" role="columnheader">"From"</th>
                        <th scope="col" role="columnheader">"Signed in"</th>
                        <th scope="col" role="columnheader">"Last used"</th>
                        <th scope="col" role="columnheader"><span class="unseen">"End"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{sessions.into_iter().map(line).collect_view()}</tbody>
            </table>
            {form}
        </section>
    }
    .erase()
}

fn label_of(field: &str) -> String {
    match field {
        "current" => "Current password",
        "password" => "New password",
        "again" => "New password again",
        "session_password" => "Your password",
        other => other,
    }
    .to_owned()
}
