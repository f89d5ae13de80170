//! What stands between the network and the panel: who is at the other end, whether they may come in at all, how much they may
//! ask for, and what every answer carries so that a browser does no more with it than it should. It knows nothing of accounts;
//! `auth` says who somebody is, this says from where and how often.

mod answer;
mod bucket;
mod client;
mod forwarded;
mod gauge;
mod guard;
mod headers;
mod origin;
mod recent;
mod refusals;
mod settings;
mod throttle;

use ipnet::IpNet;

pub use self::client::Client;
pub use self::gauge::Place;
pub use self::guard::guard;
pub use self::headers::CLEAR_SITE_DATA;
pub(crate) use self::origin::csrf;
pub use self::origin::is_same_origin;
pub use self::settings::{InsecureHttp, Limits, PerimeterSettings, ProxyHeader, PublicUrl, SettingError, parse_network};
pub use self::throttle::{Attempt, Key, Throttle, Throttled};

use self::bucket::Buckets;
use self::gauge::Gauge;
use self::refusals::Refusals;

/// Everything the perimeter remembers between requests. All of it is bounded, none of it outlives the process.
pub struct Perimeter {
    pub settings: PerimeterSettings,
    /// Guesses of passwords, codes, links and tokens.
    pub throttle: Throttle,
    requests_by_address: Buckets<Origin>,
    requests_by_viewer: Buckets<i64>,
    open_by_address: Gauge<Origin>,
    open_by_viewer: Gauge<i64>,
    streams_by_address: Gauge<Origin>,
    streams_by_viewer: Gauge<i64>,
    connections: Gauge<Origin>,
    refusals: Refusals,
}

/// Where a client comes from as far as limits go: an IPv4 address, or the /64 that one IPv6 subscriber has to itself.
type Origin = IpNet;

impl Perimeter {
    pub fn new(settings: PerimeterSettings) -> Self {
        let limits = settings.limits.clone();
        Self {
            settings,
            throttle: Throttle::default(),
            requests_by_address: Buckets::new(limits.requests_per_minute),
            requests_by_viewer: Buckets::new(limits.viewer_requests_per_minute),
            open_by_address: Gauge::new(limits.open_requests),
            open_by_viewer: Gauge::new(limits.open_requests),
            streams_by_address: Gauge::new(limits.open_streams),
            streams_by_viewer: Gauge::new(limits.open_streams),
            // Each request under way and each stream has one; browsers keep a few more for later.
            connections: Gauge::new(limits.open_connections()),
            refusals: Refusals::default(),
        }
    }
}
