//! What the pages ask the server for. Each function is a public endpoint under `/api/sf`: it authorises, takes its port,
//! calls it and returns.

pub mod monitor;
pub mod runs;
pub mod wire;

pub use monitor::{MonitorSnapshot, ReadMonitor, read_monitor};
pub use runs::{StopRun, stop_run};
pub use wire::Wire;
