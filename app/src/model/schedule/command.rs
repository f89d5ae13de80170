//! Jobs of other tools.

use serde::{Deserialize, Serialize};

use super::ScheduleKind;
use crate::model::{FieldError, SourceType};

/// A command with codes of its own. Lines `TAILBACK key=value` in its output are its statistics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CommandJob {
    pub source_type: SourceType,
    /// Run by `/bin/sh` on the server. Only a note where a schedule is reported.
    #[serde(default)]
    pub command: String,
    #[serde(default = "zero")]
    pub success_codes: Vec<i64>,
    #[serde(default)]
    pub warning_codes: Vec<i64>,
}

fn zero() -> Vec<i64> {
    vec![0]
}

impl CommandJob {
    /// Whether the codes were left as they are for a tool whose codes are known.
    pub fn has_codes_of_its_own(&self) -> bool {
        let known = matches!(self.source_type, SourceType::Files | SourceType::Mysql);
        !(known && self.success_codes == zero() && self.warning_codes.is_empty())
    }

    pub(super) fn check(&self, kind: ScheduleKind, problems: &mut Vec<FieldError>) {
        if self.source_type == SourceType::System {
            problems.push(FieldError::new("command.source_type", "expected a kind of data; SYSTEM is the panel itself"));
        }
        let missing = self.command.trim().is_empty() && kind == ScheduleKind::Managed;
        let odd = self.command.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
        if missing || odd || self.command.len() > 16_384 {
            problems.push(FieldError::new("command.command", "expected what `/bin/sh` is to run, at most 16 KiB"));
        }
        if self.success_codes.is_empty() {
            problems.push(FieldError::new("command.success_codes", "expected at least one; without it nothing could ever succeed"));
        }
        for (field, codes) in [("command.success_codes", &self.success_codes), ("command.warning_codes", &self.warning_codes)] {
            if codes.iter().any(|code| !(0..=255).contains(code)) {
                problems.push(FieldError::new(field, "expected exit codes from 0 to 255"));
            }
        }
        if self.warning_codes.iter().any(|code| self.success_codes.contains(code)) {
            problems.push(FieldError::new("command.warning_codes", "expected none of the success codes"));
        }
    }
}
