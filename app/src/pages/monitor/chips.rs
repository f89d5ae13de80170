//! What of the trail the feed shows, as chips. Each is a link, so that a view can be kept and passed on; the server filters.

use std::str::FromStr;

use leptos::prelude::*;
use strum::VariantArray;

use crate::components::{Erase, Icon, Piece, format, icon, text};
use crate::model::{LastDay, LogStatus, SourceType, parse_pairs};
use crate::streaming::Live;

/// The sources that the panel itself looks after, and it.
const TYPES: [(SourceType, &str); 3] = [(SourceType::Files, "Files"), (SourceType::Mysql, "MySQL"), (SourceType::System, "Panel")];

/// Statuses, those of trouble with how many rows of each there were in a day, and sources; any of them together.
pub(super) fn chips(live: Live) -> Piece {
    let query = live.filter.get_value();
    let chosen = &Chosen::of(&query);
    let is_trouble = chosen.statuses == LastDay::COUNTED;
    let trouble = Chosen { statuses: if is_trouble { vec![] } else { LastDay::COUNTED.to_vec() }, ..chosen.clone() };
    let statuses = LogStatus::VARIANTS.iter().map(|status| {
        let next = Chosen { statuses: toggled(&chosen.statuses, *status), ..chosen.clone() };
        let label = view! { {icon(*status)}<span>{status.word()}</span>{count(live, *status)} };
        chip(&next, chosen.statuses.contains(status), Some(*status), label.erase())
    });
    let types = TYPES.iter().map(|(kind, word)| {
        let next = Chosen { types: toggled(&chosen.types, *kind), ..chosen.clone() };
        chip(&next, chosen.types.contains(kind), None, word.erase())
    });
    view! {
        <ul class="chips" aria-label="Rows of the feed, and how much trouble the last 24 hours had">
            {chip(&Chosen::default(), *chosen == Chosen::default(), None, "All".erase())}
            {chip(&trouble, is_trouble, None, "Trouble".erase())}
            {statuses.collect_view()}
            {types.collect_view()}
            {others(live, chosen)}
        </ul>
    }
    .erase()
}

fn chip(next: &Chosen<'_>, current: bool, status: Option<LogStatus>, label: Piece) -> Piece {
    let status = status.map(|status| status.to_string());
    view! { <li><a class="chip" href=next.href() aria-current=current.then_some("true") data-status=status>{label}</a></li> }.erase()
}

/// Rows of a status, where they are counted.
fn count(live: Live, status: LogStatus) -> Option<Piece> {
    let count = text(move || {
        let rows = live.glance.with(|glance| glance.as_ref()?.day.as_ref()?.rows.get(&status).copied());
        rows.map_or_else(|| "?".to_owned(), format::count)
    });
    LastDay::COUNTED
        .contains(&status)
        .then(|| view! { <span class="chip__count figures" title="in the last 24 hours">{count}</span> }.erase())
}

/// What else the address asks for, each with the way to be rid of it.
fn others(live: Live, chosen: &Chosen<'_>) -> Piece {
    let named = |kind: &SourceType| TYPES.iter().any(|(known, _)| known == kind);
    let types = chosen.types.iter().filter(|kind| !named(kind)).map(|kind| {
        let without = Chosen { types: toggled(&chosen.types, *kind), ..chosen.clone() };
        removable(&without, kind.to_string().erase())
    });
    let rest = chosen.rest.iter().map(|part| {
        let without = Chosen { rest: chosen.rest.iter().copied().filter(|other| other != part).collect(), ..chosen.clone() };
        let part = (*part).to_owned();
        let name_of = move |id: &str| {
            live.servers.with(|servers| servers.iter().find(|server| server.id.to_string() == id).map(|server| server.name.clone()))
        };
        removable(&without, text(move || part_in_words(&part, name_of)).erase())
    });
    types.chain(rest).collect_view().erase()
}

fn removable(without: &Chosen<'_>, words: Piece) -> Piece {
    let label = view! { <span class="chip__words">{words}</span><span class="visually-hidden">": remove"</span>{icon(Icon::Close)} };
    chip(without, true, None, label.erase())
}

/// What a part of an address asks for. `name_of`: of a server, if it is known.
fn part_in_words(part: &str, name_of: impl Fn(&str) -> Option<String>) -> String {
    let Some((key, value)) = parse_pairs(part).pop() else { return part.to_owned() };
    let named = |id: &str| name_of(id.trim()).unwrap_or_else(|| id.trim().to_owned());
    match key.as_str() {
        "server" => format!("Server {}", value.split(',').map(named).collect::<Vec<_>>().join(", ")),
        "schedule" => format!("Schedule {value}"),
        "region" => format!("Region {value}"),
        "account" => format!("Account {value}"),
        "run" => format!("Run {value}"),
        "q" => format!("Words: {value}"),
        "from" => format!("From {value}"),
        "to" => format!("To {value}"),
        _ => format!("{key}: {value}"),
    }
}

