//! Hides secrets that tools print: passwords, tokens and keys in arguments, URLs, headers and settings.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};

use super::clean::{clean_text, one_line, shortened};

const HIDDEN: &str = "***";

/// What a secret may look like: in quotes, or up to what ends a word.
const VALUE: &str = r#"(?:\\?"[^"\n]*"?|\\?'[^'\n]*'?|[^\s"',;&\\]+)"#;

/// The same as the next word, which is no long option.
const NEXT: &str = r#"(?:\\?"[^"\n]*"?|\\?'[^'\n]*'?|-?[^\s"',;&\\-][^\s"',;&\\]*)"#;

/// What is named like a secret, at the end of a longer name too: `DB_PASS`, `s3-secret-access-key`, `dbPassword`.
const NAME: &str = r"(?:[\w-]*(?:password|passwd|passphrase|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|signature)s?|\b(?:[\w-]*[_-])?(?:pass|pwd|psw|sig))";

/// Each pattern keeps its groups `keep` and `end`, and hides what is between.
static PATTERNS: LazyLock<[String; 13]> = LazyLock::new(|| {
    [
        // A private key in PEM, whole or cut off.
        r"(?s)(?P<keep>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)(?P<end>)".to_owned(),
        // scheme://user:password@host
        r"(?P<keep>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?P<end>@)".to_owned(),
        // https://TOKEN@host
        r"(?P<keep>\b(?i:https?)://)[^\s/:@?#]+(?P<end>@)".to_owned(),
        // ?key=…, &sig=…
        r#"(?P<keep>[?&](?i:key|sig|auth|sas)=)[^\s&#"']+(?P<end>)"#.to_owned(),
        // Authorization: Bearer …, Cookie: …
        r#"(?i)(?P<keep>\b(?:(?:proxy-)?authorization\\?["']?:[ \t]*(?:\\?["'])?(?:(?:bearer|basic|token|digest|negotiate)[ \t]+)?|(?:set-)?cookie\\?["']?:[ \t]*))[^\s"'][^\n"']*(?P<end>)"#.to_owned(),
        // password=…, token: …, "secret": "…", API_KEY=…
        format!(r#"(?i)(?P<keep>{NAME}(?:\\?["'])?[ \t]*[=:][ \t]*){VALUE}(?P<end>)"#),
        // --password …, --s3-secret-access-key …
        format!(r"(?i)(?P<keep>--(?:{NAME}|auth)[ \t]+){NEXT}(?P<end>)"),
        // mysqldump -pSECRET
        format!(r"(?P<keep>\b(?:mysql|mariadb)[\w-]*[ \t](?:[^\n]*[ \t])?-p){VALUE}(?P<end>)"),
        format!(r"(?P<keep>\bsshpass[ \t]+(?:-\w+[ \t]+)*?-p[ \t]*){VALUE}(?P<end>)"),
        // curl -u name:SECRET
        format!(r#"(?P<keep>\b(?:curl|wget)[ \t](?:[^\n]*[ \t])?(?:-u|--user)[ \t=]*["']?[^\s:"']+:)(?:[^\s"']+|{VALUE})(?P<end>)"#),
        // smbclient -U name%SECRET
        format!(r#"(?P<keep>\b(?:smbclient|smbget|rpcclient|mount\.cifs|net)[ \t](?:[^\n]*[ \t])?(?:-U|--user)[ \t=]*["']?[^\s%"']+%)(?:[^\s"']+|{VALUE})(?P<end>)"#),
        // AWS's own form of a secret in a list of them, as its tools print it.
        r"(?P<keep>\bAWS4-HMAC-SHA256[ \t])[^\n]+(?P<end>)".to_owned(),
        // This panel's own tokens.
        r"(?P<keep>\btb_)[A-Za-z0-9_-]{16,}(?P<end>)".to_owned(),
    ]
});

static ANY: LazyLock<RegexSet> = LazyLock::new(|| RegexSet::new(&*PATTERNS).unwrap_or_else(|cause| unreachable!("literals: {cause}")));

static EACH: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let compile = |pattern: &String| Regex::new(pattern).unwrap_or_else(|cause| unreachable!("the pattern is a literal: {cause}"));
    PATTERNS.iter().map(compile).collect()
});

/// The text with its secrets replaced by `***`.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut result = Cow::Borrowed(text);
    // What one pattern hides may be what another looked for, and never the other way round.
    for n in ANY.matches(text) {
        if let Cow::Owned(hidden) = EACH[n].replace_all(&result, hide) {
            result = Cow::Owned(hidden);
        }
    }
    result
}

