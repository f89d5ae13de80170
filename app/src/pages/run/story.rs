//! One run from its beginning to its end, live while it lasts.

use leptos::prelude::*;

use super::figures::figures;
use super::list::starter;
use super::timeline::timeline;
use crate::components::{Erase, Icon, Piece, format, icon};
use crate::model::{Permission, Progress, Run, RunState, RunStory};
use crate::pages::document::{ago, back_link, fact, flash, moment, run_badge, span_of};
use crate::site::use_page;

/// Lines of the log that the page shows; the whole of it is a link.
const SHOWN_LINES: usize = 400;

/// `/runs/<id>`
pub fn story(story: &RunStory, said: Option<&str>) -> Piece {
    let run = &story.run;
    let page = use_page();
    let refresh = run.state.is_active().then_some("2");
    let title = format!("{} of {}", run.source_type, run.schedule.name);
    let rows = page
        .may(Permission::ViewBackupLogsPage)
        .then(|| view! { <a class="button" href=format!("/logs?run={}", run.id)>"Its entries in Logs"</a> });
    view! {
        {back_link(format!("/schedules/{}", run.schedule.id), run.schedule.name.clone())}
        {flash(said)}
        <div id="run" data-refresh=refresh>
            <header class="page-header">
                <h1 class="page-title">{title}</h1>
                <p class="page-header__note">"on "<a href=format!("/servers/{}", run.server.id)>{run.server.name.clone()}</a></p>
                <div class="page-header__actions">{stop_link(run)}{rows}</div>
            </header>
            <div class="run-state" data-outcome=run.state.to_string()>{run_badge(run.state)}{doing(run)}</div>
            {progress(run)}
            {verdict(story)}
            {facts(story)}
            {timeline(story)}
            {figures(run, story.last_good.as_ref())}
            {news(story)}
            {log(story)}
        </div>
    }
    .erase()
}

fn stop_link(run: &Run) -> Option<Piece> {
    (run.may_be_stopped() && use_page().may(Permission::StopRunningSchedule))
        .then(|| view! { <a class="button" href=format!("/runs/{}/stop", run.id)>"Stop"</a> }.erase())
}

/// What it is doing, beside the word for it.
fn doing(run: &Run) -> Option<Piece> {
    let words = match (run.state, run.started_at) {
        (RunState::Created | RunState::Queued, _) => view! { "waiting for "{span_of(run.created_at)} }.erase(),
        (RunState::Running | RunState::Canceling, Some(since)) => view! { "for "{span_of(since)} }.erase(),
        (_, Some(_)) => format!("in {}", format::duration(run.duration_s?)).erase(),
        (_, None) => return None,
    };
    Some(view! { <span class="run-state__since">{words}</span> }.erase())
}

fn progress(run: &Run) -> Option<Piece> {
    if !matches!(run.state, RunState::Running | RunState::Canceling) {
        return None;
    }
    let Progress { percent, bytes, speed_bps, eta_s, last_line } = run.progress.clone().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let percent = percent.map(|percent| percent.clamp(0.0, 100.0) as u8);
    let figure = |term: &'static str, value: Option<String>| {
        view! { <div class="figure"><dt class="figure__term">{term}</dt><dd class="figure__value">{value.unwrap_or_else(|| "–".to_owned())}</dd></div> }
    };
    Some(
        view! {
            <div class="run-progress">
                <div class="run-card__way">
                    <progress class="run-card__progress" max="100" aria-label="Progress" value=percent.map(|percent| percent.to_string())></progress>
                    <span class="run-card__percent">{percent.map(|percent| format!("{percent} %"))}</span>
                </div>
                <dl class="run-card__figures">
                    {figure("Copied", bytes.map(format::size))}
                    {figure("Speed", speed_bps.map(format::speed))}
                    {figure("Left", eta_s.map(format::duration))}
                </dl>
                <p class="run-card__line">{last_line.unwrap_or_else(|| "no output yet".to_owned())}</p>
            </div>
        }
        .erase(),
    )
}

/// The exit code with what it means and what to do next.
fn verdict(story: &RunStory) -> Option<Piece> {
    let end = story.end.as_ref();
    let code = story.run.exit_code;
    let explanation = end.and_then(|end| end.explanation.clone());
    let next = end.and_then(|end| end.next_step.clone()).filter(|_| story.run.state != RunState::Completed);
    // The code with its meaning stands right below.
    let error = story.run.error.as_ref().map(|error| error.split(" — exit code ").next().unwrap_or(error).to_owned());
    let error = error.filter(|error| !error.starts_with("exit code "));
    if code.is_none() && error.is_none() {
        return None;
    }
    Some(
        view! {
            <div class="exit-code exit-code--page" data-outcome=story.run.state.to_string()>
                {error.map(|error| view! { <p class="exit-code__error">{error}</p> })}
                {code.map(|code| view! { <p><strong class="exit-code__figure">{format!("Exit code {code}")}</strong>{explanation.map(|text| format!(": {text}"))}</p> })}
                {next.map(|text| view! { <p class="exit-code__next"><strong>"Next: "</strong>{text}</p> })}
            </div>
        }
        .erase(),
    )
}

