//! The settings of the perimeter, as texts and as what they mean.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use axum::http::Uri;
use ipnet::IpNet;

/// Whom the panel serves, whom it believes, and how much it gives to one of them.
#[derive(Debug, Clone)]
pub struct PerimeterSettings {
    /// Who may reach the panel; empty lets everybody.
    pub allow_networks: Vec<IpNet>,
    /// Proxies whose word on the client's address and on TLS is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which they say it. Only one is read: a proxy passes the other on as the client sent it.
    pub proxy_header: ProxyHeader,
    /// Where browsers reach the panel, when a proxy changes `Host`.
    pub public_url: Option<PublicUrl>,
    pub insecure_http: InsecureHttp,
    pub limits: Limits,
}

impl Default for PerimeterSettings {
    fn default() -> Self {
        let loopback = [IpNet::from(IpAddr::from([127, 0, 0, 1])), IpNet::from(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]))];
        Self {
            allow_networks: Vec::new(),
            trusted_proxies: loopback.to_vec(),
            proxy_header: ProxyHeader::default(),
            public_url: None,
            insecure_http: InsecureHttp::default(),
            limits: Limits::default(),
        }
    }
}

/// What one client, and one viewer wherever they are, may have at a time; 0 is no limit.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From one address; a minute's worth may come at once.
    pub requests_per_minute: u32,
    /// By one account, its tokens included, from wherever.
    pub viewer_requests_per_minute: u32,
    /// Requests under way, each for one address and for one account.
    pub open_requests: u32,
    /// WebSockets, each for one address and for one account. An idle one costs about 7 KiB.
    pub open_streams: u32,
    /// How long a client may take to send the head of a request.
    pub header_timeout: Duration,
    /// How long a request may take, from its head to the head of the answer.
    pub request_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_minute: 30_000,
            viewer_requests_per_minute: 30_000,
            open_requests: 512,
            open_streams: 6_000,
            header_timeout: Duration::from_secs(20),
            request_timeout: Duration::from_mins(2),
        }
    }
}

impl Limits {
    /// Connections from one address; 0 is no limit.
    pub(super) fn open_connections(&self) -> u32 {
        if self.open_requests == 0 || self.open_streams == 0 { 0 } else { self.open_requests.saturating_add(self.open_streams) }
    }
}

/// How a trusted proxy says who its client is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Whether people may sign in over a connection that is not encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InsecureHttp {
    /// From anywhere. Every page says that the connection is open.
    Allowed,
    Refused,
    /// Only on this machine: from a loopback address, to a loopback name.
    #[default]
    Loopback,
}

/// A setting with a value that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("use {value:?}: expected {expected}")]
pub struct SettingError {
    value: String,
    expected: &'static str,
}

impl SettingError {
    pub fn new(value: &str, expected: &'static str) -> Self {
        Self { value: value.to_owned(), expected }
    }
}

impl FromStr for ProxyHeader {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "x-forwarded" => Ok(Self::XForwarded),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err(SettingError::new(text, "x-forwarded or forwarded")),
        }
    }
}

impl FromStr for InsecureHttp {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "true" => Ok(Self::Allowed),
            "false" => Ok(Self::Refused),
            "auto-loopback" => Ok(Self::Loopback),
            _ => Err(SettingError::new(text, "true, false or auto-loopback")),
        }
    }
}

/// The origin of the panel as browsers write it: `https://panel.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let refused = || SettingError::new(text, "an origin such as https://panel.example.org, without a path");
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme)).ok_or_else(refused)?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(refused)?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(refused());
        }
        // Browsers leave out the port that the scheme implies.
        let implied = if scheme == "https" { ":443" } else { ":80" };
        let host = authority.as_str().to_ascii_lowercase();
        Ok(Self(format!("{scheme}://{}", host.strip_suffix(implied).unwrap_or(&host))))
    }
}

/// A network, or one address.
pub fn parse_network(text: &str) -> Result<IpNet, SettingError> {
    let address = text.parse::<IpAddr>().map(IpNet::from).ok();
    let network = address.or_else(|| text.parse().ok());
    network.ok_or_else(|| SettingError::new(text, "a network such as 10.0.0.0/8 or 2001:db8::/32, or an address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_ranges_or_single_addresses_and_nothing_else() {
        let holds = |network: &str, address: &str| parse_network(network).unwrap().contains(&address.parse::<IpAddr>().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.255.255") && !holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("10.1.2.3/8", "10.9.9.9"), "bits of the host do not narrow it");
        assert!(holds("192.0.2.7", "192.0.2.7") && !holds("192.0.2.7", "192.0.2.8"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1") && !holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("0.0.0.0/0", "255.255.255.255") && !holds("0.0.0.0/0", "::1"));
        for odd in ["", " ", "10.0.0.0/33", "10.0.0/8", "::/129", "localhost", "10.0.0.0/8,::1", "010.0.0.1", "1.2.3.4/-1", "::1%eth0"] {
            assert!(parse_network(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_public_url_is_an_origin() {
        let origin = |text: &str| text.parse::<PublicUrl>().map(|url| url.0).ok();
        assert_eq!(origin("https://Panel.example.org/").as_deref(), Some("https://panel.example.org"));
        assert_eq!(origin("https://panel.example.org:443").as_deref(), Some("https://panel.example.org"));
        assert_eq!(origin("http://[::1]:3000").as_deref(), Some("http://[::1]:3000"));
        for odd in ["", "panel.example.org", "ftp://panel", "https://panel/path", "https://panel?x", "https://ada@panel", "javascript:x"] {
            assert_eq!(origin(odd), None, "{odd:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_network_or_an_error(text in "\\PC{0,40}") {
            if let Ok(network) = parse_network(&text) {
                proptest::prop_assert!(network.contains(&network.network()));
            }
        }

        #[test]
        fn every_address_is_in_its_own_networks(bytes: [u8; 16], v4: [u8; 4], long in 0..=128u8, short in 0..=32u8) {
            let (six, four) = (IpAddr::from(bytes), IpAddr::from(v4));
            let six_in = parse_network(&format!("{six}/{long}")).is_ok_and(|network| network.contains(&six));
            let four_in = parse_network(&format!("{four}/{short}")).is_ok_and(|network| network.contains(&four));
            proptest::prop_assert!(six_in && four_in);
        }
    }
}
