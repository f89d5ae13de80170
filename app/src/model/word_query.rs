//! Words to look for in messages. A word is a run of letters and digits, whatever its case: `/srv/www` is the words `srv` and
//! `www`, one after the other.
//!
//! What may be written: `disk full` (both words, anywhere), `"disk full"` (one after the other), `-rsync` and `-"disk full"`
//! (not these), `perm*` (a word that begins so). Words with marks between them, such as `db-1`, are a phrase. Marks that stand alone are
//! passed over, and two dashes begin a word as a flag does (`--delete`), so that a message can be pasted.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// A whole message, between quotes, and some words that are added. Longer ones are a mistake of pasting.
const MAX_CHARS: usize = 600;

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WordQuery {
    text: String,
    terms: Vec<Term>,
    /// One of the terms is enough.
    any: bool,
}

/// Words one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// In lower case; at least one.
    pub words: Vec<String>,
    /// The last word may go on.
    pub is_open: bool,
    /// Rows that have it do not pass.
    pub is_excluded: bool,
}

/// A word of a text, in lower case, and where it stands.
pub struct Word {
    pub text: String,
    pub at: Range<usize>,
}

/// The words of a text, in order.
pub fn words_of(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (start, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let end = start + c.len_utf8();
        if let Some(word) = words.last_mut().filter(|word| word.at.end == start) {
            push_lowercase(&mut word.text, c);
            word.at.end = end;
        } else {
            let mut text = String::with_capacity(16);
            push_lowercase(&mut text, c);
            words.push(Word { text, at: start..end });
        }
    }
    for word in &mut words {
        shorten(&mut word.text);
    }
    words
}

/// What an index takes of a word: letters and digits of ASCII are a byte each, other letters their number in hexadecimal and two more. Words
/// that begin with so many are the same word, wherever they are compared.
pub const MAX_INDEXED_BYTES: usize = 1000;

fn shorten(word: &mut String) {
    // No letter takes more than two and a half times its bytes.
    if word.len() <= MAX_INDEXED_BYTES * 2 / 5 {
        return;
    }
    let mut taken = 0;
    let end = word.char_indices().find(|(_, c)| {
        taken += if c.is_ascii_alphanumeric() { 1 } else { format!("_{:x}_", u32::from(*c)).len() };
        taken > MAX_INDEXED_BYTES
    });
    if let Some((end, _)) = end {
        word.truncate(end);
    }
}

fn push_lowercase(text: &mut String, c: char) {
    if c.is_ascii() {
        text.push(c.to_ascii_lowercase());
    } else {
        text.extend(c.to_lowercase());
    }
}

impl WordQuery {
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether one of the terms is enough.
    pub fn is_any(&self) -> bool {
        self.any
    }

    /// Whether it only says what a row must not have.
    pub fn only_excludes(&self) -> bool {
        !self.is_empty() && self.terms.iter().all(|term| term.is_excluded)
    }

    /// What rows have that do not pass a query which only excludes.
    #[must_use]
    pub fn excluded(&self) -> Self {
        let wanted = |term: &Term| Term { is_excluded: false, ..term.clone() };
        Self { text: self.text.clone(), terms: self.terms.iter().map(wanted).collect(), any: true }
    }

    /// Whether a message has every word that is wanted and none that is not.
    pub fn matches(&self, message: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let words = words_of(message);
        let fits = |term: &Term| term.places(&words).next().is_none() == term.is_excluded;
        if self.any { self.terms.iter().any(fits) } else { self.terms.iter().all(fits) }
    }

    /// Where a message has what is looked for: ranges in order that do not touch.
    pub fn marks(&self, message: &str) -> Vec<Range<usize>> {
        if self.is_empty() {
            return Vec::new();
        }
        let words = words_of(message);
        let wanted = self.terms.iter().filter(|term| !term.is_excluded);
        let mut marks: Vec<_> = wanted.flat_map(|term| term.places(&words).map(|n| term.span(&words[n..]))).collect();
        marks.sort_unstable_by_key(|mark| (mark.start, mark.end));
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(marks.len());
        for mark in marks {
            match merged.last_mut().filter(|last| last.end >= mark.start) {
                Some(last) => last.end = last.end.max(mark.end),
                None => merged.push(mark),
            }
        }
        merged
    }
}

impl Term {
    /// The places, counted in words, where the term begins.
    fn places<'w>(&'w self, words: &'w [Word]) -> impl Iterator<Item = usize> + 'w {
        let last = self.words.len() - 1;
        let fits = move |place: &[Word]| {
            place.iter().zip(&self.words).enumerate().all(|(n, (word, wanted))| {
                if n == last && self.is_open { word.text.starts_with(wanted.as_str()) } else { word.text == *wanted }
            })
        };
        words.windows(self.words.len()).enumerate().filter(move |(_, place)| fits(place)).map(|(n, _)| n)
    }

