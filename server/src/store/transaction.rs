//! A transaction on either engine, and how it begins and plans on PostgreSQL.

use sqlx::{PgPool, Postgres, Sqlite};

use super::engine::Dialect;
use super::turns::Turn;
use super::{Row, Sql, StoreError};

/// One unchanging state of the database.
pub(super) const POSTGRES_SNAPSHOT: &str = "begin isolation level repeatable read read only";
/// The same for pages and their counts, most of which have one plan.
pub(super) const POSTGRES_SNAPSHOT_FOR_PAGES: &str = "begin isolation level repeatable read read only; \
     set local plan_cache_mode = force_generic_plan; set local enable_sort = off";

/// A transaction; rolled back when dropped without a commit.
pub enum Transaction {
    /// One that writes holds its turn to the end.
    Sqlite(sqlx::Transaction<'static, Sqlite>, Option<Turn>),
    Postgres(sqlx::Transaction<'static, Postgres>, Plans),
}

/// Whether PostgreSQL looks at values before it plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plans {
    /// As it thinks best, whatever a statement says of itself.
    AsSet,
    /// The same for a statement that does not say that it has one plan.
    ForValues,
    /// A plan is made once for each connection and statement. It does not know between which ids it will be asked for rows, so what is to be
    /// in order comes from an index that has it so: in a table that was small or not analysed yet, PostgreSQL would sort all of it.
    Kept,
}

impl Plans {
    /// Makes it what a statement wants.
    async fn suit(&mut self, tx: &mut sqlx::Transaction<'static, Postgres>, sql: &Sql) -> Result<(), StoreError> {
        let (wanted, setting) = match (*self, sql.has_one_plan()) {
            (Self::ForValues, true) => (Self::Kept, "set local plan_cache_mode = force_generic_plan; set local enable_sort = off"),
            (Self::Kept, false) => (Self::ForValues, "set local plan_cache_mode to default; set local enable_sort to default"),
            _ => return Ok(()),
        };
        sqlx::raw_sql(setting).execute(&mut **tx).await?;
        *self = wanted;
        Ok(())
    }
}

/// Begins a transaction, also if nobody waits for it any more: sqlx takes a connection whose transaction was about to begin for one
/// without, and whoever got it next would read what was there then.
pub(super) async fn begin_whole(pool: &PgPool, how: &'static str) -> Result<sqlx::Transaction<'static, Postgres>, StoreError> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.begin_with(how).await }).await.map_err(StoreError::Begin)?.map_err(StoreError::from)
}

impl Transaction {
    /// Runs one statement and tells how many rows it changed.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(tx, _) => {
                let (text, arguments) = sql.in_order()?;
                sqlx::query_with(text, arguments).execute(&mut **tx).await?.rows_affected()
            }
            Self::Postgres(tx, plans) => {
                plans.suit(tx, &sql).await?;
                let (text, arguments) = sql.numbered()?;
                sqlx::query_with(text, arguments).execute(&mut **tx).await?.rows_affected()
            }
        })
    }

    /// Reads all rows of one statement.
    pub async fn fetch_all(&mut self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx, _) => {
                let (text, arguments) = sql.in_order()?;
                sqlx::query_with(text, arguments).fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(tx, plans) => {
                plans.suit(tx, &sql).await?;
                let (text, arguments) = sql.numbered()?;
                sqlx::query_with(text, arguments).fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Reads at most one row.
    pub async fn fetch_optional(&mut self, sql: Sql) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch_all(sql).await?.into_iter().next())
    }

    /// Reads exactly one row, such as a count.
    pub async fn fetch_one(&mut self, sql: Sql) -> Result<Row, StoreError> {
        self.fetch_optional(sql).await?.ok_or(StoreError::Sql(sqlx::Error::RowNotFound))
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(..) => Dialect::Sqlite,
            Self::Postgres(..) => Dialect::Postgres,
        }
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx, _turn) => tx.commit().await?,
            Self::Postgres(tx, _) => tx.commit().await?,
        }
        Ok(())
    }
}
