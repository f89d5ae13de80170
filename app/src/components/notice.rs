//! A box that says something about the page: that a read failed, that there is nothing, that the connection is gone.

use leptos::prelude::*;

use super::erase::Reactive;
use super::{Erase, Icon, Piece, icon, reactive};
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
pub fn notice(tone: Tone, title: impl Into<String>, body: Piece) -> Piece {
    view! {
        <div class="notice" data-tone=tone.word()>
            <span class="notice__icon">{icon(tone.icon())}</span>
            <div class="notice__body">
                <p class="notice__title">{title.into()}</p>
                <div class="notice__text">{body}</div>
            </div>
        </div>
    }
    .erase()
}

/// What a failed read says. `retry_href` is the page to try again: it works without scripts too.
pub fn failure_notice(what: &str, error: &AppError, retry_href: String) -> Piece {
    let sign_in = format!("/sign-in?{}", form_urlencoded::Serializer::new(String::new()).append_pair("next", &retry_href).finish());
    let title = format!("Could not read {what}");
    let refusal = format!("You may not see {what}");
    let cause = sentence(&error.to_string());
    match error {
        AppError::SignedOut => {
            let body = view! {
                <p>"Your session has ended. Nothing was changed."</p>
                <a class="button" href=sign_in>"Sign in"</a>
            };
            notice(Tone::Warning, "You are signed out", body.erase())
        }
        AppError::Forbidden => {
            let body = view! { <p>"Your role does not include it. An administrator can change that."</p> };
            notice(Tone::Neutral, refusal, body.erase())
        }
        _ => {
            let body = view! {
                <p>{cause}</p>
                <a class="button" href=retry_href>{icon(Icon::Retry)}"Retry"</a>
            };
            notice(Tone::Error, title, body.erase())
        }
    }
}

/// A fragment as a sentence: first letter in upper case, a full stop at its end.
pub fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    letters.next().map(|first| format!("{}{}.", first.to_ascii_uppercase(), letters.as_str())).unwrap_or_default()
}

/// A line in place of a list that is empty, for as long as it is.
pub fn nothing_if(is_empty: impl Fn() -> bool + Send + Sync + 'static, line: impl Fn() -> Piece + Send + Sync + 'static) -> Reactive {
    let is_empty = Memo::new(move |_| is_empty());
    reactive(move || is_empty.get().then(|| view! { <p class="section__empty">{line()}</p> }.erase()))
}
