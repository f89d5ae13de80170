//! One SQL statement with its values: literal text from the source code, everything else bound.

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Database, Encode, Postgres, SqlSafeStr, SqlStr, Sqlite, Type};

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
    has_one_plan: bool,
}

impl Sql {
    pub fn new(text: &'static str) -> Self {
        Self { first: text, rest: String::new(), values: Vec::new(), has_one_plan: false }
    }

    /// No values would lead PostgreSQL to another plan, apart from a limit: to make one each time takes it longer than many a statement.
    #[must_use]
    pub(super) fn with_one_plan(self) -> Self {
        Self { has_one_plan: true, ..self }
    }

    pub(super) fn has_one_plan(&self) -> bool {
        self.has_one_plan
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

    /// A statement that gives the sum of what others give, one number each.
    pub(super) fn sum(of: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::new("select cast(0 as bigint)").with_one_plan();
        for other in of {
            sum.push(" + (").push_all(other).push(")");
        }
        sum
    }

    /// A statement whose one row has what others give, each by its name.
    pub(super) fn side_by_side(of: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        let mut row = Self::new("select ").with_one_plan();
        for (name, other) in of {
            if !row.rest.is_empty() {
                row.push(", ");
            }
            row.push("(").push_all(other).push(") as ").push(name);
        }
        row
    }

    /// Adds another column to [`Self::side_by_side`].
    #[must_use]
    pub(super) fn beside(mut self, name: &'static str, other: Self) -> Self {
        self.push(", (").push_all(other).push(") as ").push(name);
        self
    }

    /// Adds another statement with its values, whose numbers follow.
    fn push_all(&mut self, other: Self) -> &mut Self {
        let taken = self.values.len();
        for (number, text) in pieces(&format!("{}{}", other.first, other.rest)) {
            if let Some(number) = number {
                self.rest.push('$');
                // What has no number is refused once the statement is bound.
                let number = number.parse::<usize>().ok().filter(|number| (1..=other.values.len()).contains(number));
                self.rest.extend(number.map(|number| (number + taken).to_string()));
            }
            self.rest.push_str(text);
        }
        self.values.extend(other.values);
        self.has_one_plan &= other.has_one_plan;
        self
    }

    /// Puts literal text around the statement.
    #[must_use]
    pub(super) fn within(self, before: &'static str, after: &'static str) -> Self {
        self.after(Self::new(before), after)
    }

    /// The same, with what stands before put together; it has no values.
    #[must_use]
    pub(super) fn after(self, before: Self, after: &'static str) -> Self {
        debug_assert!(before.values.is_empty(), "numbers of placeholders would no longer be right");
        Self { first: before.first, rest: format!("{}{}{}{after}", before.rest, self.first, self.rest), ..self }
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

    /// The statement as PostgreSQL takes it.
    pub(super) fn numbered(self) -> Result<(SqlStr, PgArguments), StoreError> {
        let sql = if self.has_one_plan { self.with_limits()? } else { self };
        // Here and in `in_order` text is declared safe: `first` and every piece of `rest` were `&'static str`, or a number.
        let text =
            if sql.rest.is_empty() { sql.first.into_sql_str() } else { AssertSqlSafe(format!("{}{}", sql.first, sql.rest)).into_sql_str() };
        Ok((text, bound::<Postgres>(sql.values)?))
    }

    /// The same with limits written out: a plan for any limit would be one for a tenth of all rows.
    fn with_limits(self) -> Result<Self, StoreError> {
        let mut sql = Self { first: "", rest: String::new(), values: Vec::new(), ..self };
        for (number, piece) in pieces(&format!("{}{}", self.first, self.rest)) {
            match number.map(|number| value_at(&self.values, place_of(number))).transpose()? {
                Some(Value::Int(Some(limit))) if sql.rest.ends_with("limit ") => sql.rest.push_str(&limit.to_string()),
                Some(value) => {
                    sql.push_bind(value.clone());
                }
                None => {}
            }
            sql.rest.push_str(piece);
        }
        Ok(sql)
    }

    /// The statement as SQLite takes it quickly. It would look for every `$n` among all the others, so they become `?`, and a value
    /// that stands in several places is bound as often.
    pub(super) fn in_order(self) -> Result<(SqlStr, SqliteArguments), StoreError> {
        let written = format!("{}{}", self.first, self.rest);
        let mut text = String::with_capacity(written.len());
        let mut places = Vec::with_capacity(self.values.len());
        for (number, piece) in pieces(&written) {
            if let Some(number) = number {
                // A bare value there is one that it wants to know before it plans, so it would prepare the statement anew each time.
                if text.ends_with("limit ") {
                    text.push_str("0 + ");
                }
                text.push('?');
                places.push(place_of(number));
            }
            text.push_str(piece);
        }
        let once_each = places.iter().copied().eq((0..self.values.len()).map(Some));
        let values = if once_each {
            self.values
        } else {
            places.into_iter().map(|place| value_at(&self.values, place).cloned()).collect::<Result<_, _>>()?
        };
        Ok((AssertSqlSafe(text).into_sql_str(), bound::<Sqlite>(values)?))
    }
}

/// Where the value of the placeholder with this number is.
fn place_of(number: &str) -> Option<usize> {
    number.parse::<usize>().ok()?.checked_sub(1)
}

fn value_at(values: &[Value], place: Option<usize>) -> Result<&Value, StoreError> {
    let value = place.and_then(|place| values.get(place));
    Ok(value.ok_or_else(|| sqlx::Error::Encode("a placeholder has no value".into()))?)
}

/// What stands between placeholders, each piece with the number before it.
fn pieces(text: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    text.split('$').enumerate().map(|(n, piece)| {
        let digits = if n == 0 { 0 } else { piece.bytes().take_while(u8::is_ascii_digit).count() };
        let (number, rest) = piece.split_at(digits);
        ((n > 0).then_some(number), rest)
    })
}

fn bound<DB>(values: Vec<Value>) -> Result<DB::Arguments, StoreError>
where
    DB: Database,
    Option<i64>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<String>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<Vec<u8>>: for<'q> Encode<'q, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
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

#[cfg(test)]
mod tests {
    use sqlx::Arguments as _;

    use super::*;

    #[test]
    fn sqlite_gets_values_in_the_order_of_their_places() {
        let (text, arguments) = Sql::new("a = $1 and b > $2 and c < $1").bind(1).bind("x").in_order().unwrap();
        assert_eq!((text.as_str(), arguments.len()), ("a = ? and b > ? and c < ?", 3));

        let mut sql = Sql::new("insert into t values (");
        sql.push_list([1, 2, 3]).push(")");
        let (text, arguments) = sql.in_order().unwrap();
        assert_eq!((text.as_str(), arguments.len()), ("insert into t values (?, ?, ?)", 3));
    }

    #[test]
    fn sqlite_does_not_see_how_many_rows_are_wanted_before_it_plans() {
        let (text, arguments) = Sql::new("select n from t where a = $1 limit $2").bind(1).bind(50).in_order().unwrap();
        assert_eq!((text.as_str(), arguments.len()), ("select n from t where a = ? limit 0 + ?", 2));
    }

    #[test]
    fn postgres_is_told_limits_before_it_plans_once() {
        let sql = || Sql::new("select n from t where a = $1 and b = $3 limit $2").bind(1).bind(50).bind(7);
        let (text, arguments) = sql().numbered().unwrap();
        assert_eq!((text.as_str(), arguments.len()), ("select n from t where a = $1 and b = $3 limit $2", 3));
        let (text, arguments) = sql().with_one_plan().numbered().unwrap();
        assert_eq!((text.as_str(), arguments.len()), ("select n from t where a = $1 and b = $2 limit 50", 2));
    }

    #[test]
    fn what_is_put_together_has_one_plan_if_all_of_it_has() {
        let (one, other) = (|| Sql::new("select 1").with_one_plan(), || Sql::new("select 2"));
        assert!(Sql::side_by_side([("a", one()), ("b", one())]).has_one_plan());
        assert!(!Sql::side_by_side([("a", one()), ("b", other())]).has_one_plan());
        assert!(!Sql::sum([one()]).beside("n", other()).has_one_plan());
        assert!(one().within("select (", ")").has_one_plan() && !other().within("select (", ")").has_one_plan());
    }

    #[test]
    fn statements_side_by_side_keep_their_values() {
        let mut other = Sql::new("select n from t where a = ");
        other.push_bind(7).push(" or b = ").push_bind(8);
        let row = Sql::side_by_side([("n", Sql::sum([Sql::new("select $1").bind(5), other])), ("m", Sql::sum([]))]);
        let (text, arguments) = row.beside("o", Sql::new("select $1").bind("x")).numbered().unwrap();
        let expected = "select (select cast(0 as bigint) + (select $1) + (select n from t where a = $2 or b = $3)) as n, \
                        (select cast(0 as bigint)) as m, (select $4) as o";
        assert_eq!((text.as_str(), arguments.len()), (expected, 4));
    }

    #[test]
    fn a_place_without_a_value_is_refused() {
        assert!(Sql::new("a = $1 and b = $2").bind(1).in_order().is_err());
        assert!(Sql::new("a = $0").bind(1).in_order().is_err());
    }
}