fn hide(found: &Captures<'_>) -> String {
    let (whole, keep, end) = (&found[0], &found["keep"], &found["end"]);
    let secret = &whole[keep.len()..whole.len() - end.len()];
    // `(using password: YES)` tells why a database refused, and no secret. What was hidden stays as it is.
    if matches!(secret, "YES)" | "NO)") || secret.trim_matches(['"', '\'', '\\']).starts_with(HIDDEN) {
        return whole.to_owned();
    }
    let quote = secret.strip_prefix('\\').unwrap_or(secret).chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) => {
            let slash = if secret.starts_with('\\') { "\\" } else { "" };
            format!("{keep}{slash}{quote}{HIDDEN}{slash}{quote}{end}")
        }
        None => format!("{keep}{HIDDEN}{end}"),
    }
}

/// A line fit to be stored and shown: clean, without secrets, and only then cut.
pub fn told_line(text: &str) -> String {
    shortened(&one_line(&redact(&clean_text(text.as_bytes()))))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::clean::MAX_MESSAGE_CHARS;
    use super::*;

    #[rstest]
    #[case("mysqldump --password=hunter2 shop", "mysqldump --password=*** shop")]
    #[case("mysqldump -u root -phunter2 shop", "mysqldump -u root -p*** shop")]
    #[case("mysqldump -p'my hunter2' shop", "mysqldump -p'***' shop")]
    #[case("mariadb-dump -h db -phunter2", "mariadb-dump -h db -p***")]
    #[case(r#"tool --password="my hunter2" run"#, r#"tool --password="***" run"#)]
    #[case("tool --password -hunter2 run", "tool --password *** run")]
    #[case("tool --token abc123 run", "tool --token *** run")]
    #[case("tool --passphrase hunter2 --auth hunter2", "tool --passphrase *** --auth ***")]
    #[case("tool --s3-secret-access-key hunter2 x", "tool --s3-secret-access-key *** x")]
    #[case("MYSQL_PWD=hunter2 mysqldump shop", "MYSQL_PWD=*** mysqldump shop")]
    #[case("DB_PASS=\"a b c\" run; pwd=hunter2", "DB_PASS=\"***\" run; pwd=***")]
    #[case("dbPassword: hunter2", "dbPassword: ***")]
    #[case("sshpass -p hunter2 ssh web", "sshpass -p *** ssh web")]
    #[case("curl -s -u bob:hunter2 https://x.example", "curl -s -u bob:*** https://x.example")]
    #[case("smbclient -U bob%hunter2 //nas/x", "smbclient -U bob%*** //nas/x")]
    #[case("fetch https://me:s3cret@example.org/x", "fetch https://me:***@example.org/x")]
    #[case("clone https://ghp_hunter2@example.org/x", "clone https://***@example.org/x")]
    #[case("GET https://x.example/a?sig=hunter2&v=1&key=hunter2", "GET https://x.example/a?sig=***&v=1&key=***")]
    #[case("GET /a?X-Amz-Signature=hunter2&X-Amz-Date=1", "GET /a?X-Amz-Signature=***&X-Amz-Date=1")]
    #[case("Authorization: Bearer abc.def", "Authorization: Bearer ***")]
    #[case("curl -H 'Authorization: hunter2' x", "curl -H 'Authorization: ***' x")]
    #[case("Cookie: session=hunter2; a=b", "Cookie: ***")]
    #[case("X-Auth-Token: hunter2", "X-Auth-Token: ***")]
    #[case(r#"{"api_key": "k-123", "n": 1}"#, r#"{"api_key": "***", "n": 1}"#)]
    #[case(r#"said {\"token\": \"k-123\"}"#, r#"said {\"token\": \"***\"}"#)]
    #[case("token tb_0123456789abcdef0123456789", "token tb_***")]
    #[case("a\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\nz", "a\n***\nz")]
    fn secrets_are_hidden(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(redact(text), expected);
        assert_eq!(redact(expected), expected, "what is hidden stays as it is");
    }

    #[rstest]
    #[case("Enter password:\nPermission denied")]
    #[case("Access denied for user 'app'@'localhost' (using password: YES)")]
    #[case("sent 1,234 bytes  received 35 bytes")]
    #[case("rsync --password-file=/etc/rsync.pass rsync://bob@nas/x ssh://bob@nas:22/y")]
    #[case("compass: north; the bypass: closed")]
    #[case("rsync -p -u host:/srv mysql.service net up")]
    #[case("mysqldump -P3306 -p shop")]
    #[case("tool --password --host db")]
    fn what_is_no_secret_stays(#[case] text: &str) {
        assert_eq!(redact(text), text);
    }

    #[test]
    fn a_line_is_cut_after_its_secrets_are_hidden() {
        let secret = format!("{} https://me:s3cret{}@example.org/", "x".repeat(MAX_MESSAGE_CHARS - 40), "t".repeat(90));
        assert!(!told_line(&secret).contains("s3cr"), "{}", told_line(&secret));
        let short = "token=a ".repeat(62);
        assert!(told_line(&short).chars().count() <= MAX_MESSAGE_CHARS);
    }
}
