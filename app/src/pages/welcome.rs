//! The first start: whoever holds the one-time link from the console becomes the first administrator.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::{Erase, Field, Tone, mark, notice, open_connection};

/// `/welcome?token=…&error=…`
#[component]
pub fn WelcomePage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let problem = query.get("error").map(|error| match error.as_str() {
        "token" => (
            "This link is not valid any more",
            "It works once. Start the panel again to get a new one, or sign in if an administrator exists.",
        ),
        "username" => ("That user name will not do", "Use 1 to 64 letters, digits, dots, hyphens or underscores."),
        "password" => ("That password is too short", "Use at least 12 characters; a few words are easy to remember."),
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
                <input type="hidden" name="token" value=query.get("token").unwrap_or_default()/>
                {Field { label: "User name", name: "username", kind: "text", autocomplete: "username", hint: None }.view()}
                {Field { label: "Password", name: "password", kind: "password", autocomplete: "new-password", hint: Some("At least 12 characters.") }.view()}
                {Field { label: "Password again", name: "password_again", kind: "password", autocomplete: "new-password", hint: None }.view()}
                <button class="button button--primary" type="submit">"Create administrator"</button>
            </form>
        </main>
    }
    .erase()
}
