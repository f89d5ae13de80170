//! What a dry run said.

use leptos::prelude::*;

use crate::components::{Erase, Piece, Tone, notice};
use crate::model::SourceType;
use crate::pages::document::{back_link, copyable};

/// The dry run of one type.
#[derive(Debug, Clone)]
pub struct Rehearsed {
    pub source_type: SourceType,
    pub job_text: String,
    pub output: String,
    /// Whether the real run would probably go well; `None` where nobody can tell.
    pub promising: Option<bool>,
    pub verdict: String,
}

/// `POST /schedules/<id>/rehearse`
pub fn rehearsal(id: i64, name: &str, rehearsed: Vec<Rehearsed>) -> Piece {
    let one = |(n, rehearsed): (usize, Rehearsed)| {
        let Rehearsed { source_type, job_text, output, promising, verdict } = rehearsed;
        let (tone, title) = match promising {
            Some(true) => (Tone::Neutral, "Looks good"),
            Some(false) => (Tone::Error, "Would not go well"),
            None => (Tone::Warning, "Not known"),
        };
        let heading = format!("rehearsed-{n}");
        // Types are few, and ids of texts must differ.
        let (said_id, text_id) = [("said-0", "text-0"), ("said-1", "text-1")].get(n).copied().unwrap_or(("said-2", "text-2"));
        let said = (!output.is_empty()).then(|| copyable(said_id, "What the tools said", output));
        let job = (!job_text.is_empty()).then(|| {
            view! { <details class="more"><summary>"job.sh, the script of the real run"</summary>{copyable(text_id, "job.sh", job_text)}</details> }
        });
        view! {
            <section class="section" aria-labelledby=heading.clone()>
                <h2 class="section__title" id=heading.clone()>{source_type.to_string()}</h2>
                {notice(tone, title, view! { <p>{verdict}</p> }.erase())}
                {said}
                {job}
            </section>
        }
        .erase()
    };
    view! {
        {back_link(format!("/schedules/{id}"), name.to_owned())}
        <h1 class="page-title" tabindex="-1" autofocus=true>{format!("Dry run of {name}")}</h1>
        {rehearsed.into_iter().enumerate().map(one).collect_view()}
        <form class="form__actions form__actions--start" method="post" action=format!("/schedules/{id}/rehearse")>
            <button class="button" type="submit" data-busy="Trying …">"Try again"</button>
        </form>
    }
    .erase()
}
