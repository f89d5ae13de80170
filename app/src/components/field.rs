//! A labelled text field of a plain form.

use leptos::prelude::*;

use super::Erase;

/// Label above, input below, an optional hint under it.
#[component]
pub fn Field(
    label: &'static str,
    name: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional)] autocomplete: &'static str,
    #[prop(optional)] hint: &'static str,
) -> impl IntoView {
    view! {
        <label class="field">
            <span class="field__label">{label}</span>
            <input class="field__input" type=kind name=name autocomplete=autocomplete autocapitalize="none" spellcheck="false" required=true/>
            {(!hint.is_empty()).then(|| view! { <span class="field__hint">{hint}</span> })}
        </label>
    }
    .erase()
}
