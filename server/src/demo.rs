//! A panel at work in a temporary directory: private SSH servers and a private MariaDB on loopback, real backups every
//! minute, one of everything that can happen. Leaves nothing behind.

mod churn;
mod mariadb;
pub mod programs;
pub mod small_disk;
pub mod sshd;
mod stage;

pub use mariadb::PrivateMariadb;
pub use stage::Stage;
