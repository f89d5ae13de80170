//! What can go wrong with the database.

use sqlx::sqlite::SqliteError;

/// A failed read or write, with its cause.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("run a statement")]
    Sql(#[from] sqlx::Error),
    #[error("begin a transaction")]
    Begin(#[source] tokio::task::JoinError),
    #[error("bring the schema up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("wait for the turn to write to the database")]
    Turn(#[source] std::io::Error),
    #[error("make the database file, for its owner alone")]
    File(#[source] std::io::Error),
    #[error("read column {column}: {value:?} has no meaning there")]
    Value { column: &'static str, value: String },
    #[error("there is no database of a panel there")]
    Absent,
    #[error("read the database URL: expected sqlite://PATH or postgres://USER@HOST/NAME")]
    Url,
}

impl StoreError {
    /// Whether a unique index refused the write: somebody else has done it, or the name is taken.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(cause)) if cause.is_unique_violation())
    }

    /// Whether what the database keeps on disk is not what it once wrote there.
    pub fn is_damage(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(cause)) = self else { return false };
        let code = cause.code().unwrap_or_default();
        if cause.try_downcast_ref::<SqliteError>().is_some() {
            // SQLITE_CORRUPT and SQLITE_NOTADB, whatever more is said above the lowest byte.
            code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 11 | 26))
        } else {
            // data_corrupted and index_corrupted
            matches!(&*code, "XX001" | "XX002")
        }
    }
}
