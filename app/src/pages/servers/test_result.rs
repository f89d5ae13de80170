//! What a trial connection said, step by step.

use leptos::prelude::*;

use crate::components::{Erase, Icon, Piece, Tone, icon, notice};
use crate::model::{HostKey, Server};

/// One step of the dialogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestStep {
    pub name: String,
    pub ok: bool,
    pub said: String,
}

/// The dialogue with a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    pub ok: bool,
    pub steps: Vec<TestStep>,
    pub offered_host_key: Option<HostKey>,
}

/// The steps, and the key to pin where the server offers another one than is pinned.
pub(super) fn test_result(server: &Server, test: Test, may_pin: bool) -> Piece {
    let offered = test.offered_host_key.filter(|offered| server.host_key.as_ref() != Some(offered));
    let step = |step: TestStep| {
        let (symbol, word) = if step.ok { (Icon::Tick, "worked") } else { (Icon::CrossInCircle, "failed") };
        view! {
            <li class="steps__item" data-link=if step.ok { "up" } else { "down" }>
                <span class="steps__icon">{icon(symbol)}</span>
                <span class="steps__name">{step.name}<span class="visually-hidden">{format!(" {word}:")}</span></span>
                <span class="steps__said">{step.said}</span>
            </li>
        }
    };
    let title = if test.ok { "The connection works" } else { "The connection does not work yet" };
    view! {
        <section class="section" aria-labelledby="test">
            <h2 class="section__title" id="test" tabindex="-1" autofocus=true>{title}</h2>
            <ol class="steps">{test.steps.into_iter().map(step).collect_view()}</ol>
            {offered.map(|offered| pin(server, offered, may_pin))}
        </section>
    }
    .erase()
}

/// The question whether this is the server: a new acquaintance, or one that has changed its face.
fn pin(server: &Server, offered: HostKey, may_pin: bool) -> Piece {
    let form = |word: &'static str, class: &'static str| {
        may_pin.then(|| {
            view! {
                <form method="post" action=format!("/servers/{}/pin", server.id)>
                    <input type="hidden" name="host_key" value=offered.to_string()/>
                    <button class=class type="submit">{word}</button>
                </form>
            }
        })
    };
    let compare = format!("On the server: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (port {})", server.port);
    match &server.host_key {
        None => {
            let body = view! {
                <p>"Compare this fingerprint with the one that the server itself shows. Once pinned, nothing but this key is trusted."</p>
                <p class="fingerprint">{offered.to_string()}</p>
                <p class="notice__aside">{compare}</p>
                {form("Pin this key", "button button--primary")}
            };
            notice(Tone::Warning, "Is this the server?", body.erase())
        }
        Some(pinned) => {
            let body = view! {
                <p>
                    "The server shows another host key than the one that is pinned. Either it was installed anew, or somebody stands between it and the panel. Nothing was sent, and nothing connects until a person has decided."
                </p>
                <dl class="fingerprints">
                    <dt>"Pinned"</dt><dd class="fingerprint">{pinned.to_string()}</dd>
                    <dt>"Offered"</dt><dd class="fingerprint">{offered.to_string()}</dd>
                </dl>
                <p class="notice__aside">{compare}</p>
                {form("Pin the new key", "button button--danger")}
            };
            notice(Tone::Error, "The host key has changed", body.erase())
        }
    }
}
