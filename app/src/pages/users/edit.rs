//! A user as a form.

use leptos::prelude::*;

use crate::components::{Erase, Piece};
use crate::model::{FieldError, Named, Role, User, UserDraft};
use crate::pages::document::{back_link, fact};
use crate::pages::form::{Choice, Problems, Sent, Text, check_box, check_value, choice, group, problem_summary, text};

/// The fields as somebody filled them in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserForm {
    pub username: String,
    pub email: String,
    pub role: String,
    pub servers: Vec<String>,
    pub enabled: bool,
}

impl UserForm {
    /// A form that nobody has touched.
    pub fn blank() -> Self {
        Self { role: "viewer".to_owned(), enabled: true, ..Self::default() }
    }

    pub fn of(user: &User) -> Self {
        Self {
            username: user.username.clone(),
            email: user.email.clone().unwrap_or_default(),
            role: user.role.clone(),
            servers: user.servers.iter().map(ToString::to_string).collect(),
            enabled: user.enabled,
        }
    }

    /// `known` is the name of a user who is there already.
    pub fn sent(sent: &Sent, known: Option<&str>) -> Self {
        Self {
            username: known.map_or_else(|| sent.text("username"), str::to_owned),
            email: sent.text("email"),
            role: sent.text("role"),
            servers: sent.all("servers"),
            enabled: known.is_none() || sent.has("enabled"),
        }
    }

    /// The user it describes, or everything that is wrong with it.
    pub fn draft(&self) -> Result<UserDraft, Vec<FieldError>> {
        let (servers, odd): (Vec<_>, Vec<_>) = self.servers.iter().map(|id| id.parse().map_err(|_| id)).partition(Result::is_ok);
        let draft = UserDraft {
            username: self.username.clone(),
            email: Some(self.email.clone()).filter(|email| !email.is_empty()),
            role: self.role.clone(),
            servers: servers.into_iter().filter_map(Result::ok).collect(),
            enabled: self.enabled,
        };
        let mut problems = draft.problems();
        problems.extend(odd.first().map(|_| FieldError::new("servers", "expected servers of the list")));
        if problems.is_empty() { Ok(draft) } else { Err(problems) }
    }
}

/// `/users/new` and `/users/<id>/edit`: `id` is absent for a new one. `roles` are those that the viewer may give.
pub fn edit(id: Option<i64>, form: &UserForm, roles: &[Role], servers: &[Named], problems: Problems) -> Piece {
    let problems = &problems.in_order(&["username", "email", "role", "servers", "enabled"]);
    let (title, action, back, save) = match id {
        None => ("Add a user", "/users/new".to_owned(), "/users".to_owned(), "Add user"),
        Some(id) => ("Edit user", format!("/users/{id}/edit"), format!("/users/{id}"), "Save"),
    };
    let name = match id {
        None => text(
            Text {
                label: "User name",
                name: "username",
                value: &form.username,
                required: true,
                hint: Some("To sign in with. Chosen once: entries in Logs name it."),
                ..Text::default()
            },
            problems,
        ),
        Some(_) => view! { <dl class="facts facts--stack">{fact("User name", Some(form.username.clone().erase()))}</dl> }.erase(),
    };
    let option = |role: &Role| (role.name.clone(), role.name.clone());
    let server = |server: &Named| {
        let id = server.id.to_string();
        check_value(&server.name, "servers", &id, form.servers.contains(&id), None)
    };
    // A server that was removed still limits: with its box gone, saving the form would let the user see everything.
    let is_removed = |id: &&String| servers.iter().all(|server| server.id.to_string() != **id);
    let removed = |id: &String| check_value(&format!("#{id} (removed)"), "servers", id, true, None);
    let boxes: Vec<_> = servers.iter().map(server).chain(form.servers.iter().filter(is_removed).map(removed)).collect();
    let limits = if boxes.is_empty() {
        ().into_any().erase()
    } else {
        group("Limited to servers", "servers", Some("None ticked: every server, and the panel's own entries in Logs."), boxes, problems)
    };
    let enabled = id.map(|_| {
        check_box("May sign in", "enabled", form.enabled, Some("Without it every session ends and no token works; nothing is forgotten."))
    });
    let after = id.is_none().then(|| view! { <p class="field__hint">"Tailback makes a password and shows it once, on the next page."</p> });
    view! {
        {back_link(back.clone(), if id.is_some() { "Back to the user" } else { "Users" })}
        <h1 class="page-title">{title}</h1>
        {problem_summary(problems, label_of)}
        <form class="form" method="post" action=action novalidate=true>
            {name}
            {text(Text { label: "Email", name: "email", value: &form.email, hint: Some("Where news about backups goes."), ..Text::default() }, problems)}
            {choice(Choice { label: "Role", name: "role", value: &form.role, options: roles.iter().map(option).collect(), hint: Some("What the user may do. Only roles that hold no more than yours are offered.") }, problems)}
            {limits}
            {enabled}
            {after}
            <div class="form__actions">
                <a class="button" href=back>"Cancel"</a>
                <button class="button button--primary" type="submit">{save}</button>
            </div>
        </form>
    }
    .erase()
}

fn label_of(field: &str) -> String {
    match field {
        "username" => "User name",
        "email" => "Email",
        "role" => "Role",
        "servers" => "Servers",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_a_user_or_every_problem_at_once() {
        let sent = Sent::parse(b"username=grace&role=viewer&servers=3&servers=5&email=");
        let draft = UserForm::sent(&sent, None).draft().unwrap();
        assert_eq!((draft.servers, draft.email, draft.enabled), (vec![3, 5], None, true));
        let sent = Sent::parse(b"username=other&role=viewer&servers=x&email=nobody");
        let form = UserForm::sent(&sent, Some("grace"));
        assert_eq!((form.username.as_str(), form.enabled), ("grace", false));
        let fields: Vec<_> = form.draft().unwrap_err().into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["email", "servers"]);
    }
}
