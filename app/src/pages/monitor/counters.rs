//! The figures at the top of Monitor. Each is counted from what the page knows and leads to where it can be checked.

use leptos::prelude::*;

use crate::components::{Erase, Piece, format, text, use_clock};
use crate::model::{Glance, LastDay, LinkState, LogStatus, RunState, Timestamp, WorstSchedule};
use crate::streaming::Live;

/// What is running, what went wrong in a day, how the worst schedule stands, and the servers.
pub(super) fn counters(live: Live, servers_known: bool) -> Piece {
    let running = Signal::derive(move || Some(live.runs.with(|runs| runs.iter().filter(|run| has_begun(run.state)).count())));
    let linked = move |state: LinkState| {
        Signal::derive(move || Some(live.servers.with(|servers| servers.iter().filter(|server| server.link.state == state).count())))
    };
    // What could not be read is shown as unknown; what the viewer may not see is not there.
    let may_see = |part: fn(&Glance) -> bool| live.glance.with_untracked(|glance| glance.as_ref().is_none_or(part));
    let trouble_known = may_see(|glance| glance.day.is_some());
    let schedules_known = may_see(|glance| glance.schedules.is_some());
    let day = move |statuses: &'static [LogStatus]| {
        Signal::derive(move || live.glance.with(|glance| usize::try_from(glance.as_ref()?.day.as_ref()?.count(statuses)?).ok()))
    };
    let since = move |statuses: &'static [LogStatus]| {
        text(move || logs_of(statuses, live.glance.with(|glance| Some(glance.as_ref()?.day.as_ref()?.since))))
    };
    let fixed = |href: &'static str| text(move || href.to_owned());
    view! {
        <ul class="counters" aria-label="At a glance">
            {counter("Running now", fixed("#running"), running, "running")}
            {trouble_known.then(|| counter("Failed in 24 h", since(&LastDay::FAILED), day(&LastDay::FAILED), "down"))}
            {trouble_known.then(|| counter("Missed in 24 h", since(&[LogStatus::Missed]), day(&[LogStatus::Missed]), "down"))}
            {schedules_known.then(|| worst(live))}
            {servers_known.then(|| counter("Servers up", fixed("#servers"), linked(LinkState::Up), "up"))}
            {servers_known.then(|| counter("Servers down", fixed("/logs?status=connection"), linked(LinkState::Down), "down"))}
            {servers_known.then(|| counter("Servers unknown", fixed("#servers"), linked(LinkState::Unknown), "unknown"))}
        </ul>
    }
    .erase()
}

/// Where the rows that were counted can be read.
fn logs_of(statuses: &[LogStatus], since: Option<Timestamp>) -> String {
    let statuses = statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let from = since.map(|since| format!("from={since}&")).unwrap_or_default();
    format!("/logs?{from}status={statuses}")
}

/// A run that waits is not running.
fn has_begun(state: RunState) -> bool {
    matches!(state, RunState::Running | RunState::Canceling)
}

fn counter(word: &'static str, href: Signal<String>, figure: Signal<Option<usize>>, tone: &'static str) -> Piece {
    let shown =
        text(move || figure.get().map_or_else(|| "?".to_owned(), |figure| format::count(i64::try_from(figure).unwrap_or(i64::MAX))));
    // A zero is no news: only what is there gets a colour.
    let tone = text(move || match figure.get() {
        Some(0) => "none".to_owned(),
        Some(_) => tone.to_owned(),
        None => "unknown".to_owned(),
    });
    item(href, tone, shown, text(move || word.to_owned()))
}

/// How old the last good run is of the schedule that stands worst.
fn worst(live: Live) -> Piece {
    let clock = use_clock();
    let worst = Memo::new(move |_| live.glance.with(|glance| glance.as_ref().and_then(|glance| glance.schedules.clone())));
    let age = move |last_good: Option<Timestamp>| match last_good {
        Some(at) => format!("{} ago", format::duration(clock.shown().millis_since(at).max(0) / 1000)),
        None => "never".to_owned(),
    };
    let shown = move || match worst.get() {
        Some(WorstSchedule::Is { last_good, .. }) => age(last_good),
        Some(WorstSchedule::None) => "–".to_owned(),
        None => "?".to_owned(),
    };
    let word = move || match worst.get() {
        Some(WorstSchedule::Is { schedule, .. }) => format!("Last good: {}", schedule.name),
        Some(WorstSchedule::None) => "No schedule is on".to_owned(),
        None => "Worst schedule".to_owned(),
    };
    let tone = move || match worst.get() {
        Some(WorstSchedule::Is { tone: RunState::Completed, .. }) => "up",
        Some(WorstSchedule::Is { tone: RunState::Failed, .. }) => "down",
        Some(WorstSchedule::Is { tone: RunState::Partial, .. }) => "warning",
        Some(WorstSchedule::None | WorstSchedule::Is { .. }) => "none",
        None => "unknown",
    };
    let href = move || match worst.get() {
        Some(WorstSchedule::Is { schedule, .. }) => format!("/schedules/{}", schedule.id),
        _ => "/schedules".to_owned(),
    };
    item(text(href), text(move || tone().to_owned()), text(shown), text(word))
}

fn item(href: Signal<String>, tone: Signal<String>, figure: Signal<String>, word: Signal<String>) -> Piece {
    view! {
        <li class="counters__item">
            <a class="counter" href=href data-tone=tone>
                <span class="counter__figure">{figure}</span>
                <span class="counter__word">{word}</span>
            </a>
        </li>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_leads_to_the_rows_it_counts() {
        let since = Timestamp(1_795_348_800_000);
        assert_eq!(logs_of(&LastDay::FAILED, Some(since)), format!("/logs?from={since}&status=error,connection"));
        assert_eq!(logs_of(&[LogStatus::Missed], None), "/logs?status=missed");
    }
}
