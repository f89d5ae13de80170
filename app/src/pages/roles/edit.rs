//! A role as a form: a name and boxes.

use leptos::prelude::*;

use super::words::{AREAS, Area, words_of};
use crate::components::{Erase, Piece};
use crate::model::{Permission, Role, RoleDraft};
use crate::pages::document::back_link;
use crate::pages::form::{Problems, Sent, Text, check_value, group, problem_summary, text};
use crate::site::use_page;

/// The fields as somebody filled them in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleForm {
    pub name: String,
    pub permissions: Vec<Permission>,
}

impl RoleForm {
    pub fn of(role: &Role) -> Self {
        Self { name: role.name.clone(), permissions: role.permissions.clone() }
    }

    /// Names that are no permissions do not come from this form and count for nothing.
    pub fn sent(sent: &Sent) -> Self {
        let permissions = sent.all("permissions").iter().filter_map(|name| name.parse().ok()).collect();
        Self { name: sent.text("name"), permissions }
    }

    pub fn draft(&self) -> RoleDraft {
        RoleDraft { name: self.name.clone(), permissions: self.permissions.clone() }
    }
}

/// `/roles/new` and `/roles/<id>/edit`: `id` is absent for a new one. Only what the viewer may do is offered.
pub fn edit(id: Option<i64>, form: &RoleForm, problems: Problems) -> Piece {
    let page = use_page();
    let problems = &problems.in_order(&["name", "permissions"]);
    let (title, action, save) = match id {
        None => ("Add a role", "/roles/new".to_owned(), "Add role"),
        Some(id) => ("Edit role", format!("/roles/{id}/edit"), "Save"),
    };
    let none = Problems::default();
    let area = |(n, area): (usize, &Area)| {
        let offered = area.permissions.iter().copied().filter(|permission| page.may(*permission));
        let boxes: Vec<_> = offered
            .map(|permission| {
                let (name, note) = words_of(permission);
                check_value(name, "permissions", &permission.to_string(), form.permissions.contains(&permission), Some(note))
            })
            .collect();
        let name = format!("area{n}");
        (!boxes.is_empty()).then(|| group(area.name, &name, None, boxes, &none))
    };
    let areas: Vec<_> = AREAS.iter().enumerate().filter_map(area).collect();
    view! {
        {back_link("/roles".to_owned(), "Roles")}
        <h1 class="page-title">{title}</h1>
        {problem_summary(problems, label_of)}
        <form class="form" method="post" action=action novalidate=true>
            {text(Text { label: "Name", name: "name", value: &form.name, required: true, ..Text::default() }, problems)}
            {crate::pages::form::problem_of("permissions", problems)}
            {areas}
            <div class="form__actions">
                <a class="button" href="/roles">"Cancel"</a>
                <button class="button button--primary" type="submit">{save}</button>
            </div>
        </form>
    }
    .erase()
}

fn label_of(field: &str) -> String {
    if field == "name" { "Name".to_owned() } else { "Permissions".to_owned() }
}