    fn span(&self, words: &[Word]) -> Range<usize> {
        words[0].at.start..words[self.words.len() - 1].at.end
    }
}

impl FromStr for WordQuery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().count() > MAX_CHARS {
            return Err(format!("expected {MAX_CHARS} characters at most"));
        }
        let mut terms: Vec<Term> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let unmarked = rest.trim_start_matches('-');
            let is_excluded = rest.len() - unmarked.len() == 1;
            let (written, after) = match unmarked.strip_prefix('"') {
                // A quote that is not closed goes to the end.
                Some(after) => after.split_once('"').unwrap_or((after, "")),
                None => unmarked.split_at(unmarked.find(char::is_whitespace).unwrap_or(unmarked.len())),
            };
            let (after, is_open) = after.strip_prefix('*').map_or((after, written.ends_with('*')), |after| (after, true));
            let words: Vec<_> = words_of(written).into_iter().map(|word| word.text).collect();
            let term = Term { words, is_open, is_excluded };
            if !term.words.is_empty() && !terms.contains(&term) {
                terms.push(term);
            }
            rest = after.trim_start();
        }
        if terms.is_empty() && !text.is_empty() {
            return Err(format!("{text:?} has no letter and no digit to look for"));
        }
        Ok(Self { text: text.to_owned(), terms, any: false })
    }
}

impl fmt::Display for WordQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn query(text: &str) -> WordQuery {
        text.parse().unwrap()
    }

    #[rstest]
    #[case("disk full", "the disk of db-1 is full", true)]
    #[case("disk full", "the disk of db-1", false)]
    #[case("\"disk full\"", "Disk: full", true)]
    #[case("\"disk full\"", "full disk", false)]
    #[case("-rsync", "mysqldump failed", true)]
    #[case("failed -rsync", "rsync failed", false)]
    #[case("-\"exit code 23\" code", "exit code 24", true)]
    #[case("perm", "Permission denied", false)]
    #[case("perm*", "Permission denied", true)]
    #[case("\"permission den\"*", "Permission denied", true)]
    #[case("db-1", "server db-1 answers", true)]
    #[case("db-1", "server db-10 answers", false)]
    #[case("/srv/www", "rsync /srv/www/ to /backup", true)]
    #[case("ÜBUNG", "eine Übung", true)]
    #[case("\"not closed", "it is not closed", true)]
    #[case("disk -- full", "the disk is full", true)]
    #[case("disk — full : * \"\"* -", "the disk is full", true)]
    #[case("rsync --delete", "rsync -a --delete /srv", true)]
    #[case("rsync --delete", "rsync -a /srv", false)]
    #[case("--\"disk full\"", "disk full", true)]
    #[case("-delete", "rsync -a --delete /srv", false)]
    #[case("write failed on \"/b/x\": No space left", "rsync: write failed on \"/b/x\": No space left on device (28)", true)]
    #[case("write failed on \"/b/x\": No space left", "rsync: write failed on \"/b/y\": No space left on device (28)", false)]
    #[case("", "anything", true)]
    fn words_are_found(#[case] text: &str, #[case] message: &str, #[case] found: bool) {
        assert_eq!(query(text).matches(message), found);
    }

    #[test]
    fn what_cannot_be_looked_for_is_named() {
        assert_eq!(" -- — ".parse::<WordQuery>(), Err("\"-- —\" has no letter and no digit to look for".to_owned()));
        assert_eq!("x".repeat(601).parse::<WordQuery>(), Err("expected 600 characters at most".to_owned()));
    }

    #[test]
    fn marks_are_in_order_and_do_not_overlap() {
        let message = "disk full: the disk is full";
        let found: Vec<_> = query("\"disk full\" full disk -rsync").marks(message).into_iter().map(|mark| &message[mark]).collect();
        assert_eq!(found, ["disk full", "disk", "full"]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_breaks_it(text in "\\PC{0,40}", message in "\\PC{0,80}") {
            if let Ok(query) = text.parse::<WordQuery>() {
                prop_assert_eq!(query.to_string().parse(), Ok(query.clone()));
                let _ = query.matches(&message);
                for mark in query.marks(&message) {
                    prop_assert!(message.get(mark).is_some());
                }
            }
        }

        // A dash before a word is what excludes; two are a flag's.
        #[test]
        fn a_message_is_found_by_itself(message in "([a-zA-ZäöüÄß0-9 /:.—()\"]|--){1,80}") {
            if let Ok(query) = message.parse::<WordQuery>() {
                prop_assert!(query.matches(&message));
            } else {
                prop_assert!(words_of(&message).is_empty());
            }
        }

        #[test]
        fn a_message_has_its_own_words(message in "[a-zA-ZäöüÄß0-9 /:.-]{1,60}") {
            for word in words_of(&message) {
                prop_assert!(query(&word.text).matches(&message));
                let without = query(&format!("-{}", word.text));
                prop_assert!(!without.matches(&message));
            }
        }
    }
}
