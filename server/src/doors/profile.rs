//! One's own account, and the pages that a phone's navigation has no room for.

use app::model::FieldError;
use app::pages::form::{Problems, Sent};
use app::pages::profile::{self as pages, ProfileView, TokenForm};
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use tokio::time::Instant;

use super::users::server_names;
use super::visit::{Answer, Refused, Visit, see};
use crate::people::{Actor, NewFactor, PeopleError};
use crate::perimeter::Key;

/// What a redirect to the profile has to say.
fn said(visit: &Visit) -> Option<&'static str> {
    Some(match visit.parameter("said")?.as_str() {
        "password" => "The password was changed. Every other session has ended.",
        "ended" => "Ended.",
        "factor-off" => "The second factor is off.",
        "revoked" => "Revoked. Whoever still uses it is refused.",
        _ => return None,
    })
}

/// `GET /more`
pub(super) async fn more(visit: Visit) -> Answer {
    Ok(visit.page("More", app::pages::more::more))
}

/// `GET /profile`
pub(super) async fn overview(visit: Visit, actor: Actor) -> Answer {
    let view = view(&visit, &actor).await?;
    Ok(visit.page("Profile", || pages::overview(view, Problems::default(), said(&visit))))
}

async fn view(visit: &Visit, actor: &Actor) -> Result<ProfileView, Refused> {
    let people = &visit.panel.people;
    let profile = visit.people(people.profile(actor).await, "/")?;
    Ok(ProfileView {
        user: profile.user,
        servers: server_names(visit).await?,
        sessions: profile.sessions,
        tokens: visit.people(people.tokens(actor).await, "/")?,
        recovery_codes_left: profile.recovery_codes_left,
        password_until: profile.password_until,
        owes_factor: visit.viewer.owes_factor,
        in_person: actor.session().is_some(),
    })
}

/// `POST /profile/password`
pub(super) async fn change_password(visit: Visit, actor: Actor, body: Bytes) -> Answer {
    let (current, new, again) = passwords(&body);
    let changed = if new == again {
        asked_again(&visit, "current", visit.panel.people.change_own_password(&actor, current, new)).await
    } else {
        Err(PeopleError::Invalid(vec![FieldError::new("again", "expected the same password twice")]))
    };
    let Err(cause) = changed else { return Ok(see("/profile", "password")) };
    let problems = visit.people_problems(cause, "/profile")?;
    let view = view(&visit, &actor).await?;
    Ok(visit.form_again("Profile", || pages::overview(view, Problems(problems), None)))
}

/// Does what only the account's owner may, and only with what they know: whoever found a session open guesses no faster than
/// whoever has none.
async fn asked_again<T>(visit: &Visit, field: &str, what: impl Future<Output = Result<T, PeopleError>>) -> Result<T, PeopleError> {
    let key = Key::Again(visit.viewer.user_id);
    let attempt = visit
        .panel
        .perimeter
        .throttle
        .check(key, Instant::now())
        .map_err(|throttled| PeopleError::Invalid(vec![FieldError::new(field, throttled.to_string())]))?;
    let done = what.await;
    match &done {
        Ok(_) => attempt.succeeded(),
        Err(PeopleError::Invalid(problems)) if problems.iter().any(|problem| ["current", "code"].contains(&problem.field.as_str())) => {}
        Err(_) => attempt.forgiven(),
    }
    done
}

fn passwords(body: &[u8]) -> (String, String, String) {
    (typed(body, "current"), typed(body, "password"), typed(body, "again"))
}

