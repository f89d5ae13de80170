//! What is backed up, or how it is recognised: the part of the form that differs from kind to kind.

use leptos::prelude::*;

use super::EditView;
use crate::components::{Erase, Piece};
use crate::model::{EXTRA_ARGS, SourceType};
use crate::pages::form::{Choice, Lines, Problems, Text, check_box, choice, lines, multiline, problem_of, text};
use crate::pages::schedules::fields::ScheduleForm;

fn spare(view: &EditView, list: &str) -> usize {
    if view.more.as_deref() == Some(list) { 3 } else { 1 }
}

pub(super) fn managed(view: &EditView, form: &ScheduleForm, problems: &Problems) -> Piece {
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
                <div class="form__row form__row--even">{text(keep_points("files.keep_points", &files.keep_points), problems)}{text(limit, problems)}</div>
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

fn keep_points<'f>(name: &'f str, value: &'f str) -> Text<'f> {
    Text { label: "Keep points", name, value, inputmode: Some("numeric"), hint: Some("Empty: all."), ..Text::default() }
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
                {text(keep_points("mysql.keep_points", &mysql.keep_points), problems)}
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

pub(super) fn watched(form: &ScheduleForm, problems: &Problems) -> Piece {
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

pub(super) fn reported(form: &ScheduleForm, problems: &Problems) -> Piece {
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
