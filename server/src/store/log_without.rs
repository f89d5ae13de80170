//! Rows that do not have some words. There is no index of what is not there; but where the index of words has as many rows as there are,
//! none of them is wanted, and nobody has to look at them one by one.

use app::model::WordQuery;

use super::log_parts::{Asked, Order, Part, words_alone};
use super::trail_view::TrailView;
use super::{Sql, StoreError};

/// Rows that are counted at a time: few, which are counted in less time than they are read; and many, while none of them is wanted.
const FEW: i64 = 4_096;
const MANY: i64 = 65_536;

/// The words that a row must not have, if the index counts them quickly. For the beginning of a word it would go through all of the words
/// that begin so, in all of the trail, for each stretch that is counted.
pub(super) fn countable(query: &WordQuery) -> Option<WordQuery> {
    (query.only_excludes() && query.terms().iter().all(|term| !term.is_open)).then(|| query.excluded())
}

/// What is left of an indexed part after the rows at its beginning that all have one of the words.
pub(super) async fn past_those_with(view: &mut TrailView, words: &WordQuery, order: Order, mut part: Part) -> Result<Part, StoreError> {
    let mut block = FEW;
    while part.first <= part.last {
        let (head, rest) = part.split(order, block);
        if all_have(view, words, head).await? {
            part = rest;
            block = MANY;
        } else if block == MANY {
            block = FEW;
        } else {
            break;
        }
    }
    Ok(part)
}

/// As the index has it: where somebody has changed that, only `verify` says so.
async fn all_have(view: &mut TrailView, words: &WordQuery, part: Part) -> Result<bool, StoreError> {
    let rows = Sql::new("select count(*) from log_entry l where l.id >= $1 and l.id <= $2").bind(part.first).bind(part.last);
    let part = Part { words: Asked::InOrder { at_least: 0 }, ..part };
    let hits = words_alone(view.tx.dialect(), part, words, "select count(*)");
    let row = view.tx.fetch_one(Sql::side_by_side([("rows", rows), ("hits", hits)])).await?;
    Ok(row.int("rows")? == row.int("hits")?)
}
