//! Every permission in words, grouped by the part of the panel that it concerns.

use crate::model::Permission;
use crate::model::Permission as P;

/// A part of the panel with its permissions.
pub struct Area {
    pub name: &'static str,
    pub permissions: &'static [Permission],
}

/// Every permission once.
pub const AREAS: [Area; 7] = [
    Area { name: "Monitor and Logs", permissions: &[P::ViewMonitorPage, P::ViewBackupLogsPage, P::ClearBackupLogs] },
    Area { name: "Audit", permissions: &[P::ViewAuditReportPage, P::ExportAuditReport] },
    Area { name: "Backend logs", permissions: &[P::ViewBackendLogsPage] },
    Area {
        name: "Schedules",
        permissions: &[P::ViewSchedulesPage, P::CreateSchedule, P::EditSchedule, P::DeleteSchedule, P::RunSchedule, P::StopRunningSchedule],
    },
    Area { name: "Servers", permissions: &[P::ViewServersPage, P::AddServers, P::EditServers, P::DeleteServers] },
    Area {
        name: "Users and roles",
        permissions: &[
            P::ViewUsersPage,
            P::CreateAdditionalUsers,
            P::EditUsers,
            P::DeleteUsers,
            P::CreateUserRole,
            P::EditUserRoles,
            P::DeleteUserRoles,
        ],
    },
    Area { name: "Settings", permissions: &[P::ViewSettingsPage, P::ChangeSettings] },
];

/// What it is called, and what somebody with it can do.
pub const fn words_of(permission: Permission) -> (&'static str, &'static str) {
    match permission {
        P::ViewMonitorPage => ("See Monitor", "What runs now, and new entries as they come."),
        P::ViewBackupLogsPage => ("See Logs", "The whole history, single entries and the logs of runs."),
        P::ClearBackupLogs => ("Clear Logs", "Remove entries for good. That they were removed stays on record."),
        P::ViewAuditReportPage => ("See Audit", "Backup jobs in charts and tables."),
        P::ExportAuditReport => ("Export reports", "Make workbooks, download and delete them."),
        P::ViewBackendLogsPage => ("See Backend logs", "The panel's own log, and those of other backends."),
        P::ViewSchedulesPage => ("See schedules", "What is backed up when, and how it went."),
        P::CreateSchedule => ("Add schedules", "Decides what runs on servers, so it is as much as a login there."),
        P::EditSchedule => ("Edit schedules", "Change, pause and resume them."),
        P::DeleteSchedule => ("Delete schedules", "Their points and entries stay."),
        P::RunSchedule => ("Run now", "Start a schedule, try it, report its runs, make tokens for that."),
        P::StopRunningSchedule => ("Stop runs", "End a run that goes on."),
        P::ViewServersPage => ("See servers", "Addresses, links, disks and host keys."),
        P::AddServers => ("Add servers", "Only for users who see every server."),
        P::EditServers => ("Edit servers", "Change addresses and keys, test connections, pin host keys."),
        P::DeleteServers => ("Delete servers", "Those without schedules. Their entries stay."),
        P::ViewUsersPage => ("See users and roles", "Who may sign in, as what, and to which servers."),
        P::CreateAdditionalUsers => ("Add users", "With no more than one's own permissions and servers."),
        P::EditUsers => ("Edit users", "Roles, servers, new passwords, signing out, disabling."),
        P::DeleteUsers => ("Delete users", "With their sessions and tokens."),
        P::CreateUserRole => ("Add roles", "Out of one's own permissions, for users who see every server."),
        P::EditUserRoles => ("Edit roles", "Those that are not built in, for users who see every server."),
        P::DeleteUserRoles => ("Delete roles", "Those that nobody has, for users who see every server."),
        P::ViewSettingsPage => ("See settings", "How the panel is set up, without secrets."),
        P::ChangeSettings => ("Change settings", "Mail, retention, time zone, who may connect."),
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn every_permission_is_in_one_area() {
        let mut listed: Vec<_> = AREAS.iter().flat_map(|area| area.permissions).copied().collect();
        listed.sort_unstable();
        assert_eq!(listed, Permission::VARIANTS);
    }
}
