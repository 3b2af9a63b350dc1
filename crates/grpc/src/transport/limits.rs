//! How many connections there are at once, and how many streams that everybody may open. At the limit of open files nobody could connect
//! any more, and neither could the server to its database: so the limit of connections lies below it.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::Instant;

use crate::shares::{Share, Shares};

/// As many as any server is meant for that nobody has said more of.
const MOST: usize = 10_000;
/// Files besides connections and those to the database: the listener, logs, certificates, the
/// runtime's own.
const OTHER_FILES: usize = 100;
/// How often it is told that some are refused.
const TELLING: Duration = Duration::from_mins(1);

/// More connections were asked for than files can be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "the limit of open files (ulimit -n) leaves room for {room} connections: raise it, or set \
     fewer"
)]
pub(crate) struct TooFewFiles {
    room: usize,
}

/// How many connections there can be: `wanted`, or as many as fit beside `to_database` others.
/// Raises this process's limit of open files for that as far as it may.
pub(crate) fn room(wanted: Option<usize>, to_database: usize) -> Result<usize, TooFewFiles> {
    let others = OTHER_FILES.saturating_add(to_database);
    let files = open_files(wanted.unwrap_or(MOST).saturating_add(others));
    fitting(wanted, files.saturating_sub(others))
}

fn fitting(wanted: Option<usize>, room: usize) -> Result<usize, TooFewFiles> {
    let connections = wanted.unwrap_or(room.min(MOST));
    if connections == 0 || connections > room {
        return Err(TooFewFiles { room });
    }
    Ok(connections)
}

/// How many files this process may have open, which are as many as are wanted if it may.
fn open_files(wanted: usize) -> usize {
    let wanted = wanted.try_into().unwrap_or(u64::MAX);
    let limit = getrlimit(Resource::Nofile);
    let mut soft = limit.current.unwrap_or(u64::MAX);
    let raised = limit.maximum.map_or(wanted, |hard| hard.min(wanted));
    if raised > soft {
        let limit = Rlimit {
            current: Some(raised),
            ..limit
        };
        if setrlimit(Resource::Nofile, limit).is_ok() {
            soft = raised;
        }
    }
    soft.try_into().unwrap_or(usize::MAX)
}

/// The places of connections, or of streams. No host has more than half of them, so that none can keep out all
/// others; but this one, where a proxy may stand before the server.
#[derive(Clone, Debug)]
pub(crate) struct Places(Arc<Named>);

#[derive(Debug)]
struct Named {
    what: &'static str,
    places: Shares<IpAddr>,
    refused: Mutex<Refused>,
}

#[derive(Debug, Default)]
struct Refused {
    /// How many were refused since that was told last.
    count: u64,
    told: Option<Instant>,
}

/// The place of one, until it is dropped.
pub(crate) type Place = Share<IpAddr>;

impl Places {
    /// That many, of `what`, in the plural.
    pub(crate) fn new(what: &'static str, all: usize) -> Self {
        Self(Arc::new(Named {
            what,
            places: Shares::new(all),
            refused: Mutex::default(),
        }))
    }

    /// A place for one from that address, if there is one.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Place> {
        let host = (!address.to_canonical().is_loopback()).then(|| host(address));
        let place = self.0.places.take(host);
        if place.is_err() {
            self.0.refuse();
        }
        place.ok()
    }
}

impl Named {
    fn refuse(&self) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.count += 1;
        if refused.told.is_none_or(|told| told.elapsed() >= TELLING) {
            let (what, most) = (self.what, self.places.all());
            tracing::warn!(
                refused = refused.count,
                open = self.places.taken(),
                "{what} were refused: there are {most} at most, and half of them from one host"
            );
            *refused = Refused {
                count: 0,
                told: Some(Instant::now()),
            };
        }
    }
}

/// By what one host is known. Whoever has one address of IPv6 has the 64 bits below it.
pub(crate) fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// The places of what everybody may make.
#[derive(Clone)]
pub(crate) struct Everybody {
    /// Of streams, which stay open.
    pub(crate) streams: Places,
    /// Of checks of health, which end soon.
    pub(crate) checks: Places,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Places, address: &str) -> Option<Place> {
        places.take(address.parse().unwrap())
    }

    #[test]
    fn there_are_as_many_places_as_there_are() {
        let places = Places::new("connections", 2);
        let first = take(&places, "127.0.0.1").unwrap();
        let _second = take(&places, "127.0.0.1").unwrap();
        assert!(take(&places, "127.0.0.1").is_none());
        assert!(take(&places, "192.0.2.1").is_none());
        drop(first);
        assert!(take(&places, "192.0.2.1").is_some());
    }

    #[test]
    fn one_host_gets_no_more_than_half_of_them() {
        for (one, same, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1"),
        ] {
            let places = Places::new("connections", 4);
            let first = take(&places, one).unwrap();
            let second = take(&places, same).unwrap();
            assert!(take(&places, one).is_none());
            assert!(take(&places, same).is_none());
            assert!(take(&places, other).is_some());
            drop(first);
            assert!(take(&places, same).is_some());
            drop(second);
        }
        let places = Places::new("connections", 4);
        let taken: Vec<_> = (0..4).filter_map(|_| take(&places, "127.0.0.1")).collect();
        assert_eq!(taken.len(), 4);
        drop(taken);
        assert_eq!(places.0.places.taken(), 0);
        assert!(take(&Places::new("connections", 1), "192.0.2.1").is_some());
    }

    #[test]
    fn connections_fit_into_the_limit_of_open_files() {
        assert_eq!(fitting(None, 20_000).unwrap(), MOST);
        assert_eq!(fitting(None, 900).unwrap(), 900);
        assert_eq!(fitting(Some(20_000), 20_000).unwrap(), 20_000);
        for (wanted, room) in [(Some(901), 900), (Some(1), 0), (None, 0)] {
            let message = fitting(wanted, room).unwrap_err().to_string();
            assert!(message.contains(&format!("room for {room} connections")));
        }
    }
}
