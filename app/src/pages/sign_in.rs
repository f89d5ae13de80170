//! Signing in. A plain form: the server checks it and answers with a redirect, so it needs no script.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::{Erase, Field, Tone, mark, notice, open_connection};

/// `/sign-in?next=…&error=…`
#[component]
pub fn SignInPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let problem = query.get("error").map(|error| match error.as_str() {
        "credentials" => ("That did not match", "Check the user name and the password; both count upper and lower case."),
        "code" => ("The code came too late", "Or it was wrong too often. Start again with the password."),
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
                {Field { label: "User name", name: "username", kind: "text", autocomplete: "username", hint: None }.view()}
                {Field { label: "Password", name: "password", kind: "password", autocomplete: "current-password", hint: None }.view()}
                <input type="hidden" name="next" value=query.get("next").unwrap_or_else(|| "/".to_owned())/>
                <button class="button button--primary" type="submit">"Sign in"</button>
            </form>
        </main>
    }
    .erase()
}
