//! Walks the chain of the trail and says where it is broken, if it is: a row that was changed, taken out, put in or cleared without a
//! tombstone that vouches for it.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::vec::IntoIter;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::audit::decompress;
use crate::chain::{Hash, ORIGIN, hex, link, seal};
use crate::store::chain::{self, ChainRow, ClearedRow, PAGE};
use crate::store::{Database, StoreError};
use crate::words::cause_words;

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Every row up to this one is as it was written.
    Sound { up_to: i64, hash: Hash, rows: u64, cleared: u64 },
    /// The first row at which something is wrong.
    Broken { id: i64, why: String },
}

/// What the row that tells of a clearing says for machines, as its detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    pub first_id: i64,
    pub last_id: i64,
    pub count: u64,
    /// Over the ids and leaves of the cleared rows, in the order of their ids.
    pub digest: String,
    /// Over the ids and servers of the cleared rows; older clearings do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<String>,
    /// The chain up to the row before the tombstone.
    pub last_hash: String,
    /// Whether every cleared row has a seal; those of older clearings have none.
    #[serde(default)]
    pub sealed: bool,
}

impl Tombstone {
    /// As the row's detail has it.
    pub fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_else(|_| unreachable!("numbers and texts are JSON"))
    }
}

/// Adds up what a tombstone vouches for.
pub struct Clearing {
    digest: Sha256,
    servers: Sha256,
    first_id: Option<i64>,
    last_id: i64,
    count: u64,
}

impl Default for Clearing {
    fn default() -> Self {
        Self {
            digest: Sha256::new_with_prefix(b"tailback clearing 1"),
            servers: Sha256::new_with_prefix(b"tailback cleared servers 1"),
            first_id: None,
            last_id: 0,
            count: 0,
        }
    }
}

impl Clearing {
    /// The next row in the order of ids.
    pub fn add(&mut self, id: i64, leaf: &Hash, server_id: Option<i64>) {
        self.digest.update(id.to_be_bytes());
        self.digest.update(leaf);
        self.servers.update(id.to_be_bytes());
        // No server has this id.
        self.servers.update(server_id.unwrap_or(i64::MIN).to_be_bytes());
        self.first_id.get_or_insert(id);
        self.last_id = id;
        self.count += 1;
    }

    /// Rows so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn tombstone(self, last_hash: &Hash) -> Tombstone {
        Tombstone {
            first_id: self.first_id.unwrap_or_default(),
            last_id: self.last_id,
            count: self.count,
            digest: hex(&self.digest.finalize().into()),
            servers: Some(hex(&self.servers.finalize().into())),
            last_hash: hex(last_hash),
            sealed: true,
        }
    }
}

/// How far a walk has come; it can go on later from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub id: i64,
    pub hash: Hash,
}

impl Place {
    /// Before the first row.
    pub const START: Self = Self { id: 0, hash: ORIGIN };
}

/// Walks from the first row to the last. A hash that was kept elsewhere must be that of its row.
pub async fn verify(database: &Database, kept: Option<Place>) -> Result<Finding, StoreError> {
    let mut walk = Walk { kept, ..Walk::default() };
    loop {
        match walk.step(database, PAGE).await? {
            Step::Further => {}
            Step::End => return walk.close(database).await,
            Step::Broken(finding) => return Ok(finding),
        }
    }
}

/// A walk along the chain; it can go on later from where it is.
pub struct Walk {
    place: Place,
    /// The last row that is as it was written: what was cleared after it is proved by the next one.
    proved: i64,
    rows: u64,
    cleared: u64,
    /// Tombstones that were met, by their ids.
    tombstones: BTreeMap<i64, Tombstone>,
    /// The first cleared row of each tombstone that is named by one.
    named: BTreeMap<i64, i64>,
    /// Of these, those that vouch for what is gone; nothing more comes to them.
    vouching: BTreeSet<i64>,
    /// Where the walk has to come by.
    kept: Option<Place>,
}

/// What a step along the chain came to.
pub enum Step {
    Further,
    /// The last row that there is now.
    End,
    Broken(Finding),
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            place: Place::START,
            proved: 0,
            rows: 0,
            cleared: 0,
            tombstones: BTreeMap::new(),
            named: BTreeMap::new(),
            vouching: BTreeSet::new(),
            kept: None,
        }
    }
}

impl Walk {
    /// Proves the next rows, this many at most.
    pub async fn step(&mut self, database: &Database, most: i64) -> Result<Step, StoreError> {
        let read = chain::page(database, self.place.id, most).await;
        if let Err(cause) = &read
            && cause.is_damage()
        {
            // Which of them it is shows when fewer are read.
            return if most > 1 {
                Box::pin(self.step(database, most / 2)).await
            } else {
                let why = format!("the row, or what is kept where it should be, cannot be read: {}", cause_words(cause));
                Ok(Step::Broken(Finding::Broken { id: self.place.id + 1, why }))
            };
        }
        let (page, head) = read?;
        let broken = |id, why: &str| Ok(Step::Broken(Finding::Broken { id, why: why.to_owned() }));
        let Some(head) = head else { return broken(self.place.id, "what tells where the trail ends is missing or cannot be read") };
        let until = page.up_to.min(head.last_id);
        if let Some(row) = page.rows.iter().find(|row| row.id > head.last_id) {
            return broken(row.id, "the row was not written by the trail");
        }
        if let Err(finding) = self.follow(page.rows, page.cleared, until) {
            return Ok(Step::Broken(finding));
        }
        if self.place.id < head.last_id {
            return Ok(Step::Further);
        }
        if self.place.hash != head.last_hash {
            return broken(head.last_id, "the chain ends with another hash than the one kept at its head");
        }
        Ok(Step::End)
    }

