//! The second factor: set up, turned off, its recovery codes.

use leptos::prelude::*;

use crate::components::{Erase, Piece, Tone, notice};
use crate::pages::document::{back_link, copyable};
use crate::pages::form::{Problems, Text, problem_summary, text};

/// White around a QR code, without which no phone reads it.
const QUIET: usize = 4;

/// The seed as a picture and in words. `squares` is the path of the dark squares, `width` how many there are in a row.
pub fn set_up(words: String, squares: String, width: usize, problems: Problems) -> Piece {
    let side = width + 2 * QUIET;
    let picture = (width > 0).then(|| {
        view! {
            <svg class="qr" viewBox=format!("-{QUIET} -{QUIET} {side} {side}") role="img" aria-label="QR code of the text below" shape-rendering="crispEdges">
                <path class="qr__paper" d=format!("M-{QUIET}-{QUIET}h{side}v{side}h-{side}z")/>
                <path class="qr__ink" d=squares/>
            </svg>
        }
    });
    view! {
        {back_link("/profile".to_owned(), "Profile")}
        <h1 class="page-title">"Set up a second factor"</h1>
        {problem_summary(&problems, label_of)}
        <ol class="numbered">
            <li>
                <p>"Scan this with an authenticator app, or type the text into it."</p>
                {picture}
                {copyable("seed", "Secret for the authenticator", words)}
            </li>
            <li>
                <form class="form form--short" method="post" action="/profile/two-factor/confirm" novalidate=true>
                    {password_field(&problems)}
                    {code_field("The six digits that the app shows now.", &problems)}
                    <div><button class="button button--primary" type="submit">"Turn on"</button></div>
                </form>
            </li>
        </ol>
    }
    .erase()
}

fn code_field(hint: &str, problems: &Problems) -> Piece {
    let field =
        Text { label: "Code", name: "code", required: true, autocomplete: Some("one-time-code"), hint: Some(hint), ..Text::default() };
    text(field, problems)
}

/// Recovery codes that were just made: the only time that they are shown.
pub fn recovery_codes(codes: &[String]) -> Piece {
    let body = view! { <p>"Each signs you in once when the phone is not at hand. This page is the only place where they are ever shown; earlier ones are not good any more."</p> };
    view! {
        {back_link("/profile".to_owned(), "Profile")}
        <h1 class="page-title">"Recovery codes"</h1>
        <div class="notice--narrow">{notice(Tone::Warning, "Keep these somewhere safe now", body.erase())}</div>
        {copyable("recovery-codes", "Recovery codes", codes.join("\n"))}
        <p class="section"><a class="button" href="/profile">"Done"</a></p>
    }
    .erase()
}

/// `/profile/two-factor/remove`, and with `renew` `/profile/two-factor/codes`: both ask for a code.
pub fn remove_factor(renew: bool, problems: Problems) -> Piece {
    let problems = &problems.in_order(&["current", "code"]);
    let (title, text_of, action, word) = if renew {
        ("New recovery codes", "Ten new ones take the place of those that you have.", "/profile/two-factor/codes", "Make new codes")
    } else {
        ("Turn the second factor off?", "From then on your password alone signs you in.", "/profile/two-factor/remove", "Turn off")
    };
    let password = (!renew).then(|| password_field(problems));
    view! {
        {back_link("/profile".to_owned(), "Profile")}
        <h1 class="page-title">{title}</h1>
        <p class="section__lead">{text_of}</p>
        {problem_summary(problems, label_of)}
        <form class="form form--short" method="post" action=action novalidate=true>
            {password}
            {code_field("From the authenticator, or a recovery code.", problems)}
            <div class="row">
                <a class="button" href="/profile">"Cancel"</a>
                <button class="button button--primary" type="submit">{word}</button>
            </div>
        </form>
    }
    .erase()
}

fn password_field(problems: &Problems) -> Piece {
    let field = Text {
        label: "Password",
        name: "current",
        required: true,
        secret: true,
        autocomplete: Some("current-password"),
        ..Text::default()
    };
    text(field, problems)
}

fn label_of(field: &str) -> String {
    if field == "code" { "Code".to_owned() } else { "Password".to_owned() }
}
