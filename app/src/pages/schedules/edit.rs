//! The form of a schedule, for each of the three kinds.

use leptos::prelude::*;

use super::fields::ScheduleForm;
use crate::components::{Erase, Piece, Tone, notice};
use crate::model::{EXTRA_ARGS, Forecast, Named, ScheduleKind, SourceType};
use crate::pages::document::back_link;
use crate::pages::form::{Choice, Lines, Problems, Text, check_box, choice, lines, multiline, problem_of, problem_summary, text};

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

fn spare(view: &EditView, list: &str) -> usize {
    if view.more.as_deref() == Some(list) { 3 } else { 1 }
}

fn managed(view: &EditView, form: &ScheduleForm, problems: &Problems) -> Piece {
    view! {
        <section class="form__section" aria-labelledby="jobs">
            <h2 class="form__title" id="jobs">"What is backed up"</h2>
            {problem_of("files", problems).filter(|_| !form.with_files)}
            {files(view, form, problems)}
            {mysql(view, form, problems)}
            {command(form, problems)}
        </section>
    }
    .erase()
}

fn files(view: &EditView, form: &ScheduleForm, problems: &Problems) -> Piece {
    let files = &form.files;
    let keep = Text {
        label: "Keep points",
        name: "files.keep_points",
        value: &files.keep_points,
        inputmode: Some("numeric"),
        hint: Some("Empty: all."),
        ..Text::default()
    };
    let limit = Text {
        label: "Limit, KiB/s",
        name: "files.bandwidth_kbps",
        value: &files.bandwidth_kbps,
        inputmode: Some("numeric"),
        hint: Some("Empty: none."),
        ..Text::default()
    };
    let arguments =
        EXTRA_ARGS.map(|argument| if argument.ends_with('=') { format!("{argument}N") } else { argument.to_owned() }).join("  ");
    view! {
        <div class="job">
            <div class="job__toggle">{check_box("Files", "files", form.with_files, Some("Directories, copied with rsync; unchanged files are stored once."))}</div>
            <div class="job__fields">
                {lines(Lines { label: "Sources", item: "Source", name: "files.sources", values: &files.sources, spare: spare(view, "files.sources"), hint: Some("Absolute paths on the server."), placeholder: Some("/srv/www") }, problems)}
                {text(destination("files.destination", &files.destination, "/backup/web"), problems)}
                {lines(Lines { label: "Excludes", item: "Exclude", name: "files.excludes", values: &files.excludes, spare: spare(view, "files.excludes"), hint: Some("rsync patterns; anchored at the root when they begin with a slash. /dev, /proc, /sys and /run are always left out."), placeholder: Some("*.tmp") }, problems)}
                <div class="form__row form__row--even">{text(keep, problems)}{text(limit, problems)}</div>
                {text(Text { label: "Further arguments", name: "files.extra_args", value: &files.extra_args, mono: true, hint: Some("Spaces between them."), ..Text::default() }, problems)}
                <details class="more"><summary>"Which arguments are allowed"</summary><p class="field__hint">{arguments}</p></details>
            </div>
        </div>
    }
    .erase()
}

fn destination<'f>(name: &'f str, value: &'f str, placeholder: &'f str) -> Text<'f> {
    Text {
        label: "Destination",
        name,
        value,
        required: true,
        mono: true,
        placeholder: Some(placeholder),
        hint: Some("A directory of its own: /path on the server, or user@storage:/path that the server reaches with its own key."),
        ..Text::default()
    }
}

fn mysql(view: &EditView, form: &ScheduleForm, problems: &Problems) -> Piece {
    let mysql = &form.mysql;
    let defaults = Text {
        label: "Defaults file",
        name: "mysql.defaults_file",
        value: &mysql.defaults_file,
        required: true,
        mono: true,
        placeholder: Some("/root/.my.cnf"),
        hint: Some("On the server, with user and password. Tailback never sees them."),
        ..Text::default()
    };
    view! {
        <div class="job">
            <div class="job__toggle">{check_box("MySQL", "mysql", form.with_mysql, Some("MariaDB or MySQL databases, dumped and compressed; the completion line is checked."))}</div>
            <div class="job__fields">
                {lines(Lines { label: "Databases", item: "Database", name: "mysql.databases", values: &mysql.databases, spare: spare(view, "mysql.databases"), hint: Some("Left empty: every database that the account can see."), placeholder: None }, problems)}
                {text(defaults, problems)}
                {text(destination("mysql.destination", &mysql.destination, "/backup/db"), problems)}
                {text(Text { label: "Keep points", name: "mysql.keep_points", value: &mysql.keep_points, inputmode: Some("numeric"), hint: Some("Empty: all."), ..Text::default() }, problems)}
            </div>
        </div>
    }
    .erase()
}

