//! One row as a statement returned it, on either engine.

use std::str::FromStr;

use app::model::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use super::StoreError;

/// What both engines can decode.
pub trait Column: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> {}
impl<T> Column for T where T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

/// A row of a result.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub fn get<T: Column>(&self, column: &str) -> Result<T, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.get(column)
    }

    pub fn text(&self, column: &str) -> Result<String, StoreError> {
        self.get(column)
    }

    /// The numbers in a column, which SQLite has gathered as JSON and PostgreSQL as an array, or as null where there are none.
    pub(super) fn numbers(&self, place: usize, column: &'static str) -> Result<Vec<i64>, StoreError> {
        match self {
            Self::Sqlite(row) => {
                serde_json::from_str(row.try_get(place)?).map_err(|cause| StoreError::Value { column, value: cause.to_string() })
            }
            Self::Postgres(row) => Ok(row.try_get::<Option<Vec<i64>>, _>(place)?.unwrap_or_default()),
        }
    }

    /// The number in a column, if there is one, in a row that somebody may have damaged.
    pub(super) fn salvaged_int(&self, column: &str) -> Option<i64> {
        self.get(column).ok().flatten()
    }

    /// The text in a column, as much of it as is one.
    pub(super) fn salvaged_text(&self, column: &str) -> Option<String> {
        let text = self.get::<Option<String>>(column).ok().flatten();
        text.or_else(|| self.get::<Option<Vec<u8>>>(column).ok().flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    pub fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.int(column)?))
    }

    pub fn optional_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
    }

    /// An enum stored as its number; a number without a meaning is an error that names it.
    pub fn numbered<T>(&self, column: &'static str, from_number: impl Fn(u8) -> Option<T>) -> Result<T, StoreError> {
        let number = self.int(column)?;
        u8::try_from(number).ok().and_then(from_number).ok_or_else(|| StoreError::Value { column, value: number.to_string() })
    }

    /// A small whole number such as a port or a month.
    pub fn small<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        let number = self.int(column)?;
        T::try_from(number).map_err(|_| StoreError::Value { column, value: number.to_string() })
    }

    /// The same where it is not null.
    pub fn optional_small<T: TryFrom<i64>>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let Some(number) = self.get::<Option<i64>>(column)? else { return Ok(None) };
        T::try_from(number).map(Some).map_err(|_| StoreError::Value { column, value: number.to_string() })
    }

    /// Text that must parse.
    pub fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| StoreError::Value { column, value: text })
    }

    /// Text that must parse where it is not null.
    pub fn optional_parsed<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let Some(text) = self.get::<Option<String>>(column)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| StoreError::Value { column, value: text })
    }

    /// JSON text that must parse where it is not null.
    pub fn optional_json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let Some(text) = self.get::<Option<String>>(column)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|_| StoreError::Value { column, value: text })
    }
}
