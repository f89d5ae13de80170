//! Signing in. A plain form: the server checks it and answers with a redirect, so it needs no script.

use leptos::prelude::*;

use crate::components::{Erase, Field, Piece, Tone, mark, notice, open_connection};

/// `/sign-in?next=…&error=…`
pub fn sign_in(next: &str, error: Option<&str>) -> Piece {
    let problem = error.map(|error| match error {
        "credentials" => ("That did not match", "Check the user name and the password; both count upper and lower case."),
        "code" => ("The code came too late", "Or it was wrong too often. Start again with the password."),
        "expired" => ("That password is over", "It was made for you and was good for a week. Ask an administrator for another one."),
        "throttled" => ("Too many attempts", "Wait a minute, then try again. An administrator can reset a password with `tailback user`."),
        _ => ("You could not be signed in", "Try again. If it goes on, the panel's log says why."),
    });
    view! {
        <main class="gate">
            <form class="gate__panel" method="post" action="/sign-in">
                {open_connection()}
                <p class="gate__product">{mark("gate__mark")}"Tailback"</p>
                <h1 class="gate__title">"Sign in"</h1>
                {problem.map(|(title, text)| view! { <div role="alert">{notice(Tone::Error, title, text.erase())}</div> })}
                {Field { label: "User name", name: "username", kind: "text", autocomplete: "username", value: "", hint: None }.view()}
                {Field { label: "Password", name: "password", kind: "password", autocomplete: "current-password", value: "", hint: None }.view()}
                <input type="hidden" name="next" value=next.to_owned()/>
                <button class="button button--primary" type="submit">"Sign in"</button>
            </form>
        </main>
    }
    .erase()
}
