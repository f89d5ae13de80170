//! What is running: a card a run, kept current by the stream.

use leptos::prelude::*;

use super::stop_button::stop_button;
use crate::components::{Ago, Erase, Icon, Item, Piece, Reactive, format, icon, list, nothing_if, reactive, text, use_clock};
use crate::model::{Permission, Progress, Run, RunState};
use crate::site::use_page;
use crate::streaming::Live;

/// Every run that is not over, oldest first.
pub(super) fn running_runs(live: Live) -> Piece {
    let cards =
        move || live.runs.with(|runs| runs.iter().cloned().map(|run| Item::new(run.id.clone(), move || card(live, run.clone()))).collect());
    view! {
        <section class="section" aria-labelledby="running">
            <h2 class="section__title" id="running" tabindex="-1">"Running now"</h2>
            {nothing_if(move || live.runs.with(Vec::is_empty), || "Nothing is running.".erase())}
            <div class="run-cards">{list(cards)}</div>
        </section>
    }
    .erase()
}

fn card(live: Live, first: Run) -> Piece {
    let id = first.id.clone();
    let title = format!("{} on {}", first.schedule.name, first.server.name);
    let heading = format!("run-{id}");
    let fallback = first.clone();
    let run = Memo::new(move |_| live.runs.with(|runs| runs.iter().find(|run| run.id == id).cloned()).unwrap_or_else(|| fallback.clone()));
    let has_stop = first.may_be_stopped() || first.state == RunState::Canceling;
    let stop = (has_stop && use_page().may(Permission::StopRunningSchedule)).then(|| stop_button(run));
    view! {
        <article class="run-card" aria-labelledby=heading.clone()>
            <header class="run-card__header">
                <h3 class="run-card__title" id=heading.clone()><a href=format!("/runs/{}", first.id)>{first.schedule.name}</a></h3>
                <p class="run-card__where">{first.server.name}" · "{first.source_type.to_string()}" · "{text(move || run.with(|run| run.state.word().to_owned()))}</p>
                {stop}
                {long_run(run)}
            </header>
            <div class="run-card__way">
                <progress class="run-card__progress" max="100" aria-label=format!("Progress of {title}") value=text(move || run.with(bar_value))></progress>
                {reactive(move || run.with(percent_word).map(|percent| view! { <span class="run-card__percent">{percent}</span> }.erase()))}
            </div>
            <dl class="run-card__figures">
                {figure("Elapsed", elapsed(run))}
                {figure("Copied", move || progress(run, |progress| progress.bytes).map(format::size))}
                // A tool that has just begun says 0 of both, which says nothing.
                {figure("Speed", move || goes_on(run).then(|| progress(run, |progress| progress.speed_bps)).flatten().filter(|speed| *speed > 0).map(format::speed))}
                {figure("Left", move || goes_on(run).then(|| progress(run, |progress| progress.eta_s)).flatten().filter(|left| *left > 0).map(format::duration))}
            </dl>
            <div class="run-card__foot">
                <p class="run-card__line">{text(move || progress(run, |progress| progress.last_line.clone()).unwrap_or_else(|| waiting_line(run)))}</p>
                {checked(run)}
            </div>
        </article>
    }
    .erase()
}

/// Says that a run takes longer than its schedule expects.
fn long_run(run: Memo<Run>) -> Piece {
    let hours = Memo::new(move |_| run.with(|run| run.long_run_hours));
    let badge = move || {
        let hours = hours.get()?;
        Some(view! { <p class="run-card__long">{icon(Icon::Triangle)}{format!("Long run: over {hours} h")}</p> }.erase())
    };
    reactive(badge).erase()
}

/// How old the figures are: nobody may be looking at its server any more.
fn checked(run: Memo<Run>) -> Reactive {
    let at = Memo::new(move |_| run.with(|run| run.checked_at));
    reactive(move || at.get().map(|at| view! { <p class="run-card__checked">"checked " <Ago at=at/></p> }.erase()))
}

/// One figure of a run; a dash while the tool does not say.
fn figure(term: &'static str, value: impl Fn() -> Option<String> + Send + Sync + 'static) -> Piece {
    view! {
        <div class="figure">
            <dt class="figure__term">{term}</dt>
            <dd class="figure__value">{text(move || value().unwrap_or_else(|| "–".to_owned()))}</dd>
        </div>
    }
    .erase()
}

fn elapsed(run: Memo<Run>) -> impl Fn() -> Option<String> + Send + Sync + 'static {
    let clock = use_clock();
    move || {
        let started_at = run.with(|run| run.started_at)?;
        Some(format::duration(clock.shown().millis_since(started_at) / 1000))
    }
}

/// How far the bar is; `None` where the tool of a running job does not say.
fn bar_value(run: &Run) -> Option<String> {
    match run.state {
        RunState::Created | RunState::Queued => Some("0".to_owned()),
        _ => percent(run).map(|percent| percent.to_string()),
    }
}

fn percent_word(run: &Run) -> Option<String> {
    percent(run).map(|percent| format!("{percent} %"))
}

/// Whole percents; a figure that runs past its end stops at it.
fn percent(run: &Run) -> Option<u8> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    run.progress.as_ref()?.percent.map(|percent| percent.clamp(0.0, 100.0) as u8)
}

fn progress<T>(run: Memo<Run>, field: impl FnOnce(&Progress) -> Option<T>) -> Option<T> {
    run.with(|run| run.progress.as_ref().and_then(field))
}

/// What is being stopped has no speed and no end to come.
fn goes_on(run: Memo<Run>) -> bool {
    run.with(|run| run.state != RunState::Canceling)
}

fn waiting_line(run: Memo<Run>) -> String {
    let line = match run.with(|run| run.state) {
        RunState::Created | RunState::Queued => "waiting to begin",
        RunState::Canceling => "being stopped",
        _ => "no output yet",
    };
    line.to_owned()
}
