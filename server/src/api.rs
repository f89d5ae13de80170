//! HTTP for machines: version 1 of the API, its problems, health. Doors only: each asks who is there and calls a service.

mod body;
mod health;
mod metrics;
mod problem;
pub mod v1;

pub use body::{JsonBody, parse_json};
pub use health::{healthz, readyz};
pub use metrics::metrics;
pub use problem::Problem;

/// Whether what answers at a path speaks to programs, and so refuses in their words.
pub fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/") || path == "/metrics"
}
