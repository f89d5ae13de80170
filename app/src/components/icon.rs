//! The icons: one stroked path each on a 16 px grid, drawn for this panel. Always beside a word or inside something named,
//! so they are hidden from assistive technology.

use leptos::prelude::*;

use super::{Erase, Piece};

use crate::model::{LinkState, LogStatus};
use crate::site::Theme;

/// What an icon stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Monitor,
    Logs,
    Servers,
    SignOut,
    Sun,
    Moon,
    HalfDisc,
    Play,
    Tick,
    Triangle,
    CrossInCircle,
    Square,
    Hourglass,
    BrokenLink,
    InfoCircle,
    Clock,
    ArrowUp,
    ArrowDown,
    Question,
    Pause,
    Close,
    Previous,
    Next,
    Copy,
    Retry,
    Link,
    People,
    Key,
    Dots,
}

impl Icon {
    /// The SVG path, in a view box of 16 by 16.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Monitor => "M1.5 8h3l2-5 3 10 2-5h3",
            Self::Logs => "M2 3.5h.01M5 3.5h9M2 8h.01M5 8h9M2 12.5h.01M5 12.5h9",
            Self::Servers => "M2 2.5h12v4H2ZM2 9.5h12v4H2ZM4.5 4.5h.01M4.5 11.5h.01",
            Self::SignOut => "M6.5 2.5h-4v11h4M7 8h7M11 5l3 3-3 3",
            Self::Sun => "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
            Self::Moon => "M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3Z",
            Self::HalfDisc => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 2v12M10 4.5v7M12 6v4",
            Self::Play => "M5 3l8 5-8 5Z",
            Self::Tick => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM5 8.2l2.1 2.1L11 6",
            Self::Triangle => "M8 2 15 14H1ZM8 6.5v3.5M8 12v.01",
            Self::CrossInCircle => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6",
            Self::Square => "M3.5 3.5h9v9h-9Z",
            Self::Hourglass => "M3.5 1.5h9M3.5 14.5h9M4.5 1.5c0 4 7 5 7 13M11.5 1.5c0 4-7 5-7 13",
            Self::BrokenLink => {
                "M6 10.5 4.8 11.7a2.7 2.7 0 0 1-3.8-3.8L3.5 5.5M10 5.5l1.2-1.2a2.7 2.7 0 0 1 3.8 3.8L12.5 10.5M6.5 1.5v2M1.5 14.5l1-1M9.5 14.5v-2"
            }
            Self::InfoCircle => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM8 7.5v3.5M8 5v.01",
            Self::Clock => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM8 4.5V8l2.5 1.5",
            Self::ArrowUp => "M8 13V3M4 7l4-4 4 4",
            Self::ArrowDown => "M8 3v10M4 9l4 4 4-4",
            Self::Question => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM6.2 6.2a1.9 1.9 0 1 1 2.7 1.7c-.6.3-.9.7-.9 1.3M8 11.3v.01",
            Self::Pause => "M5 3v10M11 3v10",
            Self::Close => "M3.5 3.5l9 9M12.5 3.5l-9 9",
            Self::Previous => "M10 3 5 8l5 5",
            Self::Next => "M6 3l5 5-5 5",
            Self::Copy => "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
            Self::Retry => "M13.5 8a5.5 5.5 0 1 1-1.6-3.9L13.5 5.7M13.5 2v3.7H9.8",
            Self::People => {
                "M6 2a2.7 2.7 0 1 0 0 5.4A2.7 2.7 0 0 0 6 2ZM1.5 14c0-2.7 2-4.3 4.5-4.3s4.5 1.6 4.5 4.3M11 2.6a2.4 2.4 0 0 1 0 4.4M12.5 10c1.3.6 2 1.9 2 3.6"
            }
            Self::Key => "M5 7.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM7.2 8.4l6.3-6.3M11 4.6l2 2",
            Self::Dots => "M3 8h.01M8 8h.01M13 8h.01",
            Self::Link => {
                "M6.5 9.5a2.7 2.7 0 0 0 3.8 0l2.4-2.4a2.7 2.7 0 0 0-3.8-3.8l-.9.9M9.5 6.5a2.7 2.7 0 0 0-3.8 0L3.3 8.9a2.7 2.7 0 0 0 3.8 3.8l.9-.9"
            }
        }
    }
}

impl From<LogStatus> for Icon {
    fn from(status: LogStatus) -> Self {
        match status {
            LogStatus::Started => Self::Play,
            LogStatus::Completed => Self::Tick,
            LogStatus::Warning => Self::Triangle,
            LogStatus::Error => Self::CrossInCircle,
            LogStatus::Stopped => Self::Square,
            LogStatus::Running => Self::Hourglass,
            LogStatus::Connection => Self::BrokenLink,
            LogStatus::Info => Self::InfoCircle,
            LogStatus::Missed => Self::Clock,
        }
    }
}

impl From<LinkState> for Icon {
    fn from(state: LinkState) -> Self {
        match state {
            LinkState::Up => Self::ArrowUp,
            LinkState::Down => Self::ArrowDown,
            LinkState::Unknown => Self::Question,
        }
    }
}

impl From<Theme> for Icon {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self::Sun,
            Theme::Dark => Self::Moon,
            Theme::System => Self::HalfDisc,
        }
    }
}

/// The product's mark: rows, and an arrow that goes back along them.
pub fn mark(class: &'static str) -> Piece {
    view! {
        <svg class=class viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d="M2 3h12M2 7h7M2 11h4M13.5 8.5a4 4 0 0 1-4 4M11.5 10.3 9.3 12.5l2.2 2.2"/>
        </svg>
    }
    .erase()
}

/// The icon as an element.
pub fn icon(icon: impl Into<Icon>) -> Piece {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=icon.into().path()/>
        </svg>
    }
    .erase()
}
