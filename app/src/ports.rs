//! What the pages need from the server, as small traits. The server implements them and puts them into context.

use std::sync::Arc;

use async_trait::async_trait;

use crate::api::RowsAfter;
use crate::error::AppError;
use crate::model::{Glance, LogFilter, LogPage, LogQuery, Run, Server, Timestamp, Viewer, Zone};

/// Reads of the audit trail.
#[async_trait]
pub trait AuditTrail: Send + Sync {
    /// A page of the trail, newest first, in the viewer's scope.
    async fn list(&self, viewer: &Viewer, query: LogQuery) -> Result<LogPage, AppError>;

    /// Rows after one, oldest first.
    async fn after(&self, viewer: &Viewer, filter: &LogFilter, id: i64, most: u32) -> Result<RowsAfter, AppError>;
}

/// Reads of runs.
#[async_trait]
pub trait Runs: Send + Sync {
    /// Every run that is not over, oldest first, in the viewer's scope.
    async fn list_active(&self, viewer: &Viewer) -> Result<Vec<Run>, AppError>;

    /// Asks for a run to be stopped.
    async fn stop(&self, viewer: &Viewer, id: crate::model::RunId) -> Result<(), AppError>;
}

/// What needs a person first.
#[async_trait]
pub trait Glances: Send + Sync {
    /// What of it the viewer may see.
    async fn glance(&self, viewer: &Viewer) -> Result<Glance, AppError>;
}

/// Reads of servers.
#[async_trait]
pub trait Servers: Send + Sync {
    /// Every server in the viewer's scope, by name.
    async fn list(&self, viewer: &Viewer) -> Result<Vec<Server>, AppError>;
}

/// The panel's clock and zone.
pub trait PanelClock: Send + Sync {
    fn now(&self) -> Timestamp;

    fn zone(&self) -> Zone;
}

/// The ports as the server puts them into context.
#[derive(Clone)]
pub struct Ports {
    pub audit_trail: Arc<dyn AuditTrail>,
    pub runs: Arc<dyn Runs>,
    pub servers: Arc<dyn Servers>,
    pub glances: Arc<dyn Glances>,
    pub clock: Arc<dyn PanelClock>,
}
