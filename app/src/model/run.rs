//! One execution of a schedule.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use strum::{Display, EnumString, FromRepr, IntoStaticStr, VariantArray};

use super::{Named, SourceType, Timestamp};

/// A ULID: 26 characters of Crockford's base 32, upper case. Safe in file names and shell words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "ssr", schema(value_type = String, examples("01KAMZ3V7S9B3J1Q6Y1C2D3E4F")))]
pub struct RunId(String);

/// The text is not a ULID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a run id is 26 characters of 0-9 and A-Z without I, L, O and U")]
pub struct NotARunId;

impl RunId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = NotARunId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let upper = text.to_ascii_uppercase();
        let base32 = |byte: u8| byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !b"ILOU".contains(&byte));
        if upper.len() == 26 && upper.bytes().all(base32) && upper.as_bytes()[0] <= b'7' { Ok(Self(upper)) } else { Err(NotARunId) }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Where a run is in its life. The number is what the database stores.
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
pub enum RunState {
    Created = 1,
    Queued = 2,
    Running = 3,
    Completed = 4,
    Partial = 5,
    Failed = 6,
    Canceling = 7,
    Canceled = 8,
    Expired = 9,
    Skipped = 10,
}

impl RunState {
    /// Whether the run still needs the checker.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Created | Self::Queued | Self::Running | Self::Canceling)
    }

    /// The word on the page.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Completed => "Completed",
            Self::Partial => "Partially completed",
            Self::Failed => "Failed",
            Self::Canceling => "Canceling",
            Self::Canceled => "Canceled",
            Self::Expired => "Expired",
            Self::Skipped => "Skipped",
        }
    }
}

/// What made a run begin. The number is what the database stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, FromRepr, IntoStaticStr, VariantArray)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Trigger {
    Manual = 1,
    Cron = 2,
    Reported = 3,
    Watched = 4,
}

/// What a run has done so far, as its tool reports it. `None` where the tool does not say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Progress {
    /// 0 to 100.
    pub percent: Option<f64>,
    pub bytes: Option<i64>,
    /// Bytes per second.
    pub speed_bps: Option<i64>,
    /// Seconds to the expected end.
    pub eta_s: Option<i64>,
    pub last_line: Option<String>,
}

/// One execution of a schedule. Bytes and files stay `null` until the tool has said them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Run {
    pub id: RunId,
    pub schedule: Named,
    pub server: Named,
    #[serde(rename = "type")]
    pub source_type: SourceType,
    pub trigger: Trigger,
    pub state: RunState,
    /// When it was recorded, which is before the server was touched.
    pub created_at: Timestamp,
    /// When its process began; `null` while it waits.
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub duration_s: Option<i64>,
    pub exit_code: Option<i64>,
    pub bytes_done: Option<i64>,
    pub bytes_total: Option<i64>,
    pub bytes_written: Option<i64>,
    pub files_done: Option<i64>,
    pub files_total: Option<i64>,
    pub files_written: Option<i64>,
    pub point: Option<String>,
    pub error: Option<String>,
    /// Only while it runs.
    pub progress: Option<Progress>,
    /// The last of its schedule's thresholds for long runs, in hours, that it has passed.
    pub long_run_hours: Option<i64>,
    /// When the checker last saw it; `null` if it has not yet.
    pub checked_at: Option<Timestamp>,
}

impl Run {
    /// Tailback ends what it has begun; of what others run it can only ask those who report.
    pub fn may_be_stopped(&self) -> bool {
        matches!(self.state, RunState::Created | RunState::Queued | RunState::Running) && self.trigger != Trigger::Watched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_a_ulid_and_nothing_else() {
        assert!("01KAMZ3V7S9B3J1Q6Y1C2D3E4F".parse::<RunId>().is_ok());
        for text in
            ["", "01KAMZ3V7S9B3J1Q6Y1C2D3E4", "81KAMZ3V7S9B3J1Q6Y1C2D3E4F", "01KAMZ3V7S9B3J1Q6Y1C2D3E4I", "../../../../../etc/passwd0"]
        {
            assert_eq!(text.parse::<RunId>(), Err(NotARunId), "{text:?}");
        }
    }

    #[test]
    fn a_run_that_is_watched_or_ends_cannot_be_stopped() {
        let run: Run = serde_json::from_value(serde_json::json!({
            "id": "01KAMZ3V7S9B3J1Q6Y1C2D3E4F", "schedule": {"id": 1, "name": "nightly"}, "server": {"id": 1, "name": "web-1"},
            "type": "FILES", "trigger": "cron", "state": "running", "created_at": "2026-11-22T02:00:00Z",
        }))
        .unwrap();
        let may = |trigger, state| Run { trigger, state, ..run.clone() }.may_be_stopped();
        for trigger in Trigger::VARIANTS {
            for state in RunState::VARIANTS {
                let expected = *trigger != Trigger::Watched && state.is_active() && *state != RunState::Canceling;
                assert_eq!(may(*trigger, *state), expected, "{trigger} {state}");
            }
        }
    }

    #[test]
    fn state_names_are_the_same_for_serde_and_for_query_strings() {
        for state in RunState::VARIANTS {
            assert_eq!(serde_json::to_value(state).unwrap(), serde_json::Value::String(state.to_string()));
            assert_eq!(state.to_string().parse(), Ok(*state));
        }
    }
}
