//! A labelled text field of a plain form.

use leptos::prelude::*;

use super::{Erase, Piece};

/// What a field asks for.
pub struct Field<'f> {
    pub label: &'static str,
    pub name: &'static str,
    /// The input's type.
    pub kind: &'static str,
    pub autocomplete: &'static str,
    /// What stands in it already.
    pub value: &'f str,
    pub hint: Option<&'static str>,
}

impl Field<'_> {
    /// Label above, input below, the hint under it.
    pub fn view(self) -> Piece {
        view! {
            <label class="field">
                <span class="field__label">{self.label}</span>
                <input class="field__input" type=self.kind name=self.name value=self.value.to_owned() autocomplete=self.autocomplete autocapitalize="none" spellcheck="false" required=true/>
                {self.hint.map(|hint| view! { <span class="field__hint">{hint}</span> })}
            </label>
        }
        .erase()
    }
}
