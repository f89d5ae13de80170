//! The first start: whoever holds the one-time link from the console becomes the first administrator.

use leptos::prelude::*;

use crate::components::{Erase, Field, Piece, Tone, mark, notice, open_connection};

/// `/welcome?token=…`. A form that is refused comes back as it was, the link in it and not in the URL.
pub fn welcome(token: &str, username: &str, error: Option<&str>) -> Piece {
    let problem = error.map(|error| match error {
        "token" => (
            "This link is not valid any more",
            "It works once. Start the panel again to get a new one, or sign in if an administrator exists.",
        ),
        "username" => ("That user name will not do", "Use 1 to 64 letters, digits, dots, hyphens or underscores."),
        "password" => {
            ("That password will not do", "Use at least 12 characters, and nothing that is tried first; a few words are easy to remember.")
        }
        "mismatch" => ("The passwords differ", "Type the same password twice."),
        _ => ("The account could not be created", "Try again. If it goes on, the panel's log says why."),
    });
    view! {
        <main class="gate">
            <form class="gate__panel" method="post" action="/welcome">
                {open_connection()}
                <p class="gate__product">{mark("gate__mark")}"Tailback"</p>
                <h1 class="gate__title">"Welcome"</h1>
                <p class="gate__lead">"Create the first administrator. Further users are added from inside the panel."</p>
                {problem.map(|(title, text)| view! { <div role="alert">{notice(Tone::Error, title, text.erase())}</div> })}
                <input type="hidden" name="token" value=token.to_owned()/>
                {Field { label: "User name", name: "username", kind: "text", autocomplete: "username", value: username, hint: None }.view()}
                {Field { label: "Password", name: "password", kind: "password", autocomplete: "new-password", value: "", hint: Some("At least 12 characters.") }.view()}
                {Field { label: "Password again", name: "password_again", kind: "password", autocomplete: "new-password", value: "", hint: None }.view()}
                <button class="button button--primary" type="submit">"Create administrator"</button>
            </form>
        </main>
    }
    .erase()
}
