//! What the pages ask the server for. Each function is a public endpoint under `/api/sf`: it authorises, takes its port,
//! calls it and returns.

pub mod monitor;
pub mod runs;
pub mod wire;

pub use monitor::{MonitorSnapshot, ROWS_AT_A_TIME, ReadMonitor, ReadOlder, ReadRows, RowsAfter, read_monitor, read_older, read_rows};
pub use runs::{StopRun, stop_run};
pub use wire::Wire;
