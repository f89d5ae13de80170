//! What each route takes of whoever asks. A route that is not listed here answers nobody.

use app::model::Permission;

/// What a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Nothing.
    Open,
    /// Somebody, with a session or a token.
    Somebody,
    /// Somebody who has signed in: no token does.
    InPerson,
    May(Permission),
    /// Any of these.
    Any(&'static [Permission]),
}

use Need::{Any, InPerson, May, Open, Somebody};
use Permission as P;

const SEE_RUNS: Need = Any(&[P::ViewBackupLogsPage, P::ViewMonitorPage]);
const SEE_ROLES: Need = Any(&[P::ViewUsersPage, P::CreateUserRole, P::EditUserRoles, P::DeleteUserRoles]);

/// Every route: its path as the router knows it, its method, what it takes.
pub const NEEDS: &[(&str, &str, Need)] = &[
    ("/healthz", "GET", Open),
    ("/readyz", "GET", Open),
    // How busy a panel is, is not for strangers.
    ("/metrics", "GET", May(P::ViewSettingsPage)),
    ("/api/v1/openapi.json", "GET", Somebody),
    ("/api/v1/session", "POST", Open),
    ("/api/v1/session", "DELETE", Somebody),
    ("/api/v1/logs", "GET", May(P::ViewBackupLogsPage)),
    ("/api/v1/logs", "DELETE", May(P::ClearBackupLogs)),
    ("/api/v1/logs/clearing", "GET", May(P::ClearBackupLogs)),
    ("/api/v1/logs/histogram", "GET", May(P::ViewBackupLogsPage)),
    ("/api/v1/logs/export", "GET", May(P::ViewBackupLogsPage)),
    ("/api/v1/logs/stream", "GET", May(P::ViewBackupLogsPage)),
    ("/api/v1/logs/{id}", "GET", May(P::ViewBackupLogsPage)),
    ("/api/v1/servers", "GET", May(P::ViewServersPage)),
    ("/api/v1/servers", "POST", May(P::AddServers)),
    ("/api/v1/servers/{id}", "GET", May(P::ViewServersPage)),
    ("/api/v1/servers/{id}", "PUT", May(P::EditServers)),
    ("/api/v1/servers/{id}", "DELETE", May(P::DeleteServers)),
    ("/api/v1/servers/{id}/pin", "POST", May(P::EditServers)),
    ("/api/v1/servers/{id}/test", "POST", May(P::EditServers)),
    ("/api/v1/schedules", "GET", May(P::ViewSchedulesPage)),
    ("/api/v1/schedules", "POST", May(P::CreateSchedule)),
    ("/api/v1/schedules/{id}", "GET", May(P::ViewSchedulesPage)),
    ("/api/v1/schedules/{id}", "PUT", May(P::EditSchedule)),
    ("/api/v1/schedules/{id}", "DELETE", May(P::DeleteSchedule)),
    ("/api/v1/schedules/{id}/run", "POST", May(P::RunSchedule)),
    ("/api/v1/runs", "GET", SEE_RUNS),
    ("/api/v1/runs/{id}", "GET", SEE_RUNS),
    ("/api/v1/runs/{id}/log", "GET", SEE_RUNS),
    ("/api/v1/runs/{id}/stop", "POST", May(P::StopRunningSchedule)),
    // Tokens that are bound to a schedule report its runs and may nothing else.
    ("/api/v1/ingest/runs", "POST", Somebody),
    ("/api/v1/users", "GET", May(P::ViewUsersPage)),
    ("/api/v1/users", "POST", May(P::CreateAdditionalUsers)),
    ("/api/v1/users/{id}", "GET", May(P::ViewUsersPage)),
    ("/api/v1/users/{id}", "PUT", May(P::EditUsers)),
    ("/api/v1/users/{id}", "DELETE", May(P::DeleteUsers)),
    ("/api/v1/users/{id}/password", "POST", May(P::EditUsers)),
    ("/api/v1/users/{id}/sessions", "DELETE", May(P::EditUsers)),
    ("/api/v1/users/{id}/totp", "DELETE", May(P::EditUsers)),
    ("/api/v1/roles", "GET", SEE_ROLES),
    ("/api/v1/roles", "POST", May(P::CreateUserRole)),
    ("/api/v1/roles/{id}", "GET", SEE_ROLES),
    ("/api/v1/roles/{id}", "PUT", May(P::EditUserRoles)),
    ("/api/v1/roles/{id}", "DELETE", May(P::DeleteUserRoles)),
    ("/api/v1/tokens", "GET", Somebody),
    ("/api/v1/tokens", "POST", Somebody),
    ("/api/v1/tokens/{id}", "GET", Somebody),
    ("/api/v1/tokens/{id}", "PUT", Somebody),
    ("/api/v1/tokens/{id}", "DELETE", Somebody),
    ("/api/sf/read_monitor", "POST", May(P::ViewMonitorPage)),
    ("/api/sf/read_older", "POST", May(P::ViewBackupLogsPage)),
    ("/api/sf/read_rows", "POST", May(P::ViewBackupLogsPage)),
    ("/api/sf/stop_run", "POST", May(P::StopRunningSchedule)),
    // These say themselves what one may not see.
    ("/", "GET", Somebody),
    ("/sign-in", "GET", Open),
    ("/sign-in", "POST", Open),
    ("/sign-in/link", "GET", Open),
    ("/sign-in/code", "GET", Open),
    ("/sign-in/code", "POST", Open),
    ("/sign-out", "POST", Somebody),
    ("/welcome", "GET", Open),
    ("/welcome", "POST", Open),
    ("/servers", "GET", May(P::ViewServersPage)),
    ("/servers/new", "GET", May(P::AddServers)),
    ("/servers/new", "POST", May(P::AddServers)),
    ("/servers/{id}", "GET", May(P::ViewServersPage)),
    ("/servers/{id}/edit", "GET", May(P::EditServers)),
    ("/servers/{id}/edit", "POST", May(P::EditServers)),
    // Only leads back to the server.
    ("/servers/{id}/test", "GET", Somebody),
    ("/servers/{id}/test", "POST", May(P::EditServers)),
    ("/servers/{id}/pin", "POST", May(P::EditServers)),
    ("/servers/{id}/key", "POST", May(P::EditServers)),
    ("/servers/{id}/delete", "GET", May(P::DeleteServers)),
    ("/servers/{id}/delete", "POST", May(P::DeleteServers)),
    ("/schedules", "GET", May(P::ViewSchedulesPage)),
    ("/schedules/new", "GET", May(P::CreateSchedule)),
    ("/schedules/new", "POST", May(P::CreateSchedule)),
    ("/schedules/{id}", "GET", May(P::ViewSchedulesPage)),
    ("/schedules/{id}/edit", "GET", May(P::EditSchedule)),
    ("/schedules/{id}/edit", "POST", May(P::EditSchedule)),
    ("/schedules/{id}/run", "POST", May(P::RunSchedule)),
    ("/schedules/{id}/rehearse", "GET", Somebody),
    ("/schedules/{id}/rehearse", "POST", May(P::RunSchedule)),
    ("/schedules/{id}/token", "GET", Somebody),
    ("/schedules/{id}/token", "POST", May(P::RunSchedule)),
    ("/schedules/{id}/pause", "POST", May(P::EditSchedule)),
    ("/schedules/{id}/resume", "POST", May(P::EditSchedule)),
    ("/schedules/{id}/delete", "GET", May(P::DeleteSchedule)),
    ("/schedules/{id}/delete", "POST", May(P::DeleteSchedule)),
    ("/logs", "GET", May(P::ViewBackupLogsPage)),
    ("/logs/{id}/detail.txt", "GET", May(P::ViewBackupLogsPage)),
    ("/logs/views", "POST", May(P::ViewBackupLogsPage)),
    ("/logs/views/{id}", "POST", May(P::ViewBackupLogsPage)),
    ("/logs/clear", "GET", May(P::ClearBackupLogs)),
    ("/logs/clear", "POST", May(P::ClearBackupLogs)),
    ("/runs", "GET", SEE_RUNS),
    ("/runs/{id}", "GET", SEE_RUNS),
    ("/runs/{id}/stop", "GET", May(P::StopRunningSchedule)),
    ("/runs/{id}/stop", "POST", May(P::StopRunningSchedule)),
    ("/users", "GET", May(P::ViewUsersPage)),
    ("/users/new", "GET", May(P::CreateAdditionalUsers)),
    ("/users/new", "POST", May(P::CreateAdditionalUsers)),
    ("/users/{id}", "GET", May(P::ViewUsersPage)),
    ("/users/{id}/edit", "GET", May(P::EditUsers)),
    ("/users/{id}/edit", "POST", May(P::EditUsers)),
    ("/users/{id}/password", "GET", Somebody),
    ("/users/{id}/password", "POST", May(P::EditUsers)),
    ("/users/{id}/sign-out", "POST", May(P::EditUsers)),
    ("/users/{id}/two-factor", "POST", May(P::EditUsers)),
    ("/users/{id}/delete", "GET", May(P::DeleteUsers)),
    ("/users/{id}/delete", "POST", May(P::DeleteUsers)),
    ("/roles", "GET", SEE_ROLES),
    ("/roles/new", "GET", May(P::CreateUserRole)),
    ("/roles/new", "POST", May(P::CreateUserRole)),
    ("/roles/{id}/edit", "GET", May(P::EditUserRoles)),
    ("/roles/{id}/edit", "POST", May(P::EditUserRoles)),
    ("/roles/{id}/delete", "GET", May(P::DeleteUserRoles)),
    ("/roles/{id}/delete", "POST", May(P::DeleteUserRoles)),
    ("/more", "GET", Somebody),
    ("/profile", "GET", Somebody),
    ("/profile/password", "GET", Somebody),
    ("/profile/password", "POST", InPerson),
    ("/profile/sessions/end", "POST", InPerson),
    ("/profile/two-factor", "GET", Somebody),
    ("/profile/two-factor", "POST", InPerson),
    ("/profile/two-factor/confirm", "GET", Somebody),
    ("/profile/two-factor/confirm", "POST", InPerson),
    ("/profile/two-factor/remove", "GET", Somebody),
    ("/profile/two-factor/remove", "POST", InPerson),
    ("/profile/two-factor/codes", "GET", Somebody),
    ("/profile/two-factor/codes", "POST", InPerson),
    ("/profile/tokens/new", "GET", Somebody),
    ("/profile/tokens/new", "POST", Somebody),
    ("/profile/tokens/{id}/revoke", "POST", Somebody),
];

/// What a route takes; `None` for one that nobody has decided about.
pub fn need_of(method: &str, path: &str) -> Option<Need> {
    // Asking for the head only is asking.
    let method = if method == "HEAD" { "GET" } else { method };
    NEEDS.iter().find(|(way, how, _)| *way == path && *how == method).map(|(.., need)| *need)
}

/// The methods that a path answers to.
pub(super) fn methods_of(path: &str) -> Vec<&'static str> {
    NEEDS.iter().filter(|(way, ..)| *way == path).map(|(_, method, _)| *method).collect()
}

impl Need {
    /// Whether these are enough; whether somebody is there at all was asked before.
    pub fn is_met(self, in_person: bool, may: impl Fn(Permission) -> bool) -> bool {
        match self {
            Open | Somebody => true,
            InPerson => in_person,
            May(permission) => may(permission),
            Any(permissions) => permissions.iter().any(|permission| may(*permission)),
        }
    }
}
