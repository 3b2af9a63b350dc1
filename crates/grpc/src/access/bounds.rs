//! How often callers may call, and how often credentials may be refused.
//!
//! A caller is held to its rate once it is known, so that none uses up another's. Credentials are
//! judged before it is asked how often those of their address were refused: whoever has good ones
//! is let in, whoever else stands behind that address. So that bound saves no processor; what it
//! does is to have a client rest that goes on and on with credentials that are bad, since
//! RESOURCE_EXHAUSTED says when to come back, and UNAUTHENTICATED has it fetch a new token and
//! try at once.

use std::net::IpAddr;
use std::num::NonZeroU32;

use byline_domain::access::Caller;
use tonic::Status;

use super::Refusal;
use crate::layers::call;
use crate::rates::{Lines, Quota, Rates};
use crate::status::{rate_exceeded, too_many_refusals, unauthenticated};
use crate::transport::{Peer, host};

/// Bounds callers and those who are none.
pub(crate) struct Bounds {
    callers: Option<Rates>,
    refusals: Option<Rates>,
    lines: Lines,
}

impl Bounds {
    /// Each caller calls as often as `callers` says; the credentials of each address are refused
    /// `refusals` times a minute before it is told to rest. Neither has a bound where it is none.
    pub(crate) fn new(callers: Option<Quota>, refusals: Option<NonZeroU32>) -> Self {
        Self {
            callers: callers.map(Rates::new),
            refusals: refusals.map(Quota::per_minute).map(Rates::new),
            lines: Lines::new("refusals of credentials"),
        }
    }

    /// Counts a call of that caller, or refuses it.
    pub(super) fn count(&self, caller: &Caller) -> Result<(), Status> {
        let rates = self.callers.as_ref();
        let taken = rates.map_or(Ok(()), |rates| rates.take(caller.id()));
        taken.map_err(rate_exceeded)
    }

    /// What whoever was refused is told, and its operator.
    pub(super) fn refuse(&self, refusal: &Refusal, peer: Option<&Peer>) -> Status {
        let host = peer.map(|peer| host(peer.address.ip()));
        self.lines.write(host, || log(refusal, peer));
        match self.rests(refusal, host) {
            Some(wait) => too_many_refusals(wait),
            None => unauthenticated(refusal),
        }
    }

    /// How long whoever was refused has to rest, if it does.
    fn rests(&self, refusal: &Refusal, host: Option<IpAddr>) -> Option<std::time::Duration> {
        match refusal {
            // Nobody's credentials are to blame.
            Refusal::Unavailable(_) => None,
            Refusal::Missing | Refusal::Invalid(_) | Refusal::Expired(_) => {
                self.refusals.as_ref()?.take(&host).err()
            }
        }
    }
}

/// Tells an operator what its callers are not told. Nothing of a secret.
fn log(refusal: &Refusal, peer: Option<&Peer>) {
    let request_id = call::request_id();
    let peer = peer.map(|peer| tracing::field::display(peer.address));
    match refusal {
        Refusal::Unavailable(reason) => {
            tracing::warn!(%request_id, peer, reason, "callers cannot be told apart");
        }
        Refusal::Missing | Refusal::Invalid(_) | Refusal::Expired(_) => {
            tracing::warn!(%request_id, peer, reason = %refusal, "credentials were refused");
        }
    }
}