fn facts(story: &RunStory) -> Piece {
    let run = &story.run;
    let point = run.point.clone().map(|point| {
        let gone = (run.state == RunState::Expired).then_some(" (removed by retention)");
        view! { <span class="mono">{point}</span>{gone} }.erase()
    });
    let stop = story.origin.stop.as_ref().map(|(by, at)| view! { {format!("asked for by {by}, ")}{moment(*at)} }.erase());
    view! {
        <dl class="facts facts--page">
            {fact("Started by", Some(starter(run.trigger).erase()))}
            {fact("Due", story.origin.due_at.map(moment))}
            {fact("Began", run.started_at.map(moment))}
            {fact("Ended", run.finished_at.map(moment))}
            {fact("Stop", stop)}
            {fact("Point", point)}
            {fact("Last seen", run.checked_at.filter(|_| run.state.is_active()).map(ago))}
            {fact("Run", Some(view! { <span class="mono">{run.id.to_string()}</span> }.erase()))}
        </dl>
    }
    .erase()
}

/// Lines that the last good run did not have: usually the reason is among them.
fn news(story: &RunStory) -> Option<Piece> {
    let lines = story.new_lines.as_ref()?;
    let body = if lines.is_empty() {
        view! { <p class="section__empty">"None: but for its figures, its log says what that of the last good run says."</p> }.erase()
    } else {
        let text = lines.join("\n");
        view! { <pre class="log-text log-text--news" tabindex="0" role="region" aria-label="Lines that are new">{text}</pre> }.erase()
    };
    Some(
        view! {
            <section class="section" aria-labelledby="news">
                <h2 class="section__title" id="news">"New in its log"</h2>
                <p class="section__lead">"Lines that the last good run did not have. Figures do not count."</p>
                {body}
            </section>
        }
        .erase(),
    )
}

/// The end of its log.
fn log(story: &RunStory) -> Piece {
    let active = story.run.state.is_active();
    let body = match story.log() {
        Some(log) => {
            let total = log.lines().count();
            let text: Vec<_> = log.lines().skip(total.saturating_sub(SHOWN_LINES)).collect();
            let cut = (total > SHOWN_LINES)
                .then(|| format!("The last {SHOWN_LINES} of {} lines. ", format::count(i64::try_from(total).unwrap_or(i64::MAX))));
            view! {
                <p class="section__lead">{cut}<a href=format!("/api/v1/runs/{}/log", story.run.id)>"The whole of it as text"</a></p>
                <pre class="log-text" id="log-text" tabindex="0" role="region" aria-label="Lines of the log" data-tail=active.then_some("")>{text.join("\n")}</pre>
            }
            .erase()
        }
        None if active => view! { <p class="section__empty">"Nothing of its log has been read yet."</p> }.erase(),
        None => view! { <p class="section__empty">"This run has left no log."</p> }.erase(),
    };
    view! {
        <section class="section" aria-labelledby="log">
            <h2 class="section__title" id="log">{if active { "Log, as it is written" } else { "Log" }}</h2>
            {body}
        </section>
    }
    .erase()
}

/// `/runs/<id>/stop`: says what stopping does before it is done.
pub fn ask_stop(run: &Run) -> Piece {
    let back = format!("/runs/{}", run.id);
    let button = run.may_be_stopped().then(|| view! { <button class="button button--danger" type="submit">"Stop run"</button> });
    let over =
        (!run.may_be_stopped()).then(|| view! { <p class="section">"It is over, being stopped already, or not Tailback's to stop."</p> });
    view! {
        {back_link(back.clone(), format!("{} of {}", run.source_type, run.schedule.name))}
        <h1 class="page-title">"Stop this run?"</h1>
        {over}
        <ul class="consequences">
            <li>{icon(Icon::Square)}<span>{format!("{} of {} is ended on {} and recorded as stopped, with your name.", run.source_type, run.schedule.name, run.server.name)}</span></li>
            <li>{icon(Icon::Tick)}<span>"What it has copied so far stays where it is, for the next run to use. The schedule and older backups are not touched."</span></li>
        </ul>
        <form class="form__actions" method="post" action=format!("/runs/{}/stop", run.id)>
            <a class="button" href=back>"Keep running"</a>
            {button}
        </form>
    }
    .erase()
}
