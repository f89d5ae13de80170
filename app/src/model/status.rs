//! What a row of the audit trail says happened.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, FromRepr, IntoStaticStr, VariantArray};

/// The status of a log row. The number is what the database stores and never changes its meaning.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    FromRepr,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum LogStatus {
    Started = 1,
    #[serde(alias = "success")]
    #[strum(serialize = "success", to_string = "completed")]
    Completed = 2,
    Warning = 3,
    Error = 4,
    Stopped = 5,
    Running = 6,
    Connection = 7,
    Info = 8,
    Missed = 9,
}

impl LogStatus {
    /// Whether a person should look at it.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Warning | Self::Error | Self::Connection | Self::Missed)
    }

    /// The word on the page.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Completed => "Completed",
            Self::Warning => "Warning",
            Self::Error => "Error",
            Self::Stopped => "Stopped",
            Self::Running => "Running long",
            Self::Connection => "Connection",
            Self::Info => "Info",
            Self::Missed => "Missed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_for_serde_and_for_query_strings() {
        for status in LogStatus::VARIANTS {
            let json = serde_json::to_value(status).unwrap();
            assert_eq!(json, serde_json::Value::String(status.to_string()));
            assert_eq!(status.to_string().parse(), Ok(*status));
            assert_eq!(LogStatus::from_repr(*status as u8), Some(*status));
        }
    }

    #[test]
    fn success_is_a_synonym_of_completed_on_input() {
        assert_eq!("success".parse(), Ok(LogStatus::Completed));
        assert_eq!(serde_json::from_str::<LogStatus>("\"success\"").unwrap(), LogStatus::Completed);
        assert_eq!(LogStatus::Completed.to_string(), "completed");
    }
}
