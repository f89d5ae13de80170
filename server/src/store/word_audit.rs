//! Compares the words that rows are found by with those that they have, each at its place.
//!
//! PostgreSQL keeps the words of each row. FTS5 keeps only where each word is, by the word, so there sums over these places are compared:
//! of all words, in groups; then of the words of a group that differs; then of that word's rows, in blocks; then place by place. What a
//! place adds depends on numbers that are drawn for each comparison, so nobody can move words and keep the sums.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use app::model::words_of;
use serde::Deserialize;

use super::engine::Dialect;
use super::packed::{Salvage, fetch_packed, fetch_packed_or_salvage, packed};
use super::{Row, Sql, StoreError, Transaction, log_words};

/// Rows that are read at a time.
const PAGE: i64 = 5000;

/// Words whose sums are read at a time.
const WORDS: i64 = 20_000;

/// Ids whose places are added up together.
const BLOCK: i64 = 4096;

/// Groups of words.
const GROUPS: usize = 4096;

/// Two primes below 2^31: products of what they leave fit 63 bits.
const P: i64 = 2_147_483_647;
const Q: i64 = 2_147_483_629;

/// The words of rows up to an id that the index has otherwise, if any.
pub(super) async fn disagreement(tx: &mut Transaction, up_to: i64) -> Result<Option<String>, StoreError> {
    match tx.dialect() {
        Dialect::Sqlite => Comparison { tx, up_to, key: Key::drawn() }.run().await,
        Dialect::Postgres => other_words(tx, up_to).await,
    }
}

async fn other_words(tx: &mut Transaction, up_to: i64) -> Result<Option<String>, StoreError> {
    let mut rows = Rows { after: 0, up_to };
    while let Some(page) = rows.next(tx).await? {
        let page: Vec<_> = page.into_iter().map(|Message { id, message }| (id, message)).collect();
        if let Some(found) = tx.fetch_optional(log_words::differing(&page)).await? {
            return Ok(Some(format!("it has other words of row {} than the row", found.int("id")?)));
        }
    }
    Ok(None)
}

/// A row and what it says.
#[derive(Deserialize)]
struct Message {
    id: i64,
    message: String,
}

impl Salvage for Message {
    fn salvage(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { id: row.int("id")?, message: row.salvaged_text("message").unwrap_or_default() })
    }
}

/// The rows of the trail, page by page.
struct Rows {
    after: i64,
    up_to: i64,
}

impl Rows {
    async fn next(&mut self, tx: &mut Transaction) -> Result<Option<Vec<Message>>, StoreError> {
        let sql = Sql::new("select id, message from log_entry where id > $1 and id <= $2 order by id limit $3");
        let sql = sql.bind(self.after).bind(self.up_to).bind(PAGE);
        let head = packed!(tx.dialect(), "id, message");
        let page: Vec<Message> = fetch_packed_or_salvage(tx, head, sql).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = last.id;
        Ok(Some(page))
    }
}

/// What was drawn for one comparison.
struct Key {
    words: RandomState,
    of_row: i64,
    of_place: i64,
    more: i64,
}

impl Key {
    fn drawn() -> Self {
        let words = RandomState::new();
        let number = |name: &str| 1 + i64::try_from(words.hash_one(name) >> 2).unwrap_or_default() % (P - 1);
        Self { of_row: number("row"), of_place: number("place"), more: number("more"), words }
    }

    /// What a word at a place of a row adds, as `sum_of_places!` has it.
    fn of(&self, id: i64, place: i64) -> i64 {
        let mixed = (id % P * self.of_row + place * self.of_place + self.more) % P;
        (mixed * mixed + self.more) % Q
    }

    /// The group of a word, and what its sum is multiplied by there.
    fn group(&self, word: &str) -> (usize, u64) {
        let hash = self.words.hash_one(word);
        (usize::try_from(hash % GROUPS as u64).unwrap_or_default(), hash >> 12 | 1)
    }
}

/// A statement that adds up places, with a key as `$1` to `$3` and the two primes.
macro_rules! sum_of_places {
    ($before:literal, $after:literal) => {
        concat!(
            "select ",
            $before,
            ", sum((((doc % 2147483647 * $1 + \"offset\" * $2 + $3) % 2147483647) * ((doc % 2147483647 * $1 + \"offset\" * $2 + $3) % 2147483647) + $3) \
             % 2147483629) as places from word_place where ",
            $after
        )
    };
}

/// The words of rows beside those of the index, as it was when the transaction began.
struct Comparison<'t> {
    tx: &'t mut Transaction,
    up_to: i64,
    key: Key,
}