/// A password as it was typed: spaces at its ends count.
fn typed(body: &[u8], field: &str) -> String {
    form_urlencoded::parse(body).find(|(key, _)| key == field).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// `POST /profile/sessions/end`: one of them, or `others`.
pub(super) async fn end_session(visit: Visit, actor: Actor, body: Bytes) -> Answer {
    let people = &visit.panel.people;
    let (which, password) = (Sent::parse(&body).text("session"), typed(&body, "session_password"));
    let ended = asked_again(&visit, "current", async {
        match which.as_str() {
            "others" => people.end_other_sessions(&actor, password).await,
            id => people.end_own_session(&actor, password, id).await,
        }
    });
    let Err(cause) = ended.await else { return Ok(see("/profile", "ended")) };
    let problems = visit.people_problems(cause, "/profile")?;
    // The page asks for the password in two places.
    let problems = problems.into_iter().map(|problem| FieldError::new("session_password", problem.reason)).collect();
    let view = view(&visit, &actor).await?;
    Ok(visit.form_again("Profile", || pages::overview(view, Problems(problems), None)))
}

/// What was shown once is not shown again to whoever reloads.
pub(super) async fn not_again() -> Response {
    Redirect::to("/profile").into_response()
}

/// `POST /profile/two-factor`
pub(super) async fn set_up_factor(visit: Visit, actor: Actor) -> Answer {
    let NewFactor { words, squares, width } = visit.people(visit.panel.people.propose_factor(&actor).await, "/profile")?;
    Ok(visit.page("Second factor", || pages::set_up(words, squares, width, Problems::default())))
}

/// `POST /profile/two-factor/confirm`: the answer is the only place where the recovery codes are ever shown.
pub(super) async fn confirm_factor(visit: Visit, actor: Actor, body: Bytes) -> Answer {
    let (current, ..) = passwords(&body);
    let code = Sent::parse(&body).text("code");
    match asked_again(&visit, "current", visit.panel.people.confirm_factor(&actor, current, &code)).await {
        Ok(codes) => Ok(visit.page("Recovery codes", || pages::recovery_codes(&codes))),
        Err(cause) => {
            let problems = visit.people_problems(cause, "/profile")?;
            let shown = visit.people(visit.panel.people.proposed_factor(&actor).await, "/profile")?;
            let NewFactor { words, squares, width } = shown;
            Ok(visit.form_again("Second factor", || pages::set_up(words, squares, width, Problems(problems))))
        }
    }
}

/// `GET /profile/two-factor/remove`
pub(super) async fn ask_factor_removal(visit: Visit) -> Answer {
    Ok(visit.page("Second factor", || pages::remove_factor(false, Problems::default())))
}

/// `POST /profile/two-factor/remove`
pub(super) async fn remove_factor(visit: Visit, actor: Actor, body: Bytes) -> Answer {
    let (current, ..) = passwords(&body);
    let code = Sent::parse(&body).text("code");
    let removed = asked_again(&visit, "current", visit.panel.people.remove_factor(&actor, current, &code)).await;
    let Err(cause) = removed else { return Ok(see("/profile", "factor-off")) };
    let problems = visit.people_problems(cause, "/profile")?;
    Ok(visit.form_again("Second factor", || pages::remove_factor(false, Problems(problems))))
}

/// `GET /profile/two-factor/codes`
pub(super) async fn ask_codes(visit: Visit) -> Answer {
    Ok(visit.page("Recovery codes", || pages::remove_factor(true, Problems::default())))
}

/// `POST /profile/two-factor/codes`
pub(super) async fn renew_codes(visit: Visit, actor: Actor, body: Bytes) -> Answer {
    let code = Sent::parse(&body).text("code");
    match asked_again(&visit, "code", visit.panel.people.renew_recovery_codes(&actor, &code)).await {
        Ok(codes) => Ok(visit.page("Recovery codes", || pages::recovery_codes(&codes))),
        Err(cause) => {
            let problems = visit.people_problems(cause, "/profile")?;
            Ok(visit.form_again("Recovery codes", || pages::remove_factor(true, Problems(problems))))
        }
    }
}

/// `GET /profile/tokens/new`
pub(super) async fn blank_token(visit: Visit) -> Answer {
    let servers = server_names(&visit).await?;
    Ok(visit.page("New API token", || pages::new_token(&TokenForm::blank(), &servers, Problems::default())))
}

/// `POST /profile/tokens/new`: the answer is the only place where the token is ever shown.
pub(super) async fn create_token(visit: Visit, actor: Actor, body: Bytes) -> Answer {
    let form = TokenForm::sent(&Sent::parse(&body));
    let problems = match form.draft(visit.now()) {
        Ok(draft) => match visit.panel.people.add_token(&actor, draft).await {
            Ok((made, token)) => {
                let token = token.text().to_owned();
                return Ok(visit.page("Token", || pages::token_secret(&made.name, token, "/profile".to_owned(), "Profile")));
            }
            Err(cause) => visit.people_problems(cause, "/profile")?,
        },
        Err(problems) => problems,
    };
    let servers = server_names(&visit).await?;
    Ok(visit.form_again("New API token", || pages::new_token(&form, &servers, Problems(problems))))
}

/// `POST /profile/tokens/{id}/revoke`
pub(super) async fn revoke_token(visit: Visit, actor: Actor, Path(id): Path<String>) -> Answer {
    let id = visit.id(&id)?;
    visit.people(visit.panel.people.revoke_token(&actor, id).await, "/profile")?;
    Ok(see("/profile", "revoked"))
}
