//! The fields of the filter, each with what is wrong with it. What cannot be read stays in its field, to be mended there.

use leptos::prelude::*;
use strum::VariantArray;

use super::Choices;
use super::address::LogsAddress;
use crate::components::{Erase, Icon, Piece, icon, sentence};
use crate::model::{FieldError, LogFilter, Named, SourceType, TimeBound, listed_name, listed_names};

/// The fields that a phone shows only when they are asked for.
const FOLDED: [&str; 7] = ["from", "to", "server", "schedule", "type", "region", "account"];

/// What the fields are filled with.
pub(super) struct FilterFields<'f> {
    pub(super) address: &'f LogsAddress,
    pub(super) filter: &'f LogFilter,
    pub(super) problems: &'f [FieldError],
}

impl FilterFields<'_> {
    pub(super) fn words(&self) -> Piece {
        let words = self.address.given("q").unwrap_or_default();
        view! {
            <label class="field field--inline field--wide">
                <span class="field__label">"Words"</span>
                <input class="field__input" type="search" name="q" value=words maxlength="600" placeholder="full -rsync \"no space\" perm*" data-search="" enterkeyhint="search"
                    aria-invalid=self.is_invalid("q") aria-describedby=self.described("q")/>
            </label>
            {self.problem_line("q")}
        }
        .erase()
    }

    /// A day. A moment that came with the URL stays in force, as a hidden field, until a day is chosen.
    pub(super) fn date(&self, label: &'static str, name: &'static str, bound: Option<TimeBound>) -> Piece {
        let (kind, text, moment) = match bound {
            Some(TimeBound::Day(day)) => ("date", day.to_string(), None),
            Some(TimeBound::Moment(at)) => ("date", String::new(), Some(at.to_string())),
            // A field for days would not show what is no day.
            None if self.problem(name).is_some() => ("text", self.given(name), None),
            None => ("date", String::new(), None),
        };
        view! {
            <label class="field field--inline">
                <span class="field__label">{label}</span>
                {moment.map(|at| view! { <input type="hidden" name=name value=at/> })}
                <input class="field__input" type=kind name=name min="1970-01-01" max="9999-12-31" value=text
                    aria-invalid=self.is_invalid(name) aria-describedby=self.described(name)/>
            </label>
            {self.problem_line(name)}
        }
        .erase()
    }

    pub(super) fn selects(&self, choices: &Choices) -> Piece {
        let filter = self.filter;
        let named = |list: &[Named]| list.iter().map(|named| (named.id.to_string(), named.name.clone())).collect::<Vec<_>>();
        let plain = |list: &[String]| list.iter().map(|name| (listed_name(name), name.clone())).collect::<Vec<_>>();
        let types = SourceType::VARIANTS.iter().map(|kind| (kind.to_string(), kind.to_string())).collect();
        let place = |label, name, all, names: &[String], chosen: &[String]| {
            let is_shown = !names.is_empty() || self.problem(name).is_some();
            is_shown.then(|| self.select(label, name, all, (plain(names), vec![]), listed_names(chosen)))
        };
        let (servers, schedules) = (&choices.servers, &choices.schedules);
        view! {
            <div class="filter-form__selects">
                {self.select("Server", "server", "All servers", (named(&servers.present), named(&servers.removed)), join(&filter.server))}
                {self.select("Schedule", "schedule", "All schedules", (named(&schedules.present), named(&schedules.removed)), join(&filter.schedule))}
                {self.select("Type", "type", "All types", (types, vec![]), join(&filter.source_type))}
                {place("Region", "region", "All regions", &choices.regions, &filter.region)}
                {place("Account", "account", "All accounts", &choices.accounts, &filter.account)}
            </div>
        }
        .erase()
    }

    /// A select over values and words, those of what was removed apart. A value in the URL that is none of the options (several at once,
    /// say) becomes one, so that applying the form again does not lose it.
    fn select(&self, label: &'static str, name: &'static str, all: &'static str, options: (Options, Options), chosen: String) -> Piece {
        let (options, removed) = options;
        let chosen = if self.problem(name).is_some() { self.given(name) } else { chosen };
        let is_there = chosen.is_empty() || options.iter().chain(&removed).any(|(value, _)| *value == chosen);
        let several = (!is_there).then(|| (chosen.clone(), words_of(&chosen, &options, &removed)));
        let option = |(value, word): (String, String)| {
            let is_chosen = value == chosen;
            view! { <option value=value selected=is_chosen>{word}</option> }
        };
        let gone =
            (!removed.is_empty()).then(|| view! { <optgroup label="Removed">{removed.into_iter().map(option).collect_view()}</optgroup> });
        view! {
            <label class="field field--inline">
                <span class="field__label">{label}</span>
                <select class="field__input" name=name aria-invalid=self.is_invalid(name) aria-describedby=self.described(name)>
                    <option value="">{all}</option>
                    {options.into_iter().chain(several).map(option).collect_view()}
                    {gone}
                </select>
            </label>
            {self.problem_line(name)}
        }
        .erase()
    }

    /// What is wrong with a field, beside it.
    pub(super) fn problem_line(&self, name: &str) -> Option<Piece> {
        self.problem(name).map(|problem| {
            let id = problem_id(name);
            view! { <span class="field__problem" id=id>{icon(Icon::CrossInCircle)}<span>{sentence(&problem.reason)}</span></span> }.erase()
        })
    }

    pub(super) fn has_folded_problem(&self) -> bool {
        FOLDED.iter().any(|name| self.problem(name).is_some())
    }

    fn problem(&self, name: &str) -> Option<&FieldError> {
        self.problems.iter().find(|problem| problem.field == name)
    }

    fn is_invalid(&self, name: &str) -> Option<&'static str> {
        self.problem(name).map(|_| "true")
    }

    fn described(&self, name: &str) -> Option<String> {
        self.problem(name).map(|_| problem_id(name))
    }

    fn given(&self, name: &str) -> String {
        self.address.given(name).unwrap_or_default()
    }
}

/// Values and words.
type Options = Vec<(String, String)>;

/// Several values in words, as far as they are options.
fn words_of(values: &str, options: &Options, removed: &Options) -> String {
    let word = |value: &str| options.iter().chain(removed).find(|(known, _)| known == value).map_or(value, |(_, word)| word).to_owned();
    values.split(',').map(word).collect::<Vec<_>>().join(", ")
}

fn problem_id(name: &str) -> String {
    format!("filter-{name}-problem")
}

fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_choices_are_shown_by_their_names() {
        let options = |names: &[(&str, &str)]| names.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect::<Options>();
        let (present, removed) = (options(&[("1", "web-1"), ("12", "db-1")]), options(&[("3", "old")]));
        assert_eq!(words_of("12,1,3,99", &present, &removed), "db-1, web-1, old, 99");
        assert_eq!(words_of("FILES,MYSQL", &options(&[("FILES", "FILES")]), &vec![]), "FILES, MYSQL");
    }
}