    /// Up to which row everything is as it was written, as far as the walk has come.
    pub fn up_to(&self) -> i64 {
        self.proved
    }

    /// At the end: what was cleared must be what the tombstones say was cleared.
    pub async fn close(&mut self, database: &Database) -> Result<Finding, StoreError> {
        let broken = |id, why: &str| Ok(Finding::Broken { id, why: why.to_owned() });
        if let Some(id) = chain::stray(database).await? {
            return broken(id, "the row was not written by the trail");
        }
        if let Some(kept) = self.kept.filter(|kept| kept.id > self.place.id) {
            return broken(kept.id, "the trail ends before the row whose hash was kept");
        }
        if let Some(broken) = self.check_clearings(database).await? {
            return Ok(broken);
        }
        Ok(Finding::Sound { up_to: self.place.id, hash: self.place.hash, rows: self.rows, cleared: self.cleared })
    }

    /// Follows rows and what stays of cleared ones to an id; every id must be there, once.
    fn follow(&mut self, rows: Vec<ChainRow>, cleared: Vec<ClearedRow>, until: i64) -> Result<(), Finding> {
        let broken = |id: i64, why: &str| Err(Finding::Broken { id, why: why.to_owned() });
        let (mut rows, mut cleared) = (rows.into_iter().peekable(), cleared.into_iter().peekable());
        while self.place.id < until {
            let id = self.place.id + 1;
            let leaf = match (take(&mut rows, id, |row| row.id), take(&mut cleared, id, |row| row.id)) {
                (Some(_), Some(_)) => return broken(id, "the row is there although it was cleared"),
                (Some(row), None) => {
                    let hash = link(&self.place.hash, &row.leaf);
                    if row.hash != Some(hash) {
                        return broken(id, &self.blame(id, "the row"));
                    }
                    self.proved = id;
                    self.note_tombstone(&row);
                    self.rows += 1;
                    row.leaf
                }
                (None, Some(ClearedRow { kept: None, .. })) => return broken(id, "what was kept of this cleared row cannot be read"),
                (None, Some(ClearedRow { kept: Some(kept), .. })) => {
                    if kept.tombstone <= id {
                        return broken(id, "the row is said to have been cleared before it was written");
                    }
                    let link = link(&self.place.hash, &kept.leaf);
                    if let Some(sealed) = kept.seal {
                        if sealed != seal(&link, id, kept.server_id, kept.tombstone) {
                            return broken(id, &self.blame(id, "what was kept of this cleared row"));
                        }
                        self.proved = id;
                    }
                    self.named.entry(kept.tombstone).or_insert(id);
                    self.cleared += 1;
                    kept.leaf
                }
                (None, None) => return broken(id, "the row is missing, and no clearing tells of it"),
            };
            self.place = Place { id, hash: link(&self.place.hash, &leaf) };
            if self.kept.is_some_and(|kept| kept.id == id && kept.hash != self.place.hash) {
                return broken(id, "the chain up to this row has another hash than the one that was kept");
            }
        }
        Ok(())
    }

    /// What is not what was written, if a row's hash is not the chain's.
    fn blame(&self, id: i64, what: &str) -> String {
        let gone = match id - self.proved {
            ..=1 => return format!("{what} is not what was written"),
            2 => format!("row {}", id - 1),
            _ => format!("rows {} to {}", self.proved + 1, id - 1),
        };
        format!("{what}, or what was kept of the cleared {gone} before it, is not what was written")
    }

    fn note_tombstone(&mut self, row: &ChainRow) {
        let text = row.detail.as_deref().and_then(|bytes| decompress(bytes).ok());
        if let Some(tombstone) = text.and_then(|text| serde_json::from_str(&text).ok()) {
            self.tombstones.insert(row.id, tombstone);
        }
    }

    async fn check_clearings(&mut self, database: &Database) -> Result<Option<Finding>, StoreError> {
        for (tombstone, first) in self.named.iter().filter(|(tombstone, _)| !self.vouching.contains(tombstone)) {
            let Some(said) = self.tombstones.get(tombstone) else {
                return Ok(Some(Finding::Broken { id: *first, why: "the row was taken out, and no clearing tells of it".to_owned() }));
            };
            let (mut clearing, mut after) = (Clearing::default(), 0);
            loop {
                let page = chain::cleared_by(database, *tombstone, after).await?;
                let Some(last) = page.last().map(|row| row.id) else { break };
                for ClearedRow { id, kept } in page {
                    let Some(kept) = kept.filter(|kept| kept.seal.is_some() || !said.sealed) else {
                        let why = "what was kept of this cleared row is not whole".to_owned();
                        return Ok(Some(Finding::Broken { id, why }));
                    };
                    clearing.add(id, &kept.leaf, kept.server_id);
                }
                after = last;
            }
            let found = clearing.tombstone(&ORIGIN);
            if (found.first_id, found.last_id, found.count, &found.digest) != (said.first_id, said.last_id, said.count, &said.digest) {
                let why = format!("other rows are gone than the clearing of row {tombstone} tells of");
                return Ok(Some(Finding::Broken { id: *first, why }));
            }
            if said.servers.is_some() && found.servers != said.servers {
                let why = format!("rows that the clearing of row {tombstone} tells of were of other servers than is kept of them");
                return Ok(Some(Finding::Broken { id: *first, why }));
            }
        }
        self.vouching = self.named.keys().copied().collect();
        Ok(None)
    }
}

fn take<T>(items: &mut Peekable<IntoIter<T>>, id: i64, of: impl Fn(&T) -> i64) -> Option<T> {
    items.next_if(|item| of(item) == id)
}
