//! The form of a schedule, for each of the three kinds.

mod jobs;
mod labels;

use leptos::prelude::*;

use self::jobs::{managed, reported, watched};
pub use self::labels::label_of;
use super::fields::ScheduleForm;
use crate::components::{Erase, Piece, Tone, notice};
use crate::model::{Forecast, Named, ScheduleKind};
use crate::pages::document::back_link;
use crate::pages::form::{Choice, Problems, Text, check_box, choice, problem_summary, text};

/// What the form is about besides its fields.
#[derive(Debug, Clone)]
pub struct EditView {
    /// Absent for a new one.
    pub id: Option<i64>,
    /// The name of the schedule that a new one is a copy of.
    pub copy_of: Option<String>,
    /// The servers to choose from.
    pub servers: Vec<Named>,
    /// The panel's zone, by name.
    pub panel_zone: String,
    /// What "Check" found out.
    pub checked: Option<Checked>,
    /// The list that is to get more empty lines.
    pub more: Option<String>,
}

/// The cron expression as it was understood; `None` where there is none.
#[derive(Debug, Clone)]
pub struct Checked(pub Option<Forecast>);

/// The fields, and the groups of fields, from top to bottom.
const FIELDS: [&str; 12] = [
    "name",
    "server_id",
    "files",
    "mysql",
    "command",
    "watch",
    "cron",
    "timezone",
    "catch_up",
    "grace_minutes",
    "target_hours",
    "long_run_hours",
];

/// `/schedules/new` and `/schedules/<id>/edit`
pub fn edit(view: &EditView, form: &ScheduleForm, problems: Problems) -> Piece {
    let problems = &problems.in_order(&FIELDS);
    let (title, action, back, save) = match view.id {
        None => ("Add a schedule", format!("/schedules/new?kind={}", form.kind), "/schedules".to_owned(), "Add schedule"),
        Some(id) => ("Edit schedule", format!("/schedules/{id}/edit"), format!("/schedules/{id}"), "Save"),
    };
    let copy = view.copy_of.as_ref().map(|name| view! { <p class="section__lead">{format!("A copy of {name}. Give it a name of its own, and destinations of its own.")}</p> });
    let jobs = match form.kind {
        ScheduleKind::Managed => managed(view, form, problems),
        ScheduleKind::Watched => watched(form, problems),
        ScheduleKind::Reported => reported(form, problems),
    };
    view! {
        {back_link(back.clone(), if view.id.is_some() { "Back to the schedule" } else { "Schedules" })}
        <h1 class="page-title">{title}</h1>
        {view.id.is_none().then(|| kinds(form.kind))}
        {copy}
        {problem_summary(problems, label_of)}
        <form class="form" method="post" action=action novalidate=true>
            {text(Text { label: "Name", name: "name", value: &form.name, required: true, ..Text::default() }, problems)}
            {choice(Choice { label: "Server", name: "server_id", value: &form.server_id, options: servers(view), hint: None }, problems)}
            {jobs}
            {times(view, form, problems)}
            {alerts(form, problems)}
            <div class="form__actions">
                <a class="button" href=back>"Cancel"</a>
                <button class="button" type="submit" name="check" value="yes">"Check"</button>
                <button class="button button--primary" type="submit">{save}</button>
            </div>
        </form>
    }
    .erase()
}

/// Who runs the job: decided first, since everything else follows from it.
fn kinds(chosen: ScheduleKind) -> Piece {
    let link = |kind: ScheduleKind, word: &'static str, says: &'static str| {
        view! {
            <li>
                <a class="kinds__link" href=format!("/schedules/new?kind={kind}") aria-current=(kind == chosen).then_some("true")>
                    <span class="kinds__word">{word}</span>
                    <span class="kinds__says">{says}</span>
                </a>
            </li>
        }
    };
    view! {
        <ul class="kinds" aria-label="Who runs the job">
            {link(ScheduleKind::Managed, "Managed", "Tailback runs it over SSH and checks on it.")}
            {link(ScheduleKind::Watched, "Watched", "Something on the server runs it; Tailback looks on.")}
            {link(ScheduleKind::Reported, "Reported", "Whoever runs it tells Tailback.")}
        </ul>
    }
    .erase()
}

