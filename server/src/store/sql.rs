//! One SQL statement with its values: literal text from the source code, everything else bound.

use sqlx::{Arguments, AssertSqlSafe, Database, Encode, SqlSafeStr, SqlStr, Type};

use super::StoreError;

/// A value to bind. Both engines store these three and null.
#[derive(Debug, Clone)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// A statement in the SQL that SQLite and PostgreSQL share, with `$1`, `$2`, … for its values. It can only be put together
/// from literals, so no run-time text ever becomes SQL.
#[derive(Debug, Clone)]
pub struct Sql {
    first: &'static str,
    rest: String,
    values: Vec<Value>,
}

impl Sql {
    pub fn new(text: &'static str) -> Self {
        Self { first: text, rest: String::new(), values: Vec::new() }
    }

    /// Binds the next `$n` of the text.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Adds literal text.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.rest.push_str(text);
        self
    }

    /// Adds a placeholder for one more value.
    pub fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.rest.push('$');
        self.rest.push_str(&self.values.len().to_string());
        self
    }

    /// Adds placeholders for a list, separated by commas.
    pub fn push_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        for (n, value) in values.into_iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            self.push_bind(value);
        }
        self
    }

    pub(super) fn into_query<DB>(self) -> Result<(SqlStr, DB::Arguments), StoreError>
    where
        DB: Database,
        Option<i64>: for<'q> Encode<'q, DB> + Type<DB>,
        Option<String>: for<'q> Encode<'q, DB> + Type<DB>,
        Option<Vec<u8>>: for<'q> Encode<'q, DB> + Type<DB>,
    {
        let mut arguments = DB::Arguments::default();
        for value in self.values {
            match value {
                Value::Int(value) => arguments.add(value),
                Value::Text(value) => arguments.add(value),
                Value::Bytes(value) => arguments.add(value),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        // The one place where text is declared safe: `first` and every piece of `rest` were `&'static str`.
        let text = if self.rest.is_empty() {
            self.first.into_sql_str()
        } else {
            AssertSqlSafe(format!("{}{}", self.first, self.rest)).into_sql_str()
        };
        Ok((text, arguments))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<app::model::Timestamp> for Value {
    fn from(value: app::model::Timestamp) -> Self {
        Self::Int(Some(value.millis()))
    }
}

impl From<Option<app::model::Timestamp>> for Value {
    fn from(value: Option<app::model::Timestamp>) -> Self {
        Self::Int(value.map(app::model::Timestamp::millis))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Some(value))
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(value: Option<Vec<u8>>) -> Self {
        Self::Bytes(value)
    }
}

impl From<&app::model::RunId> for Value {
    fn from(value: &app::model::RunId) -> Self {
        Self::Text(Some(value.to_string()))
    }
}

macro_rules! bind_enum_as_its_number {
    ($($enumeration:ty),+) => {$(
        impl From<$enumeration> for Value {
            fn from(value: $enumeration) -> Self {
                Self::Int(Some(i64::from(value as u8)))
            }
        }
    )+};
}

bind_enum_as_its_number!(
    app::model::LogStatus,
    app::model::SourceType,
    app::model::RunState,
    app::model::Trigger,
    app::model::LinkState,
    app::model::ScheduleKind,
    app::model::CatchUp
);
