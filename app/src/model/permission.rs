//! Who is looking, what they may do, and which servers they may see.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Everything a role can allow, by the names roles are written with.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Permission {
    ViewMonitorPage,
    ViewBackupLogsPage,
    ClearBackupLogs,
    ViewAuditReportPage,
    ExportAuditReport,
    ViewBackendLogsPage,
    ViewSchedulesPage,
    CreateSchedule,
    EditSchedule,
    DeleteSchedule,
    RunSchedule,
    StopRunningSchedule,
    ViewServersPage,
    AddServers,
    EditServers,
    DeleteServers,
    ViewUsersPage,
    CreateAdditionalUsers,
    EditUsers,
    DeleteUsers,
    CreateUserRole,
    EditUserRoles,
    DeleteUserRoles,
    ViewSettingsPage,
    ChangeSettings,
}

/// The servers a viewer may see. Every query takes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every server, and the panel's own rows that belong to no server.
    All,
    /// These servers and nothing else.
    Servers(Vec<i64>),
}

impl Scope {
    /// Whether something that belongs to this server (or to none) may be seen.
    pub fn covers(&self, server_id: Option<i64>) -> bool {
        match self {
            Self::All => true,
            Self::Servers(ids) => server_id.is_some_and(|id| ids.contains(&id)),
        }
    }
}

/// The signed-in user or token behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    pub user_id: i64,
    pub username: String,
    pub permissions: Vec<Permission>,
    pub scope: Scope,
    /// The schedule whose runs it may report, where that is all it may do.
    pub reports: Option<i64>,
    /// From where the request came, where it came over the network.
    pub address: Option<String>,
    /// Has signed in without the second factor that this panel demands: nothing opens but its set-up.
    pub owes_factor: bool,
}

impl Viewer {
    /// What the trail says of something they did: who, what, and from where.
    pub fn told(&self, what: &str) -> String {
        match &self.address {
            // However much there is to say, the end of the row is not cut off.
            Some(address) => format!("{} {}, from {address}", self.username, what.chars().take(400).collect::<String>()),
            None => format!("{} {what}", self.username),
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
}