/// Whether an address asks for less than all rows.
pub(super) fn is_filtered(query: &str) -> bool {
    Chosen::of(query) != Chosen::default()
}

/// The filter of an address as far as chips are about it. The browser need not understand the rest, only name it, and does not carry what
/// does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Chosen<'q> {
    statuses: Vec<LogStatus>,
    types: Vec<SourceType>,
    /// As they are in the address.
    rest: Vec<&'q str>,
}

impl<'q> Chosen<'q> {
    fn of(query: &'q str) -> Self {
        let mut chosen = Self::default();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("status", list)) => chosen.statuses.extend(listed::<LogStatus>(list)),
                Some(("type", list)) => chosen.types.extend(listed::<SourceType>(list)),
                // A field of a form that was left empty.
                Some((_, "")) => {}
                _ => chosen.rest.push(part),
            }
        }
        chosen.statuses = in_order(&chosen.statuses);
        chosen.types = in_order(&chosen.types);
        chosen
    }

    fn href(&self) -> String {
        let list = |key: &str, words: Vec<String>| (!words.is_empty()).then(|| format!("{key}={}", words.join(",")));
        let statuses = list("status", self.statuses.iter().map(ToString::to_string).collect());
        let types = list("type", self.types.iter().map(ToString::to_string).collect());
        let rest = self.rest.iter().map(|part| (*part).to_owned());
        let parts: Vec<_> = statuses.into_iter().chain(types).chain(rest).collect();
        if parts.is_empty() { "/#feed".to_owned() } else { format!("/?{}#feed", parts.join("&")) }
    }
}

fn listed<T: FromStr>(list: &str) -> Vec<T> {
    list.replace("%2C", ",").replace("%2c", ",").split(',').filter_map(|word| word.parse().ok()).collect()
}

fn in_order<T: Copy + PartialEq + VariantArray>(list: &[T]) -> Vec<T> {
    T::VARIANTS.iter().copied().filter(|item| list.contains(item)).collect()
}

/// With it if it was not there, and without it if it was; in the order in which they are shown.
fn toggled<T: Copy + PartialEq + VariantArray>(list: &[T], one: T) -> Vec<T> {
    T::VARIANTS.iter().copied().filter(|item| list.contains(item) != (*item == one)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_adds_itself_and_takes_itself_away() {
        let one = toggled(&[], LogStatus::Error);
        assert_eq!(one, [LogStatus::Error]);
        let two = toggled(&one, LogStatus::Completed);
        assert_eq!(two, [LogStatus::Completed, LogStatus::Error]);
        assert_eq!(toggled(&two, LogStatus::Error), [LogStatus::Completed]);
    }

    #[test]
    fn an_address_is_taken_apart_and_put_together() {
        for (query, href) in [
            ("", "/#feed"),
            ("status=&q=", "/#feed"),
            ("status=error&status=success", "/?status=completed,error#feed"),
            ("q=no+space&type=MYSQL%2cFILES&status=missed", "/?status=missed&type=FILES,MYSQL&q=no+space#feed"),
        ] {
            assert_eq!(Chosen::of(query).href(), href, "{query}");
        }
    }

    #[test]
    fn what_else_is_asked_for_is_named() {
        let name_of = |id: &str| (id == "3").then(|| "web-1".to_owned());
        for (part, words) in [
            ("server=3", "Server web-1"),
            ("server=3%2C8", "Server web-1, 8"),
            ("q=disk+%22no%20space%22+-caf%C3%A9", "Words: disk \"no space\" -café"),
            ("schedule=7", "Schedule 7"),
            ("region=eu%20west", "Region eu west"),
            ("from=2026-11-22", "From 2026-11-22"),
        ] {
            assert_eq!(part_in_words(part, name_of), words);
        }
    }

    #[test]
    fn an_address_of_empty_fields_filters_nothing() {
        for (query, filters) in [("", false), ("status=&q=", false), ("status=error", true), ("type=NAS", true), ("q=disk", true)] {
            assert_eq!(is_filtered(query), filters, "{query}");
        }
    }

    #[test]
    fn trouble_is_in_the_order_in_which_chips_add_it() {
        let added = LastDay::COUNTED.iter().fold(Vec::new(), |list, status| toggled(&list, *status));
        assert_eq!(added, LastDay::COUNTED);
    }
}
