//! What can go wrong with the database.

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
}
