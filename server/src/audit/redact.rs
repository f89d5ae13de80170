//! Hides secrets that tools print: passwords, tokens and keys in arguments, URLs and headers.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

const HIDDEN: &str = "***";

/// Each pattern keeps its group `keep` and replaces the rest.
static SECRETS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // A private key in PEM, whole or cut off.
        r"(?s)(?P<keep>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
        // scheme://user:password@host
        r"(?P<keep>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?-u:\b)?@",
        // Authorization: Bearer …
        r"(?i)(?P<keep>authorization:\s*(?:bearer|basic|token)\s+)\S+",
        // password=…, --password …, token: …, "secret": "…", API_KEY=…
        r#"(?i)(?P<keep>(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential)s?["']?\s*[=:]\s*["']?)[^\s"',;&]+"#,
        r"(?i)(?P<keep>--(?:password|passwd|token|secret|api-key)\s+)[^\s-]\S*",
        // mysqldump -pSECRET
        r"(?P<keep>(?:mysql|mysqldump|mariadb|mariadb-dump|mysqladmin)\s(?:.*\s)?-p)\S+",
        // This panel's own tokens.
        r"(?P<keep>\btb_)[A-Za-z0-9_-]{16,}",
    ]
    .into_iter()
    .map(|pattern| Regex::new(pattern).unwrap_or_else(|cause| unreachable!("the pattern is a literal: {cause}")))
    .collect()
});

/// The text with its secrets replaced by `***`.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut result = Cow::Borrowed(text);
    for secret in SECRETS.iter() {
        if secret.is_match(&result) {
            let replaced = secret.replace_all(&result, |found: &regex::Captures<'_>| {
                // `(using password: YES)` tells why a database refused, and no secret.
                if found[0].ends_with("YES)") || found[0].ends_with("NO)") {
                    return found[0].to_owned();
                }
                let at = if found[0].ends_with('@') { "@" } else { "" };
                format!("{}{HIDDEN}{at}", &found["keep"])
            });
            result = Cow::Owned(replaced.into_owned());
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("mysqldump --password=hunter2 shop", "mysqldump --password=*** shop")]
    #[case("mysqldump -u root -phunter2 shop", "mysqldump -u root -p*** shop")]
    #[case("tool --token abc123 run", "tool --token *** run")]
    #[case("fetch https://me:s3cret@example.org/x", "fetch https://me:***@example.org/x")]
    #[case("Authorization: Bearer abc.def", "Authorization: Bearer ***")]
    #[case(r#"{"api_key": "k-123", "n": 1}"#, r#"{"api_key": "***", "n": 1}"#)]
    #[case("token tb_0123456789abcdef0123456789", "token tb_***")]
    #[case("a\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\nz", "a\n***\nz")]
    #[case("Enter password:", "Enter password:")]
    #[case(
        "Access denied for user 'app'@'localhost' (using password: YES)",
        "Access denied for user 'app'@'localhost' (using password: YES)"
    )]
    #[case("sent 1,234 bytes  received 35 bytes", "sent 1,234 bytes  received 35 bytes")]
    fn secrets_are_hidden(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(redact(text), expected);
    }
}
