//! A box that says something about the page: that a read failed, that there is nothing, that the connection is gone.

use leptos::prelude::*;

use super::{Erase, Icon, icon};
use crate::error::AppError;

/// How bad the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Neutral,
    Warning,
    Error,
}

impl Tone {
    const fn word(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Neutral => Icon::InfoCircle,
            Self::Warning => Icon::Triangle,
            Self::Error => Icon::CrossInCircle,
        }
    }
}

/// A title, what it means, and at most one thing to do about it.
#[component]
pub fn Notice(tone: Tone, #[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <div class="notice" data-tone=tone.word()>
            <span class="notice__icon">{icon(tone.icon())}</span>
            <div class="notice__body">
                <p class="notice__title">{title}</p>
                <div class="notice__text">{children()}</div>
            </div>
        </div>
    }
    .erase()
}

/// What a failed read says. `retry_href` is the page to try again: it works without scripts too.
pub fn failure_notice(what: &str, error: &AppError, retry_href: String) -> AnyView {
    let sign_in = format!("/sign-in?{}", form_urlencoded::Serializer::new(String::new()).append_pair("next", &retry_href).finish());
    let title = format!("Could not read {what}");
    let refusal = format!("You may not see {what}");
    let cause = sentence(&error.to_string());
    match error {
        AppError::SignedOut => view! {
            <Notice tone=Tone::Warning title="You are signed out">
                <p>"Your session has ended. Nothing was changed."</p>
                <a class="button" href=sign_in rel="external">"Sign in"</a>
            </Notice>
        }
        .erase(),
        AppError::Forbidden => view! {
            <Notice tone=Tone::Neutral title=refusal>
                <p>"Your role does not include it. An administrator can change that."</p>
            </Notice>
        }
        .erase(),
        _ => view! {
            <Notice tone=Tone::Error title=title>
                <p>{cause}</p>
                <a class="button" href=retry_href rel="external">{icon(Icon::Retry)}"Retry"</a>
            </Notice>
        }
        .erase(),
    }
}

/// A fragment as a sentence: first letter in upper case, a full stop at its end.
pub fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}
