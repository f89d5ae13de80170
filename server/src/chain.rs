//! The chain of hashes through the trail: each row's hash covers its content and the hash before it, so that a row that was changed,
//! taken out or put in is found, and found where it is. Pure.
//!
//! `leaf = SHA-256("tailback row 1", every field, each with its length)`; `hash = SHA-256("tailback link 1", hash before, leaf)`. Of
//! a row that was cleared its leaf stays, so that the rows after it can still be verified.

use sha2::{Digest, Sha256};

/// A hash, of a row's content or of the chain up to a row.
pub type Hash = [u8; 32];

/// What the first row follows.
pub const ORIGIN: Hash = [0; 32];

/// Everything of a row that is proved.
#[derive(Debug, Clone, Copy)]
pub struct Content<'r> {
    pub id: i64,
    pub at: i64,
    pub status: i64,
    pub source_type: i64,
    pub server_id: Option<i64>,
    pub schedule_id: Option<i64>,
    pub run_id: Option<&'r str>,
    pub point: Option<&'r str>,
    pub duration_s: Option<i64>,
    pub message: &'r str,
    /// As it is stored.
    pub detail: Option<&'r [u8]>,
    pub exit_code: Option<i64>,
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

impl Content<'_> {
    /// The hash of the row alone.
    pub fn leaf(&self) -> Hash {
        let mut fields = Fields(Sha256::new_with_prefix(b"tailback row 1"));
        for number in [self.id, self.at, self.status, self.source_type, self.year, self.month, self.day] {
            fields.put(Some(&number.to_be_bytes()));
        }
        for number in [self.server_id, self.schedule_id, self.duration_s, self.exit_code] {
            fields.put(number.map(i64::to_be_bytes).as_ref().map(|bytes| &bytes[..]));
        }
        for text in [self.run_id, self.point, Some(self.message)] {
            fields.put(text.map(str::as_bytes));
        }
        fields.put(self.detail);
        fields.0.finalize().into()
    }
}

/// Each field with its length, so that no two rows make the same bytes.
struct Fields(Sha256);

impl Fields {
    fn put(&mut self, field: Option<&[u8]>) {
        let length = field.map_or(u64::MAX, |bytes| bytes.len() as u64);
        self.0.update(length.to_be_bytes());
        self.0.update(field.unwrap_or_default());
    }
}

/// The hash of the chain up to and with a row.
pub fn link(before: &Hash, leaf: &Hash) -> Hash {
    Sha256::new_with_prefix(b"tailback link 1").chain_update(before).chain_update(leaf).finalize().into()
}

/// Over what is kept of a cleared row, and the chain up to and with it.
pub fn seal(link: &Hash, id: i64, server_id: Option<i64>, tombstone: i64) -> Hash {
    let mut seal = Sha256::new_with_prefix(b"tailback seal 1").chain_update(link);
    // No server has this id.
    for number in [id, server_id.unwrap_or(i64::MIN), tombstone] {
        seal.update(number.to_be_bytes());
    }
    seal.finalize().into()
}

/// As people compare it.
pub fn hex(hash: &Hash) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// What people have kept of it.
pub fn unhex(text: &str) -> Option<Hash> {
    let digits: Option<Vec<_>> = text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<_>>().try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row() -> Content<'static> {
        Content {
            id: 7,
            at: 1_795_312_800_000,
            status: 4,
            source_type: 1,
            server_id: Some(3),
            schedule_id: None,
            run_id: Some("01KAMZ3V7S9B3J1Q6Y1C2D3E4F"),
            point: None,
            duration_s: Some(12),
            message: "FILES web site: completed",
            detail: Some(b"log"),
            exit_code: Some(0),
            year: 2026,
            month: 11,
            day: 22,
        }
    }

    #[test]
    fn every_field_counts() {
        let leaf = row().leaf();
        let others = [
            Content { id: 8, ..row() },
            Content { at: 1_795_312_800_001, ..row() },
            Content { status: 3, ..row() },
            Content { source_type: 2, ..row() },
            Content { server_id: None, ..row() },
            Content { server_id: None, schedule_id: Some(3), ..row() },
            Content { run_id: None, ..row() },
            Content { run_id: None, point: Some("01KAMZ3V7S9B3J1Q6Y1C2D3E4F"), ..row() },
            Content { duration_s: Some(13), ..row() },
            Content { message: "FILES web site: completed.", ..row() },
            Content { detail: None, ..row() },
            Content { detail: Some(b""), ..row() },
            Content { exit_code: None, ..row() },
            Content { year: 2025, ..row() },
            Content { month: 12, ..row() },
            Content { day: 23, ..row() },
        ];
        let mut leaves: Vec<_> = others.iter().map(Content::leaf).chain([leaf]).collect();
        leaves.sort_unstable();
        leaves.dedup();
        assert_eq!(leaves.len(), others.len() + 1);
    }

    #[test]
    fn a_hash_is_read_as_it_is_told() {
        let hash = row().leaf();
        assert_eq!(unhex(&hex(&hash)), Some(hash));
        assert_eq!((unhex("12"), unhex(&"g".repeat(64))), (None, None));
    }

    #[test]
    fn the_format_does_not_change() {
        // What was written by one version must verify with the next.
        assert_eq!(hex(&link(&ORIGIN, &row().leaf())), "56b3ea5bdb2ea4b857d3af627fd89d3e7eb723ca233c752b18ff95d39d83fdbe");
    }

    proptest! {
        #[test]
        fn text_never_moves_from_one_field_to_the_next(point in ".{0,20}", message in ".{0,20}", cut in 0_usize..20) {
            let joined = format!("{point}{message}");
            let at = joined.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(joined.len());
            let (first, second) = joined.split_at(at);
            let one = Content { point: Some(&point), message: &message, ..row() };
            let other = Content { point: Some(first), message: second, ..row() };
            prop_assert_eq!(one.leaf() == other.leaf(), point == first);
        }
    }
}
