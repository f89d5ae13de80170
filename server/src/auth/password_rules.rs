//! What a password must be like: long, and not one of those that are tried first.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// Long enough that guessing does not help; short enough that hashing one is no way to keep the panel busy.
const CHARS: RangeInclusive<usize> = 12..=200;

/// Fewer different characters than this are a pattern.
const DIFFERENT: usize = 5;

/// The 3,400 most common passwords as letters only, one a line: from the frequency list of zxcvbn (MIT), which counts
/// leaked passwords, without what is shorter than three letters, and with a dozen words that suggest themselves here.
const COMMON: &str = include_str!("common_passwords.txt");

static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMON.lines().collect());

/// Why a password will not do, as a fragment; `None` if it will.
pub fn password_problem(password: &str, username: &str) -> Option<&'static str> {
    if !CHARS.contains(&password.chars().count()) {
        return Some("expected 12 to 200 characters");
    }
    let different: HashSet<char> = password.chars().collect();
    if different.len() < DIFFERENT {
        return Some("expected more than a few characters again and again");
    }
    let lower = password.to_lowercase();
    let unmask = |text: &str| text.chars().map(unmasked).collect::<String>();
    // What stands around a word stands for no letters of it.
    let inner = lower.trim_matches(|c: char| !c.is_alphabetic());
    let name = letters(&username.to_lowercase());
    for word in [letters(&lower), letters(&unmask(&lower)), letters(&unmask(inner))] {
        let core = unrepeated(&word);
        if !name.is_empty() && core == unrepeated(&name) {
            return Some("expected something other than the user name");
        }
        if WORDS.contains(core) {
            return Some("expected something other than a common password with digits or signs around it");
        }
    }
    // Without letters: dates, telephone numbers and rows of the keyboard, unless it is long.
    if !lower.chars().any(char::is_alphabetic) && password.chars().count() < 20 {
        return Some("expected letters, or at least 20 characters");
    }
    None
}

/// Digits and signs that stand for letters.
const fn unmasked(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

/// `secretsecret` is `secret`.
fn unrepeated(word: &str) -> &str {
    let lengths = (1..=word.len() / 2).filter(|length| word.len().is_multiple_of(*length) && word.is_char_boundary(*length));
    let repeats = |length: &usize| word.as_bytes().chunks(*length).all(|chunk| chunk == &word.as_bytes()[..*length]);
    lengths.into_iter().find(repeats).map_or(word, |length| &word[..length])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("short", false)]
    #[case("aaaaaaaaaaaaaaaa", false)]
    #[case("abababababababab", false)]
    #[case("Password123!", false)]
    #[case("P4ssw0rd!2026", false)]
    #[case("qwertyqwerty12", false)]
    #[case("grace-hopper-99", false)]
    #[case("GraceHopperGraceHopper", false)]
    #[case("123456789012", false)]
    #[case("administrator", false)]
    #[case("correct horse battery", true)]
    #[case("a sentence nobody says", true)]
    #[case("kx4m-92pq-ww7t-zz3a", true)]
    #[case("31415926535897932384", true)]
    #[case("日本語のとても長いパスワード", true)]
    fn passwords_that_are_tried_first_are_refused(#[case] password: &str, #[case] good: bool) {
        assert_eq!(password_problem(password, "Grace.Hopper").is_none(), good, "{password}");
    }

    #[test]
    fn passwords_that_the_panel_makes_pass() {
        for _ in 0..100 {
            let made = crate::random::groups_of_four(5);
            assert_eq!(password_problem(&made, "ada"), None, "{made}");
        }
    }
}
