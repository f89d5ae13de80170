//! HTTP for machines: version 1 of the API, its problems, health. Doors only: each asks who is there and calls a service.

mod body;
mod health;
mod problem;
pub mod v1;

pub use body::{JsonBody, parse_json};
pub use health::{healthz, readyz};
pub use problem::Problem;
