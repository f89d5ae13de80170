//! What the built-in roles allow.

use app::model::Permission;
use strum::VariantArray;

/// The permissions of a built-in role; none for one that is not known.
pub fn permissions_of(role: &str) -> Vec<Permission> {
    use Permission::{
        ExportAuditReport, RunSchedule, StopRunningSchedule, ViewAuditReportPage, ViewBackupLogsPage, ViewMonitorPage, ViewSchedulesPage,
        ViewServersPage,
    };
    match role {
        "admin" => Permission::VARIANTS.to_vec(),
        "operator" => vec![
            ViewMonitorPage,
            ViewBackupLogsPage,
            ViewAuditReportPage,
            ExportAuditReport,
            ViewSchedulesPage,
            ViewServersPage,
            RunSchedule,
            StopRunningSchedule,
        ],
        "viewer" => vec![ViewMonitorPage, ViewBackupLogsPage, ViewAuditReportPage, ViewSchedulesPage, ViewServersPage],
        _ => Vec::new(),
    }
}
