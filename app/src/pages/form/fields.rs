//! The fields: label above, control, hint and problem under it, tied together for those who hear the page.

use leptos::prelude::*;

use super::{Problems, id_of};
use crate::components::{Erase, Icon, Piece, icon, sentence};

/// A field of one line.
#[derive(Default)]
pub struct Text<'f> {
    pub label: &'f str,
    pub name: &'f str,
    pub value: &'f str,
    pub hint: Option<&'f str>,
    /// What an example looks like.
    pub placeholder: Option<&'f str>,
    pub required: bool,
    /// Names, paths, expressions: nothing that a phone should correct.
    pub mono: bool,
    /// `numeric` for figures.
    pub inputmode: Option<&'static str>,
    /// A password: hidden while it is typed, and never shown again.
    pub secret: bool,
    /// What a browser may fill in; nothing unless said.
    pub autocomplete: Option<&'static str>,
}

/// A field of one line.
pub fn text(field: Text<'_>, problems: &Problems) -> Piece {
    let Text { label, name, value, hint, placeholder, required, mono, inputmode, secret, autocomplete } = field;
    let (kind, value) = if secret { ("password", "") } else { ("text", value) };
    let id = id_of(name);
    let problem = problems.of(name);
    view! {
        <div class="field" class=("field--short", inputmode.is_some())>
            <label class="field__label" for=id.clone()>{label.to_owned()}{optional(required)}</label>
            <input class="field__input" class=("field__input--mono", mono) type=kind id=id.clone() name=name.to_owned() value=value.to_owned()
                placeholder=placeholder.map(str::to_owned) autocomplete=autocomplete.unwrap_or("off") autocapitalize="none" spellcheck="false" inputmode=inputmode
                aria-describedby=described(&id, hint, problem) aria-invalid=problem.map(|_| "true") aria-required=required.then_some("true")/>
            {hint_line(&id, hint)}
            {problem_line(&id, problem)}
        </div>
    }
    .erase()
}

/// A field of several lines.
pub fn multiline(field: Text<'_>, rows: u32, problems: &Problems) -> Piece {
    let Text { label, name, value, hint, placeholder, required, .. } = field;
    let id = id_of(name);
    let problem = problems.of(name);
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>{label.to_owned()}{optional(required)}</label>
            <textarea class="field__input field__input--lines" id=id.clone() name=name.to_owned() rows=rows.to_string()
                placeholder=placeholder.map(str::to_owned) autocomplete="off" autocapitalize="none" spellcheck="false"
                aria-describedby=described(&id, hint, problem) aria-invalid=problem.map(|_| "true") aria-required=required.then_some("true")
            >{value.to_owned()}</textarea>
            {hint_line(&id, hint)}
            {problem_line(&id, problem)}
        </div>
    }
    .erase()
}

/// One of several.
pub struct Choice<'f> {
    pub label: &'f str,
    pub name: &'f str,
    pub value: &'f str,
    /// Values and their words.
    pub options: Vec<(String, String)>,
    pub hint: Option<&'f str>,
}

/// A field with a list to choose from.
pub fn choice(field: Choice<'_>, problems: &Problems) -> Piece {
    let Choice { label, name, value, options, hint } = field;
    let id = id_of(name);
    let problem = problems.of(name);
    let option = |(key, word): (String, String)| {
        let chosen = key == value;
        view! { <option value=key selected=chosen>{word}</option> }
    };
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>{label.to_owned()}</label>
            <select class="field__input" id=id.clone() name=name.to_owned() aria-describedby=described(&id, hint, problem) aria-invalid=problem.map(|_| "true")>
                {options.into_iter().map(option).collect_view()}
            </select>
            {hint_line(&id, hint)}
            {problem_line(&id, problem)}
        </div>
    }
    .erase()
}

/// A box to tick.
pub fn check_box(label: &str, name: &str, checked: bool, hint: Option<&str>) -> Piece {
    let id = id_of(name);
    view! {
        <div class="check">
            <input class="check__box" type="checkbox" id=id.clone() name=name.to_owned() checked=checked aria-describedby=described(&id, hint, None)/>
            <label class="check__label" for=id.clone()>{label.to_owned()}</label>
            {hint_line(&id, hint)}
        </div>
    }
    .erase()
}

/// One of several boxes of one name.
pub fn check_value(label: &str, name: &str, value: &str, checked: bool, hint: Option<&str>) -> Piece {
    let id = id_of(&format!("{name}[{value}]"));
    view! {
        <div class="check">
            <input class="check__box" type="checkbox" id=id.clone() name=name.to_owned() value=value.to_owned() checked=checked
                aria-describedby=described(&id, hint, None)/>
            <label class="check__label" for=id.clone()>{label.to_owned()}</label>
            {hint_line(&id, hint)}
        </div>
    }
    .erase()
}

