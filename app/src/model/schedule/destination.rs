//! Where points are kept.

use std::fmt;

/// A directory on the server, or on a storage that the server reaches over its own SSH. In one spelling: no doubled and no
/// trailing slashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// `user@storage`; `None` for a path on the server.
    pub storage: Option<String>,
    pub path: String,
}

impl Destination {
    /// Reads `/path` or `user@storage:/path`. The root directory, `..` and control characters are refused.
    pub fn parse(text: &str) -> Option<Self> {
        let (storage, path) = if text.starts_with('/') { (None, text) } else { split_storage(text)? };
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let clean = path.starts_with('/') && path.len() <= 4096 && !path.chars().any(char::is_control);
        let own = !parts.is_empty() && !parts.contains(&"..");
        (clean && own).then(|| Self { storage: storage.map(str::to_owned), path: format!("/{}", parts.join("/")) })
    }
}

fn split_storage(text: &str) -> Option<(Option<&str>, &str)> {
    // The brackets of an IPv6 address hold colons of their own.
    let end = text.find("]:/").map(|at| at + 1).or_else(|| text.find(":/"))?;
    let (login, path) = (&text[..end], &text[end + 1..]);
    let (user, host) = login.split_once('@')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let word = |text: &str, also: &[u8]| {
        !text.is_empty() && !text.starts_with('-') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte))
    };
    (word(user, b"._-+") && word(bare, b".-_:%")).then_some((Some(login), path))
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.storage {
            Some(storage) => write!(f, "{storage}:{}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_storages_have_one_spelling() {
        for (text, shown) in [
            ("/backup/", "/backup"),
            ("//backup/./web", "/backup/web"),
            ("/back up/it's", "/back up/it's"),
            ("bak@nas:/pool/web/", "bak@nas:/pool/web"),
            ("bak@[fe80::1%eth0]:/pool", "bak@[fe80::1%eth0]:/pool"),
        ] {
            assert_eq!(Destination::parse(text).map(|destination| destination.to_string()).as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn what_could_reach_elsewhere_is_refused() {
        for text in [
            "",
            "/",
            "//",
            "backup",
            "/a/../b",
            "/..",
            "/a\nb",
            "nas:/pool",
            "@nas:/pool",
            "bak@:/pool",
            "bak@nas:pool",
            "-oProxyCommand=x@nas:/p",
            "bak@-oProxyCommand=x:/p",
            "bak@nas;reboot:/p",
            "bak@nas:/",
            "bak@nas:/../etc",
            "bak@na s:/p",
        ] {
            assert_eq!(Destination::parse(text), None, "{text:?}");
        }
    }
}