fn servers(view: &EditView) -> Vec<(String, String)> {
    let none = (String::new(), "Choose a server".to_owned());
    std::iter::once(none).chain(view.servers.iter().map(|server| (server.id.to_string(), server.name.clone()))).collect()
}

fn times(view: &EditView, form: &ScheduleForm, problems: &Problems) -> Piece {
    let cron_hint = match form.kind {
        ScheduleKind::Managed => "Minute, hour, day, month, weekday. Left empty: only when somebody asks.",
        ScheduleKind::Watched | ScheduleKind::Reported => "When it is expected to begin. Left empty: nothing is ever missed.",
    };
    let cron = Text {
        label: "Cron",
        name: "cron",
        value: &form.cron,
        mono: true,
        placeholder: Some("0 2 * * *"),
        hint: Some(cron_hint),
        ..Text::default()
    };
    let zone_hint = format!("IANA name. Left empty: the panel's, {}.", view.panel_zone);
    let zone = Text {
        label: "Time zone",
        name: "timezone",
        value: &form.timezone,
        mono: true,
        placeholder: Some("Europe/Berlin"),
        hint: Some(&zone_hint),
        ..Text::default()
    };
    let catch_up = Choice {
        label: "If it was due while the panel was away",
        name: "catch_up",
        value: &form.catch_up,
        options: vec![
            ("skip".to_owned(), "Record it as missed".to_owned()),
            ("once".to_owned(), "Run once, however often it was due".to_owned()),
        ],
        hint: None,
    };
    let grace = Text {
        label: "Grace, minutes",
        name: "grace_minutes",
        value: &form.grace_minutes,
        required: true,
        inputmode: Some("numeric"),
        hint: Some("How late it may begin before it counts as missed."),
        ..Text::default()
    };
    view! {
        <section class="form__section" aria-labelledby="times">
            <h2 class="form__title" id="times">"When"</h2>
            <div class="form__row form__row--even">{text(cron, problems)}{text(zone, problems)}</div>
            {view.checked.as_ref().map(checked)}
            {choice(catch_up, problems)}
            {text(grace, problems)}
            {check_box("Enabled", "enabled", form.enabled, Some("A paused schedule keeps everything and begins nothing."))}
        </section>
    }
    .erase()
}

/// What the expression means, said before it is saved.
fn checked(checked: &Checked) -> Piece {
    let body = match &checked.0 {
        Some(forecast) => view! { <p>{forecast.words.clone()}</p>{next_times(forecast)} }.erase(),
        None => view! { <p>"No cron expression: it begins only when somebody asks."</p> }.erase(),
    };
    view! { <div class="checked" id="checked" role="status" tabindex="-1" autofocus=true>{notice(Tone::Neutral, "Checked; nothing has been saved", body)}</div> }.erase()
}

/// The next times with their offsets, and what a change of the clocks does to them.
pub(super) fn next_times(forecast: &Forecast) -> Piece {
    let time = |time: &crate::model::DueTime| {
        view! { <li><time class="moment" datetime=time.at.to_string()>{time.local.clone()}</time>" "<span class="cell__note cell__note--inline">{time.offset.clone()}</span></li> }
    };
    view! {
        <ol class="next-times">{forecast.next.iter().map(time).collect_view()}</ol>
        <p class="cell__note">{format!("Times in {}.", forecast.zone)}</p>
        {forecast.note.clone().map(|note| view! { <p class="cell__problem cell__problem--mild">{note}</p> })}
    }
    .erase()
}

fn alerts(form: &ScheduleForm, problems: &Problems) -> Piece {
    let target = Text {
        label: "Target, hours",
        name: "target_hours",
        value: &form.target_hours,
        inputmode: Some("numeric"),
        hint: Some("How old the last good run may become. Left empty: nobody knows whether it is too old."),
        ..Text::default()
    };
    let long = Text {
        label: "Long run, hours",
        name: "long_run_hours",
        value: &form.long_run_hours,
        mono: true,
        hint: Some("Rising numbers: each tells once that a run takes long."),
        ..Text::default()
    };
    view! {
        <section class="form__section" aria-labelledby="alerts">
            <h2 class="form__title" id="alerts">"What counts as trouble"</h2>
            <div class="form__row form__row--even">{text(target, problems)}{text(long, problems)}</div>
        </section>
    }
    .erase()
}