/// Several boxes under one heading, and what is wrong with them together.
pub fn group(label: &str, name: &str, hint: Option<&str>, boxes: Vec<Piece>, problems: &Problems) -> Piece {
    let id = id_of(name);
    let problem = problems.of(name);
    view! {
        <fieldset class="field" id=id.clone() tabindex="-1" aria-describedby=described(&id, hint, problem)>
            <legend class="field__label">{label.to_owned()}</legend>
            {hint_line(&id, hint)}
            {problem_line(&id, problem)}
            <div class="boxes">{boxes}</div>
        </fieldset>
    }
    .erase()
}

/// A list with a line for each item.
pub struct Lines<'f> {
    pub label: &'f str,
    /// What one of them is called.
    pub item: &'f str,
    pub name: &'f str,
    pub values: &'f [String],
    /// Empty lines after them: at least one, so that the list can grow.
    pub spare: usize,
    pub hint: Option<&'f str>,
    pub placeholder: Option<&'f str>,
}

/// A list of fields. Empty ones do not count; a button asks for another, which the script adds without asking.
pub fn lines(field: Lines<'_>, problems: &Problems) -> Piece {
    let Lines { label, item, name, values, spare, hint, placeholder } = field;
    let id = id_of(name);
    let whole = problems.of(name);
    let line = |(n, value): (usize, &str)| {
        let field = format!("{name}[{n}]");
        let (line_id, problem) = (id_of(&field), problems.of(&field));
        view! {
            <li class="lines__item">
                <div class="lines__row">
                    <input class="field__input field__input--mono" type="text" id=line_id.clone() name=name.to_owned() value=value.to_owned()
                        placeholder=placeholder.map(str::to_owned) aria-label=format!("{item} {}", n + 1) autocomplete="off" autocapitalize="none"
                        spellcheck="false" aria-describedby=described(&line_id, None, problem) aria-invalid=problem.map(|_| "true")/>
                    <button class="button button--quiet needs-script" type="button" data-remove-line="" aria-label=format!("Remove {} {}", item.to_lowercase(), n + 1)>
                        {icon(Icon::Close)}
                    </button>
                </div>
                {problem_line(&line_id, problem)}
            </li>
        }
        .erase()
    };
    let shown: Vec<_> = values.iter().map(String::as_str).chain(std::iter::repeat_n("", spare.max(1))).enumerate().map(line).collect();
    view! {
        <fieldset class="field lines" id=id.clone() tabindex="-1" aria-describedby=described(&id, hint, whole) data-lines=item.to_owned()>
            <legend class="field__label">{label.to_owned()}</legend>
            {hint_line(&id, hint)}
            {problem_line(&id, whole)}
            <ul class="lines__list">{shown}</ul>
            <button class="button lines__add" type="submit" name="more" value=name.to_owned() data-add-line="">{format!("Add {}", item.to_lowercase())}</button>
        </fieldset>
    }
    .erase()
}

/// A problem that belongs to a group of fields, where the group shows it.
pub fn problem_of(field: &str, problems: &Problems) -> Option<Piece> {
    let id = id_of(field);
    problems.of(field).map(|problem| view! { <div id=id.clone() tabindex="-1">{problem_line(&id, Some(problem))}</div> }.erase())
}

/// Everything that is wrong, on top, with links to the fields. Takes the focus when the page opens.
pub fn problem_summary(problems: &Problems, label_of: fn(&str) -> String) -> Option<Piece> {
    if problems.is_empty() {
        return None;
    }
    let count = problems.0.len();
    let title = if count == 1 { "One thing needs a change".to_owned() } else { format!("{count} things need a change") };
    let item = |problem: &crate::model::FieldError| {
        let words = format!("{}: {}", label_of(&problem.field), problem.reason);
        view! { <li><a href=format!("#{}", id_of(&problem.field))>{words}</a></li> }
    };
    Some(
        view! {
            <div class="notice problem-summary" data-tone="error" role="group" aria-labelledby="problems" tabindex="-1" autofocus=true>
                <span class="notice__icon">{icon(Icon::CrossInCircle)}</span>
                <div class="notice__body">
                    <h2 class="notice__title" id="problems">{title}</h2>
                    <p>"Nothing has been saved."</p>
                    <ul class="problem-summary__list">{problems.0.iter().map(item).collect_view()}</ul>
                </div>
            </div>
        }
        .erase(),
    )
}

fn optional(required: bool) -> Option<Piece> {
    (!required).then(|| view! { <span class="field__optional">" optional"</span> }.erase())
}

fn hint_line(id: &str, hint: Option<&str>) -> Option<Piece> {
    hint.map(|hint| view! { <p class="field__hint" id=format!("{id}-hint")>{hint.to_owned()}</p> }.erase())
}

fn problem_line(id: &str, problem: Option<&str>) -> Option<Piece> {
    problem.map(|problem| {
        view! { <p class="field__problem" id=format!("{id}-problem")>{icon(Icon::CrossInCircle)}<span>{sentence(problem)}</span></p> }
            .erase()
    })
}

fn described(id: &str, hint: Option<&str>, problem: Option<&str>) -> Option<String> {
    let ids = [hint.map(|_| format!("{id}-hint")), problem.map(|_| format!("{id}-problem"))];
    let ids: Vec<_> = ids.into_iter().flatten().collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}
