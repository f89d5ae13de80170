//! One page that says one thing: a refusal, outside the frame, since whoever reads it may not have signed in. No script.

use leptos::prelude::*;

use crate::components::mark;
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
        let owner = Owner::new_root(None);
        let html = owner.with(|| {
            view! {
                <!DOCTYPE html>
                <html lang="en" data-theme=self.theme.to_string()>
                    <head>
                        <meta charset="utf-8"/>
                        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                        <meta name="color-scheme" content="light dark"/>
                        <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                        <link rel="stylesheet" href=assets.css.clone()/>
                        <title>{format!("{} · Tailback", self.heading)}</title>
                    </head>
                    <body>
                        <main class="gate">
                            <div class="gate__panel">
                                <p class="gate__product">{mark("gate__mark")}"Tailback"</p>
                                <h1 class="gate__title">{self.heading.to_owned()}</h1>
                                <p class="gate__lead">{self.text.to_owned()}</p>
                                <a class="button" href="/">"Go to Monitor"</a>
                            </div>
                        </main>
                    </body>
                </html>
            }
            .to_html()
        });
        owner.cleanup();
        html
    }
}
