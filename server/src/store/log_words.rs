//! The words of messages: FTS5 on SQLite, a GIN index on PostgreSQL. Both are given words that Tailback has cut itself, so that
//! both find the same.

use app::model::{MAX_INDEXED_BYTES, Term, WordQuery, words_of};

use super::engine::Dialect;
use super::{Sql, StoreError, Transaction};

/// A word as it is indexed: letters and digits of ASCII as they are, every other letter by its number, so that neither engine
/// has an opinion about it.
pub(super) fn indexed(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    push_indexed(&mut plain, word);
    plain
}

/// An indexed word as people write it.
pub(super) fn shown(indexed: &str) -> String {
    let letter = |number: &str| u32::from_str_radix(number, 16).ok().and_then(char::from_u32);
    let pieces = indexed.split('_').enumerate();
    pieces.map(|(n, piece)| if n % 2 == 0 { piece.to_owned() } else { letter(piece).map_or_else(String::new, String::from) }).collect()
}

fn push_indexed(text: &mut String, word: &str) {
    let begin = text.len();
    for c in word.chars() {
        if c.is_ascii_alphanumeric() {
            text.push(c);
        } else {
            text.extend(["_", &format!("{:x}", u32::from(c)), "_"]);
        }
    }
    // PostgreSQL takes no more than 2,046.
    debug_assert!(text.len() - begin <= MAX_INDEXED_BYTES, "words are cut where they are found");
}

/// Indexes the messages of rows, all in one statement: FTS5 writes what it has gathered before each.
pub(super) fn insertion(dialect: Dialect, rows: &[(i64, String)]) -> Sql {
    Sql::new(match dialect {
        Dialect::Sqlite => "insert into log_words (rowid, words) select cast(key as integer), value from json_each($1)",
        Dialect::Postgres => {
            "insert into log_words (id, words) select cast(key as bigint), cast(value as tsvector) from json_each_text(cast($1 as json))"
        }
    })
    .bind(by_row(dialect, rows))
}

/// The first of rows whose words PostgreSQL has otherwise.
pub(super) fn differing(rows: &[(i64, String)]) -> Sql {
    Sql::new(
        "select w.id from json_each_text(cast($1 as json)) e join log_words w on w.id = cast(e.key as bigint) \
         where w.words is distinct from cast(e.value as tsvector) order by w.id limit 1",
    )
    .bind(by_row(Dialect::Postgres, rows))
}

/// The words of rows as an object, by their ids. Neither has anything that JSON would write in another way.
fn by_row(dialect: Dialect, rows: &[(i64, String)]) -> String {
    let mut object = String::from("{");
    for (n, (id, message)) in rows.iter().enumerate() {
        object.push_str(if n == 0 { "\"" } else { ",\"" });
        object.push_str(&id.to_string());
        object.push_str("\":\"");
        for (n, word) in words_of(message).iter().enumerate() {
            if n > 0 {
                object.push(' ');
            }
            match dialect {
                Dialect::Sqlite => push_indexed(&mut object, &word.text),
                Dialect::Postgres => {
                    object.push('\'');
                    push_indexed(&mut object, &word.text);
                    object.extend(["':", &(n + 1).to_string()]);
                }
            }
        }
        object.push('"');
    }
    object.push('}');
    object
}

/// Forgets the rows of a tombstone up to an id.
pub(super) async fn remove(tx: &mut Transaction, tombstone: i64, up_to: i64) -> Result<(), StoreError> {
    let sql = Sql::new(match tx.dialect() {
        Dialect::Sqlite => "delete from log_words where rowid in (select id from cleared_row where tombstone = $1 and id <= $2)",
        Dialect::Postgres => "delete from log_words where id in (select id from cleared_row where tombstone = $1 and id <= $2)",
    });
    tx.execute(sql.bind(tombstone).bind(up_to)).await?;
    Ok(())
}

