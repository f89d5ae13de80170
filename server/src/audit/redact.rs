//! Hides secrets that tools print: passwords, tokens and keys in arguments, URLs, headers and settings.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};

use super::clean::{clean_text, one_line, shortened};

const HIDDEN: &str = "***";

/// What a secret may look like: in quotes, which may be escaped, or up to what ends a word.
const VALUE: &str = r#"(?:"(?:\\.|[^"\\\n])*"?|\\"[^"\\\n]*(?:\\")?|'[^'\n]*'?|(?:[^\s"',;&\\]|\\[^"'\s])+)"#;

/// The same as the next word, which is no option itself but may begin like a short one.
const NEXT: &str = r#"(?:"(?:\\.|[^"\\\n])*"?|\\"[^"\\\n]*(?:\\")?|'[^'\n]*'?|-?(?:[^\s"',;&\\-]|\\[^"'\s])(?:[^\s"',;&\\]|\\[^"'\s])*)"#;

/// What is named like a secret, at the end of a longer name too: `s3-secret-access-key`, `dbPassword`.
const NAME: &str =
    "[A-Za-z0-9_-]*(?:password|passwd|passphrase|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key)s?";

/// Shorter names that are words of their own too: only as the end of a name, `DB_PASS`.
const SHORT: &str = "[A-Za-z0-9_-]*[_-](?:pass|pwd|psw)";

/// From a tool's name to one of its options, within one command.
const TO_OPTION: &str = r"[ \t](?:[^\n|;&]*?[ \t])??";

/// Each pattern keeps its groups `keep` and `end`, and hides what is between. Their boundaries are those of ASCII: others would have every
/// text with an umlaut searched the slow way.
static PATTERNS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut patterns = vec![
        // A private key in PEM, whole or cut off.
        r"(?s)(?P<keep>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)(?P<end>)".to_owned(),
        // scheme://user:password@host
        r"(?P<keep>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?P<end>@)".to_owned(),
        // https://TOKEN@host
        r"(?P<keep>(?-u:\b)(?i:https?)://)[^\s/:@?#]+(?P<end>@)".to_owned(),
        // ?key=…, &X-Amz-Signature=…
        r#"(?i)(?P<keep>[?&](?:key|auth|sas|[a-z0-9_-]*sig(?:nature)?)=)[^\s&#"']+(?P<end>)"#.to_owned(),
        // Authorization: Bearer …, to the end of the line with a scheme, one word without.
        r"(?im)(?P<keep>(?:^|[^A-Za-z0-9_'\x22-])(?:proxy-)?authorization:[ \t]*(?:bearer|basic|token|digest|negotiate|aws4-hmac-sha256)[ \t]+)[^\n]+(?P<end>)"
            .to_owned(),
        r"(?im)(?P<keep>(?:^|[^A-Za-z0-9_'\x22-])(?:proxy-)?authorization:[ \t]*)[^\s]{8,}(?P<end>)$".to_owned(),
        r"(?im)(?P<keep>(?:^|[^A-Za-z0-9_'\x22-])(?:set-)?cookie:[ \t]*)[^\n]+(?P<end>)".to_owned(),
        // password=…, token: …, "secret": "…", API_KEY=…, pass=…
        format!(r#"(?i)(?P<keep>(?:{NAME}|{SHORT})(?:\\?["'])?[ \t]*[=:][ \t]*){VALUE}(?P<end>)"#),
        format!(r"(?i)(?P<keep>(?-u:\b)(?:pass|psw)=){VALUE}(?P<end>)"),
        r#"(?P<keep>(?-u:\b)pwd=)[^\s"',;&/]+(?P<end>)"#.to_owned(),
        // --password …, --s3-secret-access-key …
        format!(r"(?i)(?P<keep>--(?:{NAME}|{SHORT}|pass|pwd|auth)[ \t]+){NEXT}(?P<end>)"),
        // mysqldump -pSECRET
        format!(r"(?P<keep>(?-u:\b)(?:mysql|mariadb)[A-Za-z_-]*{TO_OPTION}-p){VALUE}(?P<end>)"),
        format!(r"(?P<keep>(?-u:\b)sshpass[ \t]+(?:-[A-Za-z]+[ \t]+)*?-p[ \t]*){VALUE}(?P<end>)"),
        // This panel's own tokens.
        r"(?P<keep>(?-u:\b)tb_)[A-Za-z0-9_-]{16,}(?P<end>)".to_owned(),
    ];
    for (quote, rest) in [("\"", "[^\"\\n]+"), ("'", "[^'\\n]+")] {
        // The same headers in quotes, which end them: -H 'Authorization: …', {"Cookie": "…"}.
        let gap = format!(r"{quote}?:[ \t]*{quote}?");
        patterns.push(format!(
            r"(?i)(?P<keep>{quote}(?:proxy-)?authorization{gap}(?:(?:bearer|basic|token|digest|negotiate)[ \t]+)?){rest}(?P<end>)"
        ));
        patterns.push(format!(r"(?i)(?P<keep>{quote}(?:set-)?cookie{gap}){rest}(?P<end>)"));
    }
    for (quote, name, rest) in [("\"", "[^\\s:%\"]+", "[^\"\\n]+"), ("'", "[^\\s:%']+", "[^'\\n]+"), ("", "[^\\s:%\"']+", "[^\\s\"']+")] {
        // curl -u name:SECRET
        patterns.push(format!(r"(?P<keep>(?-u:\b)(?:curl|wget){TO_OPTION}(?:-[A-Za-z]*u|--user)[ \t=]*{quote}{name}:){rest}(?P<end>)"));
        // smbclient -U name%SECRET
        patterns.push(format!(
            r"(?P<keep>(?-u:\b)(?:smbclient|smbget|rpcclient|mount\.cifs|net){TO_OPTION}(?:-U|--user)[ \t=]*{quote}{name}%){rest}(?P<end>)"
        ));
    }
    patterns
});

