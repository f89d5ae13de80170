//! Compares the index of the trail with its rows. The index is not part of the chain: whoever changed what is counted, or which words
//! are found, would change what people see, and no hash would tell of it.

use std::collections::HashMap;

use app::model::{Timestamp, Zone};

use super::log_index::{Counts, DAY, Facts, IndexMarks, date_of, day_number, lock, marks};
use super::packed::{fetch_numbers, fetch_packed, packed};
use super::{Database, Sql, StoreError, Transaction, log_words, word_audit};

/// Rows that are read at a time.
const PAGE: i64 = 5000;

/// Id, moment, status, type, server and schedule of a row.
type Counted = (i64, i64, i64, i64, Option<i64>, Option<i64>);

/// A heading of the summary as it is stored, in the order of its key.
pub(super) type Key = [i64; 7];

/// What the index says otherwise than the rows, if anything, as of one moment. `zone_named` gives the zone whose days are counted.
pub async fn disagreement(database: &Database, zone_named: impl Fn(&str) -> Option<Zone>) -> Result<Option<String>, StoreError> {
    let mut tx = database.snapshot().await?;
    let marks = marks(&mut tx).await?;
    for (what, up_to) in [("counted", marks.counted_to), ("looked for words", marks.words_to)] {
        if !(0..=marks.head).contains(&up_to) {
            return Ok(Some(format!("it says that it has {what} up to row {up_to}, and the trail ends with row {}", marks.head)));
        }
    }
    if let Some(found) = of_words(&mut tx, &marks).await? {
        return Ok(Some(found));
    }
    // Until rows are counted it has no name.
    let zone = match zone_named(&marks.zone) {
        Some(zone) => zone,
        None if marks.zone.is_empty() => return Ok(None),
        None => return Ok(Some(format!("it counts the days of a zone that there is not: {:?}", marks.zone))),
    };
    let counts = counted(&mut tx, &marks, &zone).await?;
    if let Some(found) = of_days(&mut tx, &counts, &zone).await? {
        return Ok(Some(found));
    }
    of_summary(&mut tx, counts.by_key()).await
}

/// Has all of it made anew by the panel, which searches the rows themselves until then.
pub async fn forget(database: &Database) -> Result<(), StoreError> {
    let mut tx = database.begin().await?;
    lock(&mut tx).await?;
    log_words::remove_all(&mut tx).await?;
    tx.execute(Sql::new("delete from log_summary")).await?;
    tx.execute(Sql::new("delete from log_day")).await?;
    // As if in another zone.
    tx.execute(Sql::new("update log_index set zone = '', counted_to = 0, words_to = 0 where singleton = 1")).await?;
    tx.commit().await
}

/// Rows as the index has to count them.
async fn counted(tx: &mut Transaction, marks: &IndexMarks, zone: &Zone) -> Result<Counts, StoreError> {
    let (mut counts, mut after) = (Counts::default(), 0);
    loop {
        let sql = Sql::new(
            "select id, at, status, source_type, server_id, schedule_id from log_entry where id > $1 and id <= $2 order by id limit $3",
        );
        let head = packed!(tx.dialect(), "id, at, status, source_type, server_id, schedule_id");
        let rows: Vec<Counted> = fetch_packed(tx, head, sql.bind(after).bind(marks.counted_to).bind(PAGE)).await?;
        let Some(last) = rows.last() else { return Ok(counts) };
        after = last.0;
        for (id, at, status, source_type, server_id, schedule_id) in rows {
            let at = Timestamp::from_millis(at);
            counts.add(&Facts { id, at, status, source_type, server_id, schedule_id }, zone.local(at).date(), 1);
        }
    }
}