impl Comparison<'_> {
    async fn run(mut self) -> Result<Option<String>, StoreError> {
        // Of this connection alone, and gone with the transaction.
        self.tx.execute(Sql::new("create virtual table temp.word_place using fts5vocab('main', 'log_words', 'instance')")).await?;
        let Some(group) = self.differing_group().await? else { return Ok(None) };
        let Some(word) = self.differing_word(group).await? else { return Ok(None) };
        let Some(block) = self.differing_block(&word).await? else { return Ok(None) };
        self.differing_row(&word, block).await
    }

    async fn differing_group(&mut self) -> Result<Option<usize>, StoreError> {
        let mut groups = vec![0_u64; GROUPS];
        let mut add = |key: &Key, word: &str, places: i64, sign: u64| {
            let (group, factor) = key.group(word);
            let sum = &mut groups[group];
            *sum = sum.wrapping_add(places.cast_unsigned().wrapping_mul(factor).wrapping_mul(sign));
        };
        self.each_place(|key, id, word, place| add(key, word, key.of(id, place), 1)).await?;
        self.each_sum(|key, word, places| add(key, &word, places, u64::MAX)).await?;
        Ok(groups.iter().position(|sum| *sum != 0))
    }

    async fn differing_word(&mut self, group: usize) -> Result<Option<String>, StoreError> {
        let mut words: HashMap<String, i64> = HashMap::new();
        self.each_place(|key, id, word, place| {
            if key.group(word).0 == group {
                *words.entry(word.to_owned()).or_default() += key.of(id, place);
            }
        })
        .await?;
        self.each_sum(|key, word, places| {
            if key.group(&word).0 == group {
                *words.entry(word).or_default() -= places;
            }
        })
        .await?;
        Ok(words.into_iter().filter(|(_, sum)| *sum != 0).map(|(word, _)| word).min())
    }

    async fn differing_block(&mut self, word: &str) -> Result<Option<i64>, StoreError> {
        let mut blocks: HashMap<i64, i64> = HashMap::new();
        self.each_place(|key, id, found, place| {
            if found == word {
                *blocks.entry(id / BLOCK).or_default() += key.of(id, place);
            }
        })
        .await?;
        let sql = self.bound(Sql::new(sum_of_places!("doc / $4 as block", "term = $5 group by 1 order by 1")));
        let head = packed!(Dialect::Sqlite, "block, places");
        for (block, places) in fetch_packed::<(i64, i64)>(self.tx, head, sql.bind(BLOCK).bind(word)).await? {
            *blocks.entry(block).or_default() -= places;
        }
        Ok(blocks.into_iter().filter(|(_, sum)| *sum != 0).map(|(block, _)| block).min())
    }

    async fn differing_row(&mut self, word: &str, block: i64) -> Result<Option<String>, StoreError> {
        let (first, last) = (block * BLOCK, block * BLOCK + BLOCK - 1);
        let mut rows = Rows { after: first - 1, up_to: last.min(self.up_to) };
        let mut has = Vec::new();
        while let Some(page) = rows.next(self.tx).await? {
            for Message { id, message } in page {
                has.extend(places(&message).filter(|(found, _)| found == word).map(|(_, place)| (id, place)));
            }
        }
        let sql = Sql::new("select doc, \"offset\" as place from word_place where term = $1 and doc >= $2 and doc <= $3 order by 1, 2");
        let head = packed!(Dialect::Sqlite, "doc, place");
        let found: Vec<(i64, i64)> = fetch_packed(self.tx, head, sql.bind(word).bind(first).bind(last)).await?;
        let missed = has.iter().find(|place| !found.contains(place)).map(|(id, _)| *id);
        let invented = found.iter().find(|place| !has.contains(place)).map(|(id, _)| *id);
        Ok(match (missed, invented) {
            (Some(id), invented) if invented.is_none_or(|other| id <= other) => {
                Some(format!("row {id} is not found by its word {:?} where that stands", log_words::shown(word)))
            }
            (_, Some(id)) => Some(format!("row {id} is found by the word {:?}, which does not stand there", log_words::shown(word))),
            _ => None,
        })
    }

    /// Every word of every row that is indexed.
    async fn each_place(&mut self, mut take: impl FnMut(&Key, i64, &str, i64)) -> Result<(), StoreError> {
        let mut rows = Rows { after: 0, up_to: self.up_to };
        while let Some(page) = rows.next(self.tx).await? {
            for Message { id, message } in page {
                for (word, place) in places(&message) {
                    take(&self.key, id, &word, place);
                }
            }
        }
        Ok(())
    }

    /// Every word of the index with the sum of its places, in the order in which it has them.
    async fn each_sum(&mut self, mut take: impl FnMut(&Key, String, i64)) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let sql = self.bound(Sql::new(sum_of_places!("term", "term > $4 group by term order by term limit $5")));
            let head = packed!(Dialect::Sqlite, "term, places");
            let page: Vec<(String, i64)> = fetch_packed(self.tx, head, sql.bind(after.as_str()).bind(WORDS)).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            for (word, places) in page {
                take(&self.key, word, places);
            }
        }
    }

    fn bound(&self, sql: Sql) -> Sql {
        sql.bind(self.key.of_row).bind(self.key.of_place).bind(self.key.more)
    }
}

/// The words of a message as they are indexed, each with its place.
fn places(message: &str) -> impl Iterator<Item = (String, i64)> {
    words_of(message).into_iter().map(|word| log_words::indexed(&word.text)).zip(0..)
}
