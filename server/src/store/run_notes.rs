//! What was seen of a run and why it was judged as it was, beside the trail.

use app::model::{RunId, RunNote, Scope, Timestamp};

use super::scope::push_scope;
use super::{Database, Sql, StoreError, Transaction};

/// Notes of one run that are read; a run has a few.
const MOST: i64 = 200;

/// Adds a note, unless it says what another of the same run says already.
pub async fn add(tx: &mut Transaction, run: &RunId, at: Timestamp, note: &str) -> Result<(), StoreError> {
    let sql = Sql::new(
        "insert into run_note (run_id, at, note) select cast($1 as text), cast($2 as bigint), cast($3 as text) \
         where not exists (select 1 from run_note where run_id = $1 and note = $3)",
    );
    tx.execute(sql.bind(run).bind(at).bind(note)).await?;
    Ok(())
}

/// The notes of a run, in order.
pub async fn list(database: &Database, scope: &Scope, run: &RunId) -> Result<Vec<RunNote>, StoreError> {
    let mut sql = Sql::new("select n.at, n.note from run_note n join run r on r.id = n.run_id where 1 = 1");
    push_scope(&mut sql, scope, "r.server_id");
    sql.push(" and n.run_id = ").push_bind(run).push(" order by n.id limit ").push_bind(MOST);
    let note = |row: &super::Row| Ok(RunNote { at: row.time("at")?, text: row.text("note")? });
    database.fetch_all(sql).await?.iter().map(note).collect()
}