static ANY: LazyLock<RegexSet> = LazyLock::new(|| RegexSet::new(PATTERNS.iter()).unwrap_or_else(|cause| unreachable!("literals: {cause}")));

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
    if matches!(secret, "YES)" | "NO)") || secret.trim_matches(['"', '\'', '\\']) == HIDDEN {
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
    #[case("mysqldump -phunter2 shop | pigz -p4 > x.gz", "mysqldump -p*** shop | pigz -p4 > x.gz")]
    #[case("mysqldump -phunter2 a && mysqldump -phunter2 b", "mysqldump -p*** a && mysqldump -p*** b")]
    #[case(r"password=ab\hunter2 x", "password=*** x")]
    #[case(r#"{"password": "ab\"hunter2"}"#, r#"{"password": "***"}"#)]
    #[case("tool --password=***hunter2", "tool --password=***")]
    #[case("a\u{e4} DB_PWD=hunter2", "a\u{e4} DB_PWD=***")]
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
    #[case("curl -sSu 'bob:my hunter2' x; curl -u eve:hunter2 y", "curl -sSu 'bob:***' x; curl -u eve:*** y")]
    #[case("smbclient -U bob%hunter2 //nas/x", "smbclient -U bob%*** //nas/x")]
    #[case("fetch https://me:s3cret@example.org/x", "fetch https://me:***@example.org/x")]
    #[case("clone https://ghp_hunter2@example.org/x", "clone https://***@example.org/x")]
    #[case("GET https://x.example/a?sig=hunter2&v=1&key=hunter2", "GET https://x.example/a?sig=***&v=1&key=***")]
    #[case("GET /a?X-Amz-Signature=hunter2&X-Amz-Date=1", "GET /a?X-Amz-Signature=***&X-Amz-Date=1")]
    #[case("Authorization: Bearer abc.def", "Authorization: Bearer ***")]
    #[case("curl -H 'Authorization: hunter2' x", "curl -H 'Authorization: ***' x")]
    #[case("Cookie: session=hunter2; a=b", "Cookie: ***")]
    #[case("Cookie: s=\"hunter2\"\nnext", "Cookie: ***\nnext")]
    #[case(r#"{"Cookie": "session=hunter2"}"#, r#"{"Cookie": "***"}"#)]
    #[case("Authorization: Digest username=\"bob\", response=\"66\"", "Authorization: Digest ***")]
    #[case("authorization: 0123456789abcdef", "authorization: ***")]
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
    #[case("sudo: bob : PWD=/home/bob ; COMMAND=/bin/ls")]
    #[case("killed by sig: 9, pass: 3, fail: 0, signature: 5 bytes")]
    #[case("authorization: denied for bob on shop")]
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
