//! The second page of signing in, for whoever has a second factor. A document, since there is no session yet.

use leptos::prelude::*;

use crate::components::{Erase, Piece, Tone, mark, notice};

/// The page; `pending` stands for the password that was right.
pub fn sign_in_code(pending: &str, next: &str, wrong: bool) -> Piece {
    let problem = wrong.then(|| {
        let text = "Each code is good once. Wait for the next one, or use a recovery code.";
        view! { <div role="alert">{notice(Tone::Error, "That code is not good", text.erase())}</div> }
    });
    view! {
        <main class="gate">
            <form class="gate__panel" method="post" action="/sign-in/code">
                <p class="gate__product">{mark("gate__mark")}"Tailback"</p>
                <h1 class="gate__title">"Enter the code"</h1>
                {problem}
                <label class="field">
                    <span class="field__label">"Code"</span>
                    <input class="field__input" type="text" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
                        required=true autofocus=true aria-describedby="code-hint"/>
                    <span class="field__hint" id="code-hint">"Six digits from the authenticator, or a recovery code."</span>
                </label>
                <input type="hidden" name="pending" value=pending.to_owned()/>
                <input type="hidden" name="next" value=next.to_owned()/>
                <button class="button button--primary" type="submit">"Sign in"</button>
                <p><a href="/sign-in">"Start again"</a></p>
            </form>
        </main>
    }
    .erase()
}
