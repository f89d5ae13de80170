//! What the pages ask the server for. Each function is a public endpoint under `/api/sf`: it authorises, takes its port,
//! calls it and returns.

pub mod logs;
pub mod monitor;
pub mod runs;
pub mod servers;
mod wire;

pub use logs::{FindLogEntry, ListLogs, find_log_entry, list_logs};
pub use monitor::{MonitorSnapshot, ReadMonitor, read_monitor};
pub use runs::{StopRun, stop_run};
pub use servers::{ListServers, list_servers};
pub use wire::Wire;
