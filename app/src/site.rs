//! What the server tells a page about itself: where its assets are, and the facts both sides must agree on while rendering.

use leptos::prelude::{GetValue, StoredValue, WithValue, expect_context, provide_context};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::model::{Permission, Timestamp, Viewer, Zone};

/// Absolute URL paths of the built site, with content hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    pub js: String,
    pub wasm: String,
    pub css: String,
    /// The keys that every page has, for the one that is no document.
    pub keys: String,
    /// The script of documents: pages that load no WebAssembly, with the same keys.
    pub document: String,
}

/// The colours someone wants. Kept in a cookie so that the first paint is already right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Theme {
    Light,
    Dark,
    /// Whatever the browser prefers.
    #[default]
    System,
}

impl Theme {
    /// The cookie that carries it, by its name in lower case.
    pub const COOKIE: &'static str = "theme";

    /// The one the switch turns to next.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }
}

/// How much room a row of Logs takes. Kept in a cookie, as the theme is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Density {
    /// Whole messages.
    #[default]
    Comfortable,
    /// Whole messages, close together.
    Compact,
    /// One line each.
    Dense,
}

impl Density {
    pub const COOKIE: &'static str = "density";
}

/// The facts of one rendering. The server provides it as context; the browser gets the same values with the page, so that
/// both sides print the same markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageContext {
    pub theme: Theme,
    /// The slice of the panel's zone that the rows of this page can need.
    pub zone: Zone,
    /// Which build rendered the page; the live stream says which build it speaks for.
    pub build: String,
    /// `None` while nobody is signed in.
    pub username: Option<String>,
    /// What the viewer may do: decides what is offered, never what is allowed.
    pub permissions: Vec<Permission>,
    /// A name for what the viewer may do and see, which changes with it.
    pub rights: String,
    /// The panel's clock when the page was rendered.
    pub now: Timestamp,
    /// The page came over a network and was not encrypted.
    pub in_the_clear: bool,
    pub density: Density,
    /// The page's own query string, for the page that lives on in the browser.
    pub query: String,
}

impl PageContext {
    pub fn new(theme: Theme, zone: Zone, build: impl Into<String>, now: Timestamp, viewer: Option<&Viewer>) -> Self {
        Self {
            theme,
            zone,
            build: build.into(),
            username: viewer.map(|viewer| viewer.username.clone()),
            permissions: viewer.map(|viewer| viewer.permissions.clone()).unwrap_or_default(),
            rights: String::new(),
            now,
            in_the_clear: false,
            density: Density::default(),
            query: String::new(),
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Which clock the times on this page follow: `Europe/Berlin, UTC+01:00`.
    pub fn time_zone_note(&self) -> String {
        let minutes = self.zone.offset_seconds(self.now) / 60;
        let sign = if minutes < 0 { '−' } else { '+' };
        match (self.zone.name.as_str(), minutes) {
            ("UTC", 0) => "UTC".to_owned(),
            (name, _) => format!("{name}, UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60),
        }
    }
}

/// The context of a page nobody has said anything about: what the list of routes is made with.
impl Default for PageContext {
    fn default() -> Self {
        Self::new(Theme::default(), Zone::utc(), "", Timestamp(0), None)
    }
}

/// The page's facts as components read them: cheap to copy into closures.
#[derive(Clone, Copy)]
pub struct Page(StoredValue<PageContext>);

impl Page {
    /// What a clock on the panel's wall shows at that moment.
    pub fn local(self, at: Timestamp) -> String {
        self.0.with_value(|page| page.zone.local(at).to_string())
    }

    /// The same so that it can be meant by no other moment.
    pub fn told(self, at: Timestamp) -> String {
        self.0.with_value(|page| page.zone.told(at))
    }

    /// The zone that times on the page are of.
    pub fn zone_name(self) -> String {
        self.0.with_value(|page| page.zone.name.clone())
    }

    pub fn may(self, permission: Permission) -> bool {
        self.0.with_value(|page| page.may(permission))
    }

    /// Whether the page was made for whoever may do and see this.
    pub fn is_for(self, rights: &str) -> bool {
        self.0.with_value(|page| page.rights == rights)
    }

    /// Whether this build has made the page.
    pub fn is_of(self, build: &str) -> bool {
        self.0.with_value(|page| page.build == build)
    }

    pub fn get(self) -> PageContext {
        self.0.get_value()
    }
}

/// Makes the page's facts readable by [`use_page`].
pub fn provide_page(page: PageContext) {
    provide_context(Page(StoredValue::new(page)));
}

/// The facts of the page being rendered.
pub fn use_page() -> Page {
    expect_context()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(zone: Zone) -> String {
        PageContext { zone, ..PageContext::default() }.time_zone_note()
    }

    #[test]
    fn the_zone_is_named_with_its_offset() {
        assert_eq!(note(Zone::utc()), "UTC");
        assert_eq!(note(Zone::new("Europe/Berlin", 3600, vec![])), "Europe/Berlin, UTC+01:00");
        assert_eq!(note(Zone::new("America/St_Johns", -12_600, vec![])), "America/St_Johns, UTC−03:30");
        assert_eq!(note(Zone::new("Africa/Abidjan", 0, vec![])), "Africa/Abidjan, UTC+00:00");
    }

    #[test]
    fn the_switch_visits_every_theme() {
        let visited: Vec<_> = std::iter::successors(Some(Theme::System), |theme| Some(theme.next())).take(4).collect();
        assert_eq!(visited, [Theme::System, Theme::Light, Theme::Dark, Theme::System]);
    }
}
