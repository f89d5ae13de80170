//! Whether the reader follows the tail of the feed. Pure.

/// What the reader does with the feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Following {
    /// Watches new rows arrive.
    #[default]
    Tail,
    /// Has scrolled away from the top: new rows wait until they are back.
    Away,
    /// Has pressed Pause: new rows wait until they press again.
    Paused,
}

impl Following {
    /// After the reader has scrolled.
    #[must_use]
    pub fn scrolled(self, past_top: bool) -> Self {
        match (self, past_top) {
            (Self::Tail, true) => Self::Away,
            (Self::Away, false) => Self::Tail,
            _ => self,
        }
    }

    /// After the Pause button or the space bar.
    #[must_use]
    pub fn pressed(self) -> Self {
        match self {
            Self::Tail => Self::Paused,
            Self::Away | Self::Paused => Self::Tail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Following::{Away, Paused, Tail};

    #[test]
    fn leaving_the_top_pauses_and_returning_resumes() {
        assert_eq!(Tail.scrolled(true), Away);
        assert_eq!(Away.scrolled(true), Away);
        assert_eq!(Away.scrolled(false), Tail);
    }

    #[test]
    fn a_pressed_pause_outlasts_scrolling() {
        assert_eq!(Tail.pressed(), Paused);
        assert_eq!(Paused.scrolled(true), Paused);
        assert_eq!(Paused.scrolled(false), Paused);
        assert_eq!(Paused.pressed(), Tail);
        assert_eq!(Away.pressed(), Tail);
    }
}
