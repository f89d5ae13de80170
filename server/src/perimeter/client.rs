//! Who is at the other end of a request: the address that the trail names and limits count, and whether the way is encrypted.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use ipnet::{IpNet, Ipv6Net};

use super::forwarded::hops;
use super::settings::{InsecureHttp, PerimeterSettings};

/// One IPv6 subscriber has at least this much, so single addresses mean nothing.
const SUBSCRIBER: u8 = 64;

/// The far end of a request. In the extensions of every request that has come past the perimeter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The right-most hop that is no trusted proxy.
    pub address: IpAddr,
    /// Whether a trusted proxy says that the client spoke TLS to it.
    pub encrypted: bool,
    /// Whether the name in `Host` is one of this machine.
    local_name: bool,
}

impl Client {
    /// Reads a request that came from `peer`.
    pub(super) fn of(peer: IpAddr, headers: &HeaderMap, settings: &PerimeterSettings) -> Self {
        let mut address = peer.to_canonical();
        let mut encrypted = false;
        for hop in hops(headers, settings.proxy_header) {
            if !settings.trusted_proxies.iter().any(|network| network.contains(&address)) {
                break;
            }
            encrypted = hop.tls.unwrap_or(encrypted);
            match hop.address {
                Some(before) => address = before,
                None => break,
            }
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        Self { address, encrypted, local_name: is_local_name(host) }
    }

    /// What limits count by.
    pub fn origin(&self) -> IpNet {
        origin_of(self.address)
    }

    /// Whether a password may travel this way.
    pub fn may_sign_in(&self, insecure_http: InsecureHttp) -> bool {
        let local = self.is_local();
        self.encrypted
            || match insecure_http {
                InsecureHttp::Allowed => true,
                InsecureHttp::Refused => false,
                InsecureHttp::Loopback => local,
            }
    }

    /// Whether the way does not leave this machine. A proxy that hides its client gives itself away by the name it passes on.
    pub fn is_local(&self) -> bool {
        self.address.is_loopback() && self.local_name
    }
}

pub(super) fn origin_of(address: IpAddr) -> IpNet {
    match address {
        IpAddr::V4(_) => address.into(),
        IpAddr::V6(six) => Ipv6Net::new(six, SUBSCRIBER).map_or_else(|_| address.into(), |network| network.trunc().into()),
    }
}

fn is_local_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::settings::parse_network;
    use super::*;

    fn client(peer: &str, trusted: &[&str], lines: &[(&'static str, &str)]) -> Client {
        let settings = PerimeterSettings {
            trusted_proxies: trusted.iter().map(|text| parse_network(text).unwrap()).collect(),
            ..PerimeterSettings::default()
        };
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        Client::of(peer.parse().unwrap(), &headers, &settings)
    }

    #[test]
    fn the_client_is_the_right_most_hop_that_is_no_trusted_proxy() {
        let chain = [("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.2"), ("x-forwarded-proto", "https")];
        let address = |peer, trusted: &[&str], lines: &[_]| client(peer, trusted, lines).address.to_string();
        assert_eq!(address("10.0.0.1", &["10.0.0.0/8"], &chain), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &["10.0.0.1"], &chain), "10.0.0.2");
        assert_eq!(address("10.0.0.1", &[], &chain), "10.0.0.1");
        assert_eq!(address("::ffff:10.0.0.1", &["10.0.0.1"], &chain), "10.0.0.2");
        assert_eq!(address("10.0.0.1", &["0.0.0.0/0"], &chain), "6.6.6.6");
        assert_eq!(address("10.0.0.1", &["10.0.0.1"], &[("x-forwarded-for", "1.1.1.1, nonsense")]), "10.0.0.1");
    }

    #[test]
    fn only_a_trusted_proxy_can_say_that_a_connection_is_encrypted() {
        let tls = [("x-forwarded-proto", "https"), ("x-forwarded-for", "203.0.113.9")];
        assert!(client("127.0.0.1", &["127.0.0.1"], &tls).encrypted);
        assert!(!client("203.0.113.9", &["127.0.0.1"], &tls).encrypted);
        // What the client itself claims stands further left and is not read.
        let claimed = [("x-forwarded-for", "6.6.6.6, 203.0.113.9"), ("x-forwarded-proto", "https, http")];
        assert!(!client("127.0.0.1", &["127.0.0.1"], &claimed).encrypted);
    }

    #[test]
    fn only_what_stays_on_this_machine_is_local() {
        for (peer, host, local) in [
            ("127.0.0.1", "127.0.0.1:3000", true),
            ("127.0.0.1", "localhost:3000", true),
            ("::1", "[::1]:3000", true),
            ("127.0.0.1", "panel.example.org", false),
            ("127.0.0.1", "", false),
            ("192.0.2.7", "localhost:3000", false),
        ] {
            assert_eq!(client(peer, &[], &[("host", host)]).is_local(), local, "{peer} {host}");
        }
    }

    #[test]
    fn limits_count_an_ipv6_subscriber_once() {
        let origin = |peer| client(peer, &[], &[]).origin();
        assert_eq!(origin("2001:db8:1:2::1"), origin("2001:db8:1:2:ffff::9"));
        assert_ne!(origin("2001:db8:1:2::1"), origin("2001:db8:1:3::1"));
        assert_ne!(origin("192.0.2.7"), origin("192.0.2.8"));
    }
}
