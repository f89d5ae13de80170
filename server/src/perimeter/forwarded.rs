//! What proxies say about the hops before them: `X-Forwarded-For` with `X-Forwarded-Proto`, or `Forwarded`. Text from the
//! network: whatever does not parse ends the chain there.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use super::settings::ProxyHeader;

/// More proxies than anyone has in a row; what comes before them is not looked at.
const HOPS: usize = 32;

/// What one proxy said of the hop before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hop {
    /// `None` where the proxy hides it or what it wrote is no address.
    pub(super) address: Option<IpAddr>,
    /// Whether that hop spoke TLS; `None` where nothing is said.
    pub(super) tls: Option<bool>,
}

/// The hops, nearest first.
pub(super) fn hops(headers: &HeaderMap, header: ProxyHeader) -> Vec<Hop> {
    match header {
        ProxyHeader::XForwarded => x_forwarded(headers),
        ProxyHeader::Forwarded => {
            values(headers, "forwarded").iter().flat_map(|value| split(value, ',').into_iter().rev()).map(element).take(HOPS).collect()
        }
    }
}

fn x_forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let list = |name| -> Vec<String> {
        values(headers, name).iter().flat_map(|value| value.rsplit(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>()).collect()
    };
    let protocols = list("x-forwarded-proto");
    let only = (protocols.len() == 1).then(|| tls(&protocols[0])).flatten();
    let addresses = list("x-forwarded-for");
    let hop =
        |(n, text): (usize, &String)| Hop { address: address(text), tls: only.or_else(|| protocols.get(n).and_then(|text| tls(text))) };
    if addresses.is_empty() {
        // A proxy that only tells of TLS: the client's address stays hidden behind it.
        return protocols.first().map(|text| Hop { address: None, tls: tls(text) }).into_iter().collect();
    }
    addresses.iter().enumerate().map(hop).take(HOPS).collect()
}

/// The values of a header, the last first.
fn values<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let mut values: Vec<_> = headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or_default()).collect();
    values.reverse();
    values
}

fn tls(protocol: &str) -> Option<bool> {
    match protocol.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|peer| peer.ip()));
    parsed.ok().map(|address| address.to_canonical())
}

/// `for="[2001:db8::1]:4711";proto=https;by=…`
fn element(text: &str) -> Hop {
    let mut hop = Hop { address: None, tls: None };
    for pair in split(text, ';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = unquoted(value.trim());
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.address = address(&value),
            "proto" => hop.tls = tls(&value),
            _ => {}
        }
    }
    hop
}

/// Splits at a separator that is not within quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => {
                parts.push(&text[from..at]);
                from = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return text.to_owned() };
    let mut letters = inner.chars();
    let mut plain = String::with_capacity(inner.len());
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: ProxyHeader, lines: &[(&'static str, &str)]) -> Vec<Hop> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        hops(&headers, header)
    }

    fn hop(address: &str, tls: Option<bool>) -> Hop {
        Hop { address: address.parse().ok(), tls }
    }

    #[test]
    fn the_nearest_hop_comes_first() {
        let lines = [("x-forwarded-for", "1.1.1.1, 2.2.2.2:80"), ("x-forwarded-for", "[2001:db8::1]:9"), ("x-forwarded-proto", "https")];
        let expected = [hop("2001:db8::1", Some(true)), hop("2.2.2.2", Some(true)), hop("1.1.1.1", Some(true))];
        assert_eq!(read(ProxyHeader::XForwarded, &lines), expected);
        let lines = [("forwarded", r#"for=1.1.1.1;proto=http, FOR="[2001:db8::1]:4711" ; Proto=https"#)];
        assert_eq!(read(ProxyHeader::Forwarded, &lines), [hop("2001:db8::1", Some(true)), hop("1.1.1.1", Some(false))]);
    }

    #[test]
    fn what_is_hidden_or_odd_is_no_address() {
        for odd in ["unknown", "_secret", "", "1.2.3", "1.2.3.4.5", "for=1.1.1.1", "::g", "[::1", "1.2.3.4\u{7f}"] {
            assert_eq!(address(odd), None, "{odd:?}");
        }
        assert_eq!(read(ProxyHeader::Forwarded, &[("forwarded", r#"for="a,b;for=9.9.9.9""#)]), [hop("", None)]);
        assert_eq!(address("::ffff:192.0.2.7"), "192.0.2.7".parse().ok(), "a mapped address is the IPv4 address it stands for");
    }

    #[test]
    fn a_proxy_that_only_tells_of_tls_is_heard() {
        assert_eq!(read(ProxyHeader::XForwarded, &[("x-forwarded-proto", "https")]), [hop("", Some(true))]);
        assert_eq!(read(ProxyHeader::XForwarded, &[("forwarded", "for=1.1.1.1;proto=https")]), [], "only the header that was chosen");
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[ -~]{0,200}", quoted in "[\\\\\",;=a-z0-9.:\\[\\]]{0,80}") {
            for header in [ProxyHeader::XForwarded, ProxyHeader::Forwarded] {
                for value in [&text, &quoted] {
                    let found = read(header, &[("forwarded", value), ("x-forwarded-for", value), ("x-forwarded-proto", value)]);
                    proptest::prop_assert!(found.len() <= HOPS);
                }
            }
        }

        #[test]
        fn an_address_survives_the_ways_to_write_it(bytes: [u8; 16], port: u16) {
            let six = IpAddr::from(bytes).to_canonical();
            let written = [format!("{six}"), format!("[{six}]"), SocketAddr::new(six, port).to_string()];
            for text in written {
                proptest::prop_assert_eq!(address(&text), Some(six));
                let quoted = format!("for=\"{text}\"");
                proptest::prop_assert_eq!(element(&quoted).address, Some(six));
            }
        }
    }
}