/// A day that is not there, or not where its rows are. What was cleared may leave it wider than it has to be.
async fn of_days(tx: &mut Transaction, counts: &Counts, zone: &Zone) -> Result<Option<String>, StoreError> {
    let stored = tx.fetch_all(Sql::new("select day, start_at, end_at, first_id, last_id from log_day")).await?;
    let mut days = HashMap::new();
    for row in &stored {
        let (day, date) = (row.int("day")?, date_of(row.int("day")?));
        let start = zone.start_of_day(date).millis();
        let end = date.succ_opt().map_or(i64::MAX, |next| zone.start_of_day(next).millis());
        if (row.int("start_at")?, row.int("end_at")?) != (start, end) || day != day_number(date) {
            return Ok(Some(format!("it knows a day {day} that begins or ends when no day does")));
        }
        days.insert(date, (row.int("first_id")?, row.int("last_id")?));
    }
    for (date, (first, last)) in counts.days() {
        if !days.get(date).is_some_and(|(from, to)| from <= first && to >= last) {
            return Ok(Some(format!("it does not know that {date} has rows {first} to {last}")));
        }
    }
    Ok(None)
}

/// A heading with another count than there are rows.
async fn of_summary(tx: &mut Transaction, mut counted: HashMap<Key, i64>) -> Result<Option<String>, StoreError> {
    let mut last: Option<Key> = None;
    loop {
        let mut sql = Sql::new("select level, span, schedule_id, server_id, bucket, status, source_type, n from log_summary");
        if let Some(last) = last {
            sql.push(" where (level, span, schedule_id, server_id, bucket, status, source_type) > (").push_list(last).push(")");
        }
        sql.push(" order by level, span, schedule_id, server_id, bucket, status, source_type limit ").push_bind(PAGE);
        let columns = ["level", "span", "schedule_id", "server_id", "bucket", "status", "source_type", "n"];
        let rows = fetch_numbers(tx, columns, sql).await?;
        let Some([key @ .., _]) = rows.last() else { break };
        last = Some(*key);
        for [key @ .., stored] in rows {
            let there_are = counted.remove(&key).unwrap_or(0);
            if there_are != stored {
                return Ok(Some(told(&key, stored, there_are)));
            }
        }
    }
    let missed = counted.into_iter().filter(|(_, n)| *n != 0).min();
    Ok(missed.map(|(key, there_are)| told(&key, 0, there_are)))
}

fn told(key: &Key, stored: i64, there_are: i64) -> String {
    let [_, span, schedule_id, server_id, bucket, status, _] = *key;
    let date = date_of(bucket);
    let when = if span == DAY { date.to_string() } else { date.format("%Y-%m").to_string() };
    let of = |what: &str, id: i64| if id == 0 { format!("every {what}") } else { format!("{what} {id}") };
    let (server, schedule) = (of("server", server_id), of("schedule", schedule_id));
    format!("in {when}, of {server}, {schedule} and status {status}, it counts {stored} rows, and there are {there_are}")
}

/// Rows without words, words without a row, or other words than the row's.
async fn of_words(tx: &mut Transaction, marks: &IndexMarks) -> Result<Option<String>, StoreError> {
    let id_of_words = log_words::id_of_row(tx.dialect());
    let mut wordless = Sql::new("select l.id from log_entry l where l.id <= ");
    wordless.push_bind(marks.words_to).push(" and not exists (select 1 from log_words w where ").push(id_of_words).push(" = l.id) limit 1");
    if let Some(row) = tx.fetch_optional(wordless).await? {
        return Ok(Some(format!("it does not have the words of row {}", row.int("id")?)));
    }
    let mut rowless = Sql::new("select ");
    rowless.push(id_of_words).push(" as id from log_words w where ").push(id_of_words).push(" > ").push_bind(marks.words_to);
    rowless.push(" or not exists (select 1 from log_entry l where l.id = ").push(id_of_words).push(") limit 1");
    let found = tx.fetch_optional(rowless).await?;
    if let Some(row) = found {
        return Ok(Some(format!("it has words of a row {} that is not there, or not yet", row.int("id")?)));
    }
    word_audit::disagreement(tx, marks.words_to).await
}
