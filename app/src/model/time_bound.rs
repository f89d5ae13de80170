//! One end of a range of time: a day on the panel's clock, or a moment.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{Datelike as _, NaiveDate};

use super::Timestamp;

/// One end of a time range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeBound {
    /// A whole calendar day on the panel's clock.
    Day(NaiveDate),
    /// A moment.
    Moment(Timestamp),
}

impl FromStr for TimeBound {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plausible = |day: &NaiveDate| (1970..=9999).contains(&day.year());
        if let Ok(day) = text.parse::<NaiveDate>() {
            return if text.len() == 10 && plausible(&day) { Ok(Self::Day(day)) } else { Err("expected a year from 1970 to 9999") };
        }
        text.parse().map(Self::Moment).map_err(|_| "expected a day (2026-11-22) or a moment (2026-11-22T02:00:00Z)")
    }
}

impl Display for TimeBound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Moment(at) => at.fmt(f),
        }
    }
}