/// Forgets all rows.
pub(super) async fn remove_all(tx: &mut Transaction) -> Result<(), StoreError> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "insert into log_words (log_words) values ('delete-all')",
        Dialect::Postgres => "delete from log_words",
    };
    tx.execute(Sql::new(sql)).await.map(drop)
}

/// The id of a row of words.
pub(super) fn id_of_row(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "w.rowid",
        Dialect::Postgres => "w.id",
    }
}

/// Joins the rows of hits `w`, hits first: newest or oldest ones come without looking at all of them.
pub(super) fn join(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => " cross join log_entry l on l.id = w.id where 1 = 1",
        Dialect::Postgres => " join log_entry l on l.id = w.id where 1 = 1",
    }
}

/// Adds the condition on `w`. There is no index of what is not there, so at least one term is wanted.
pub(super) fn push_match(sql: &mut Sql, dialect: Dialect, query: &WordQuery) {
    match dialect {
        Dialect::Sqlite => sql.push("w.words match ").push_bind(fts_query(query)),
        Dialect::Postgres => sql.push("w.words @@ cast(").push_bind(ts_query(query)).push(" as tsquery)"),
    };
}

/// Rows between two ids as `w`, in order, that have the words, on PostgreSQL: at most so many are looked at. What is ordered within cannot
/// be had in another way, however rare it takes the words to be.
pub(super) fn in_order(
    columns: &'static str,
    query: &WordQuery,
    (first, last): (i64, i64),
    direction: &'static str,
    at_most: Option<i64>,
) -> Sql {
    let mut sql = Sql::new(columns).with_one_plan();
    sql.push(" from (select w.id, w.words from log_words w where w.id >= ").push_bind(first);
    sql.push(" and w.id <= ").push_bind(last).push(" order by w.id").push(direction);
    match at_most {
        Some(rows) => sql.push(" limit ").push_bind(rows),
        None => sql.push(" offset 0"),
    };
    sql.push(") w where ");
    push_match(&mut sql, Dialect::Postgres, query);
    sql
}

fn fts_term(term: &Term) -> String {
    let words: Vec<_> = term.words.iter().map(|word| indexed(word)).collect();
    format!("\"{}\"{}", words.join(" "), if term.is_open { " *" } else { "" })
}

fn fts_query(query: &WordQuery) -> String {
    let (excluded, wanted): (Vec<_>, Vec<_>) = query.terms().iter().partition(|term| term.is_excluded);
    let joined = |terms: Vec<&Term>, by: &str| terms.into_iter().map(fts_term).collect::<Vec<_>>().join(by);
    let wanted = joined(wanted, if query.is_any() { " OR " } else { " AND " });
    if excluded.is_empty() { wanted } else { format!("({wanted}) NOT ({})", joined(excluded, " OR ")) }
}

fn ts_query(query: &WordQuery) -> String {
    let term = |term: &Term| {
        let last = term.words.len() - 1;
        let word = |(n, word): (usize, &String)| format!("'{}'{}", indexed(word), if term.is_open && n == last { ":*" } else { "" });
        let phrase: Vec<_> = term.words.iter().enumerate().map(word).collect();
        format!("{}({})", if term.is_excluded { "!" } else { "" }, phrase.join(" <-> "))
    };
    query.terms().iter().map(term).collect::<Vec<_>>().join(if query.is_any() { " | " } else { " & " })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indexed_word_is_shown_as_it_was() {
        for word in ["disk", "übung", "été", "文字", "n0", ""] {
            assert_eq!(shown(&indexed(word)), word);
        }
    }

    #[test]
    fn queries_are_written_in_the_words_of_each_engine() {
        let query: WordQuery = "disk \"no space\" perm* -rsync -\"vanished files\" Übung".parse().unwrap();
        assert_eq!(fts_query(&query), "(\"disk\" AND \"no space\" AND \"perm\" * AND \"_fc_bung\") NOT (\"rsync\" OR \"vanished files\")");
        assert_eq!(ts_query(&query), "('disk') & ('no' <-> 'space') & ('perm':*) & !('rsync') & !('vanished' <-> 'files') & ('_fc_bung')");
    }
}
