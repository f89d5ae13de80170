//! The end of what a run has printed, piece by piece.

use crate::audit::MAX_DETAIL_BYTES;
use crate::store::reported::KeptOutput;

/// Adds a piece. `offset` says how much the run had printed before it: what is there already is left out, and where something is
/// missing a line says so.
pub(super) fn add(mut kept: KeptOutput, offset: Option<i64>, piece: &[u8]) -> KeptOutput {
    let known = offset.map_or(0, |offset| kept.size.saturating_sub(offset).max(0));
    let new = piece.get(usize::try_from(known).unwrap_or(usize::MAX)..).unwrap_or_default();
    if new.is_empty() {
        return kept;
    }
    let missing = offset.map_or(0, |offset| offset.saturating_sub(kept.size).max(0));
    if missing > 0 {
        kept.tail.extend_from_slice(format!("\n[{missing} bytes are missing here]\n").as_bytes());
    }
    kept.tail.extend_from_slice(new);
    kept.size = kept.size.saturating_add(missing).saturating_add(i64::try_from(new.len()).unwrap_or(i64::MAX));
    kept.tail.drain(..kept.tail.len().saturating_sub(MAX_DETAIL_BYTES));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kept: &KeptOutput) -> &str {
        std::str::from_utf8(&kept.tail).unwrap()
    }

    #[test]
    fn a_piece_that_comes_again_or_overlaps_is_kept_once() {
        let mut kept = KeptOutput::default();
        for (offset, piece) in [(0, "one "), (0, "one "), (4, "two "), (2, "e two three "), (0, "one "), (8, "three ")] {
            kept = add(kept, Some(offset), piece.as_bytes());
        }
        assert_eq!((text(&kept), kept.size), ("one two three ", 14));
        kept = add(kept, None, b"four");
        assert_eq!((text(&kept), kept.size), ("one two three four", 18));
    }

    #[test]
    fn what_is_missing_is_said() {
        let kept = add(add(KeptOutput::default(), Some(0), b"a"), Some(11), b"b");
        assert_eq!((text(&kept), kept.size), ("a\n[10 bytes are missing here]\nb", 12));
        assert_eq!(add(kept.clone(), Some(i64::MAX), b"c").size, i64::MAX);
        assert_eq!(add(kept.clone(), Some(11), b"b"), kept);
    }

    #[test]
    fn only_the_end_is_kept() {
        let mut kept = KeptOutput::default();
        for n in 0..10_u8 {
            kept = add(kept, None, &vec![b'0' + n; 100_000]);
        }
        assert_eq!((kept.tail.len(), kept.size), (MAX_DETAIL_BYTES, 1_000_000));
        assert!(kept.tail.ends_with(b"9"));
    }
}
