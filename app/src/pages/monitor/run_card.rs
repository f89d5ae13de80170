//! What is running: a card a run, kept current by the stream.

use leptos::prelude::*;

use super::stop_button::StopButton;
use crate::components::{Erase, format, use_clock};
use crate::model::{Permission, Progress, Run, RunState};
use crate::site::use_page;
use crate::streaming::Live;

/// Every run that is not over, oldest first.
#[component]
pub fn RunningRuns(live: Live) -> impl IntoView {
    let none = Memo::new(move |_| live.runs.with(Vec::is_empty));
    view! {
        <section class="section" aria-labelledby="running">
            <h2 class="section__title" id="running">"Running now"</h2>
            <Show when=move || none.get()>
                <p class="section__empty">"Nothing is running."</p>
            </Show>
            <div class="run-cards">
                <For each=move || live.runs.get() key=|run| run.id.clone() children=move |run| card(live, run)/>
            </div>
        </section>
    }
    .erase()
}

fn card(live: Live, first: Run) -> AnyView {
    let id = first.id.clone();
    let title = format!("{} on {}", first.schedule.name, first.server.name);
    let heading = format!("run-{id}");
    let fallback = first.clone();
    let run = Memo::new(move |_| live.runs.with(|runs| runs.iter().find(|run| run.id == id).cloned()).unwrap_or_else(|| fallback.clone()));
    let stop = use_page().may(Permission::StopRunningSchedule).then(|| view! { <StopButton run=run/> });
    view! {
        <article class="run-card" aria-labelledby=heading.clone()>
            <header class="run-card__header">
                <h3 class="run-card__title" id=heading.clone()>{first.schedule.name}</h3>
                <p class="run-card__where">{first.server.name}" · "{first.source_type.to_string()}" · "{move || run.with(|run| run.state.word())}</p>
                {stop}
            </header>
            <div class="run-card__way">
                <progress class="run-card__progress" max="100" aria-label=format!("Progress of {title}") value=move || run.with(bar_value)></progress>
                <span class="run-card__percent">{move || run.with(percent_word)}</span>
            </div>
            <dl class="run-card__figures">
                <Figure term="Elapsed" value=elapsed(run)/>
                <Figure term="Copied" value=move || progress(run, |progress| progress.bytes).map(format::size)/>
                <Figure term="Speed" value=move || progress(run, |progress| progress.speed_bps).map(format::speed)/>
                <Figure term="Left" value=move || progress(run, |progress| progress.eta_s).map(format::duration)/>
            </dl>
            <p class="run-card__line">{move || progress(run, |progress| progress.last_line.clone()).unwrap_or_else(|| waiting_line(run))}</p>
        </article>
    }
    .erase()
}

/// One figure of a run; a dash while the tool does not say.
#[component]
fn Figure(term: &'static str, #[prop(into)] value: Signal<Option<String>>) -> impl IntoView {
    view! {
        <div class="figure">
            <dt class="figure__term">{term}</dt>
            <dd class="figure__value">{move || value.get().unwrap_or_else(|| "–".to_owned())}</dd>
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
    percent(run).map(|percent| format!("{percent:.0} %"))
}

fn percent(run: &Run) -> Option<f64> {
    run.progress.as_ref()?.percent.map(|percent| percent.clamp(0.0, 100.0))
}

fn progress<T>(run: Memo<Run>, field: impl FnOnce(&Progress) -> Option<T>) -> Option<T> {
    run.with(|run| run.progress.as_ref().and_then(field))
}

fn waiting_line(run: Memo<Run>) -> String {
    let line = match run.with(|run| run.state) {
        RunState::Created | RunState::Queued => "waiting to begin",
        RunState::Canceling => "being stopped",
        _ => "no output yet",
    };
    line.to_owned()
}
