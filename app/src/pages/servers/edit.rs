//! A server as a form: what is filled in, what it means, what is wrong with it.

use leptos::prelude::*;

use crate::components::{Erase, Piece};
use crate::model::{FieldError, Server, ServerDraft};
use crate::pages::document::back_link;
use crate::pages::form::{Problems, Sent, Text, multiline, number, problem_summary, text};

/// The fields as somebody filled them in. The private key is read and never shown again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerForm {
    pub name: String,
    pub host: String,
    pub port: String,
    pub user: String,
    pub region: String,
    pub account: String,
    pub host_key: String,
    pub private_key: String,
}

impl ServerForm {
    /// A form that nobody has touched.
    pub fn blank() -> Self {
        Self { port: "22".to_owned(), ..Self::default() }
    }

    pub fn of(server: &Server) -> Self {
        Self {
            name: server.name.clone(),
            host: server.host.clone(),
            port: server.port.to_string(),
            user: server.user.clone(),
            region: server.region.clone().unwrap_or_default(),
            account: server.account.clone().unwrap_or_default(),
            host_key: server.host_key.as_ref().map(ToString::to_string).unwrap_or_default(),
            private_key: String::new(),
        }
    }

    pub fn sent(sent: &Sent) -> Self {
        Self {
            name: sent.text("name"),
            host: sent.text("host"),
            port: sent.text("port"),
            user: sent.text("user"),
            region: sent.text("region"),
            account: sent.text("account"),
            host_key: sent.text("host_key"),
            private_key: sent.text("private_key"),
        }
    }

    /// The server it describes, or everything that is wrong with it.
    pub fn draft(&self) -> Result<ServerDraft, Vec<FieldError>> {
        let mut problems = Vec::new();
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let port = number("port", &self.port, &mut problems).unwrap_or(if self.port.is_empty() { 22 } else { 1 });
        let host_key = some(&self.host_key).and_then(|text| text.parse().map_err(|problem| problems.push(problem)).ok());
        let draft = ServerDraft {
            name: self.name.clone(),
            host: self.host.clone(),
            port,
            user: self.user.clone(),
            region: some(&self.region),
            account: some(&self.account),
            // OpenSSH's own reader insists on a line end after the last line.
            private_key: some(&self.private_key).map(|text| text + "\n"),
            host_key,
        };
        problems.extend(draft.problems());
        if problems.is_empty() { Ok(draft) } else { Err(problems) }
    }
}

/// The fields from top to bottom.
const FIELDS: [&str; 8] = ["name", "host", "port", "user", "region", "account", "host_key", "private_key"];

/// `/servers/new` and `/servers/<id>/edit`: `id` is absent for a new one.
pub fn edit(id: Option<i64>, form: &ServerForm, problems: Problems) -> Piece {
    let problems = &problems.in_order(&FIELDS);
    let (title, action, back, save) = match id {
        None => ("Add a server", "/servers/new".to_owned(), "/servers".to_owned(), "Add server"),
        Some(id) => ("Edit server", format!("/servers/{id}/edit"), format!("/servers/{id}"), "Save"),
    };
    let host_key_hint = match id {
        None => "SHA256:… as ssh-keygen -lf prints it. Left empty, the connection test shows it and you pin it there.",
        Some(_) => "The fingerprint that is trusted. Left empty, the pinned one stays as long as host and port do.",
    };
    let key_hint = match id {
        None => "An OpenSSH private key without a passphrase. Left empty, the panel signs in with its own key.",
        Some(_) => "Never shown. Left empty, the key stays as it is.",
    };
    view! {
        {back_link(back.clone(), if id.is_some() { "Back to the server" } else { "Servers" })}
        <h1 class="page-title">{title}</h1>
        {problem_summary(problems, label_of)}
        <form class="form" method="post" action=action novalidate=true>
            {text(Text { label: "Name", name: "name", value: &form.name, required: true, hint: Some("What people call it."), ..Text::default() }, problems)}
            <div class="form__row">
                {text(Text { label: "Host", name: "host", value: &form.host, required: true, mono: true, placeholder: Some("db1.example.net"), ..Text::default() }, problems)}
                {text(Text { label: "Port", name: "port", value: &form.port, required: true, inputmode: Some("numeric"), ..Text::default() }, problems)}
            </div>
            {text(Text { label: "User", name: "user", value: &form.user, required: true, mono: true, hint: Some("Must be able to read what is to be backed up."), ..Text::default() }, problems)}
            <div class="form__row form__row--even">
                {text(Text { label: "Region", name: "region", value: &form.region, hint: Some("Where it is."), ..Text::default() }, problems)}
                {text(Text { label: "Account", name: "account", value: &form.account, hint: Some("Whose it is."), ..Text::default() }, problems)}
            </div>
            {text(Text { label: "Host key", name: "host_key", value: &form.host_key, mono: true, hint: Some(host_key_hint), ..Text::default() }, problems)}
            {multiline(Text { label: "Private key", name: "private_key", hint: Some(key_hint), placeholder: Some("-----BEGIN OPENSSH PRIVATE KEY-----"), ..Text::default() }, 4, problems)}
            <div class="form__actions">
                <a class="button" href=back>"Cancel"</a>
                <button class="button button--primary" type="submit">{save}</button>
            </div>
        </form>
    }
    .erase()
}

fn label_of(field: &str) -> String {
    let label = match field {
        "name" => "Name",
        "host" => "Host",
        "port" => "Port",
        "user" => "User",
        "region" => "Region",
        "account" => "Account",
        "host_key" => "Host key",
        "private_key" => "Private key",
        other => other,
    };
    label.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_a_server_or_every_problem_at_once() {
        let good = ServerForm { name: "web".into(), host: "10.0.0.1".into(), user: "root".into(), ..ServerForm::blank() };
        let draft = good.draft().unwrap();
        assert_eq!((draft.port, draft.region, draft.private_key), (22, None, None));
        let bad = ServerForm { port: "ssh".into(), host_key: "MD5:00".into(), ..good };
        let fields: Vec<_> = bad.draft().unwrap_err().into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["port", "host_key"]);
    }
}
