//! What a run did, in figures beside those of the last good run of its kind.

use leptos::prelude::*;

use crate::components::{Erase, Piece, format};
use crate::model::{Run, difference};
use crate::pages::document::moment;

/// One line of figures: what it is, how to read it from a run, how to print it.
type Figure = (&'static str, fn(&Run) -> Option<i64>, fn(i64) -> String);

const FIGURES: [Figure; 6] = [
    ("Duration", |run| run.duration_s, format::duration),
    ("Size of the data", |run| run.bytes_total, format::size),
    ("Copied whole", |run| run.bytes_done, format::size),
    ("Written anew", |run| run.bytes_written, format::size),
    ("Files", |run| run.files_total, format::count),
    ("Files written", |run| run.files_written, format::count),
];

/// The table; nothing where neither run has said anything.
pub(super) fn figures(run: &Run, good: Option<&Run>) -> Option<Piece> {
    let lines: Vec<_> = FIGURES.iter().filter_map(|figure| line(*figure, run, good)).collect();
    if lines.is_empty() {
        return None;
    }
    let beside = good.map(|good| {
        view! {
            <p class="section__lead">"Beside the last good run before it, of "<a href=format!("/runs/{}", good.id)>{moment(good.finished_at.unwrap_or(good.created_at))}</a>"."</p>
        }
    });
    let none = good.is_none().then(|| view! { <p class="section__lead">"There was no good run before it to compare with."</p> });
    Some(
        view! {
            <section class="section" aria-labelledby="figures">
                <h2 class="section__title" id="figures">"Figures"</h2>
                {beside}{none}
                <table class="table table--figures" role="table">
                    <thead role="rowgroup">
                        <tr role="row">
                            <th scope="col" role="columnheader">"Figure"</th>
                            <th scope="col" role="columnheader" class="is-figure">"This run"</th>
                            {good.map(|_| view! {
                                <th scope="col" role="columnheader" class="is-figure">"Last good run"</th>
                                <th scope="col" role="columnheader">"Difference"</th>
                            })}
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{lines}</tbody>
                </table>
            </section>
        }
        .erase(),
    )
}

fn line((name, read, print): Figure, run: &Run, good: Option<&Run>) -> Option<Piece> {
    let (here, before) = (read(run), good.and_then(read));
    here.or(before)?;
    let shown = |figure: Option<i64>| figure.map_or_else(|| "–".to_owned(), print);
    let words = here.zip(before).map_or_else(|| "–".to_owned(), |(here, before)| difference(here, before));
    Some(
        view! {
            <tr role="row">
                <th scope="row" role="rowheader">{name}</th>
                <td role="cell" data-label="This run" class="is-figure">{shown(here)}</td>
                {good.map(|_| view! {
                    <td role="cell" data-label="Last good run" class="is-figure">{shown(before)}</td>
                    <td role="cell" data-label="Difference">{words}</td>
                })}
            </tr>
        }
        .erase(),
    )
}
