//! One page that says one thing: a refusal, outside the frame, since whoever reads it may not have signed in. No script.

use leptos::prelude::*;

use super::shell::Shell;
use crate::components::{Erase as _, mark};
use crate::site::{Assets, Theme};

/// What it says.
pub struct Alone<'a> {
    pub heading: &'a str,
    pub text: &'a str,
    pub theme: Theme,
}

impl Alone<'_> {
    /// The whole page as HTML.
    pub fn render(&self, assets: &Assets) -> String {
        let shell = Shell { title: self.heading, theme: self.theme, now: None, density: None, has_script: false, nonce: None };
        shell.render(assets, || {
            view! {
                <main class="gate">
                    <div class="gate__panel">
                        <p class="gate__product">{mark("gate__mark")}"Tailback"</p>
                        <h1 class="gate__title">{self.heading.to_owned()}</h1>
                        <p class="gate__lead">{self.text.to_owned()}</p>
                        <a class="button" href="/">"Go to Monitor"</a>
                    </div>
                </main>
            }
            .erase()
        })
    }
}