fn command(form: &ScheduleForm, problems: &Problems) -> Piece {
    let command = Text {
        label: "Command",
        name: "command.command",
        value: &form.command.command,
        required: true,
        hint: Some("Run by /bin/sh on the server. Lines TAILBACK key=value in its output become its statistics."),
        ..Text::default()
    };
    view! {
        <div class="job">
            <div class="job__toggle">{check_box("Command", "command", form.with_command, Some("Any other tool, with exit codes of its own."))}</div>
            <div class="job__fields">
                {choice(Choice { label: "Type", name: "command.source_type", value: &form.command.source_type, options: types(), hint: None }, problems)}
                {multiline(command, 4, problems)}
                {codes(form, problems)}
            </div>
        </div>
    }
    .erase()
}

fn codes(form: &ScheduleForm, problems: &Problems) -> Piece {
    let codes = &form.command;
    let good = Text {
        label: "Codes of success",
        name: "command.success_codes",
        value: &codes.success_codes,
        required: true,
        mono: true,
        hint: Some("Such as 0, 3."),
        ..Text::default()
    };
    let fair = Text {
        label: "Codes of a warning",
        name: "command.warning_codes",
        value: &codes.warning_codes,
        mono: true,
        hint: Some("Every other code is an error."),
        ..Text::default()
    };
    view! { <div class="form__row form__row--even">{text(good, problems)}{text(fair, problems)}</div> }.erase()
}

fn types() -> Vec<(String, String)> {
    use strum::VariantArray as _;
    let data = SourceType::VARIANTS.iter().filter(|source_type| **source_type != SourceType::System);
    data.map(|source_type| (source_type.to_string(), source_type.to_string())).collect()
}

fn watched(form: &ScheduleForm, problems: &Problems) -> Piece {
    let watch = &form.watch;
    let field = |label, name, value, placeholder, hint| Text {
        label,
        name,
        value,
        mono: true,
        placeholder: Some(placeholder),
        hint: Some(hint),
        ..Text::default()
    };
    view! {
        <section class="form__section" aria-labelledby="jobs">
            <h2 class="form__title" id="jobs">"How the job is recognised"</h2>
            {problem_of("watch", problems)}
            {choice(Choice { label: "Type", name: "watch.source_type", value: &watch.source_type, options: types(), hint: None }, problems)}
            {text(field("Screen session", "watch.screen", &watch.screen, "nightly-backup", "The job runs while a session of this name is there."), problems)}
            {text(field("Process", "watch.process", &watch.process, "rsnapshot daily", "Or: while a process is there whose command line matches this regular expression."), problems)}
            {text(field("Log", "watch.log", &watch.log, "/var/log/backup.log", "Its end is kept with every run."), problems)}
            {text(field("Exit file", "watch.exit_file", &watch.exit_file, "/var/lib/backup/exit", "Where it leaves its exit code. Without it nobody can say that a run went well."), problems)}
        </section>
    }
    .erase()
}

fn reported(form: &ScheduleForm, problems: &Problems) -> Piece {
    let note = Text {
        label: "Command",
        name: "command.command",
        value: &form.command.command,
        hint: Some("Only a note: whoever runs it says what it did."),
        ..Text::default()
    };
    view! {
        <section class="form__section" aria-labelledby="jobs">
            <h2 class="form__title" id="jobs">"What is reported"</h2>
            <p class="section__lead">"How to report is shown on the schedule's page once it is saved."</p>
            {choice(Choice { label: "Type", name: "command.source_type", value: &form.command.source_type, options: types(), hint: None }, problems)}
            {multiline(note, 2, problems)}
            {codes(form, problems)}
        </section>
    }
    .erase()
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

/// What a field is called on the form.
pub fn label_of(field: &str) -> String {
    let (name, n) = match field.split_once('[') {
        Some((name, n)) => (name, n.trim_end_matches(']').parse::<usize>().ok()),
        None => (field, None),
    };
    let label = match name {
        "name" => "Name",
        "server_id" => "Server",
        "cron" => "Cron",
        "timezone" => "Time zone",
        "grace_minutes" => "Grace",
        "long_run_hours" => "Long run",
        "target_hours" => "Target",
        "files" => "What is backed up",
        "files.sources" => "Source",
        "files.destination" => "Destination of files",
        "files.excludes" => "Exclude",
        "files.keep_points" => "Keep points of files",
        "files.bandwidth_kbps" => "Limit",
        "files.extra_args" => "Further arguments",
        "mysql.databases" => "Database",
        "mysql.defaults_file" => "Defaults file",
        "mysql.destination" => "Destination of MySQL",
        "mysql.keep_points" => "Keep points of MySQL",
        "command.source_type" | "watch.source_type" => "Type",
        "command.command" => "Command",
        "command.success_codes" => "Codes of success",
        "command.warning_codes" => "Codes of a warning",
        "watch" => "How the job is recognised",
        "watch.screen" => "Screen session",
        "watch.process" => "Process",
        "watch.log" => "Log",
        "watch.exit_file" => "Exit file",
        other => other,
    };
    n.map_or_else(|| label.to_owned(), |n| format!("{label} {}", n + 1))
}
