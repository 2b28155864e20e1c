//! From a name to addresses, with the forbidden ones left out: what the connection uses is what was judged.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{
    network::{Forbidden, Network, judge},
    outcome::{Trouble, Unreachable},
};

/// Asks for the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync + fmt::Debug {
    /// All addresses of the name, as they are now.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The machine's own resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A lookup that gives only addresses that may be connected to.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    lookup: Arc<dyn Lookup>,
    allowed: Arc<[Network]>,
}

impl Guard {
    pub(crate) fn new(lookup: Arc<dyn Lookup>, allowed: &[Network]) -> Self {
        Self { lookup, allowed: allowed.into() }
    }

    /// The addresses of a name without the forbidden ones; an error if none is left.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Unreachable> {
        let found = self.lookup.lookup(host).await.map_err(|_| Unreachable::Trouble(Trouble::Name))?;
        let mut forbidden: Option<Forbidden> = None;
        let mut kept = Vec::new();
        for address in found {
            match judge(address, &self.allowed) {
                Ok(()) => kept.push(address),
                Err(reason) => forbidden = forbidden.or(Some(reason)),
            }
        }
        match forbidden {
            Some(reason) if kept.is_empty() => Err(Unreachable::Forbidden(reason)),
            None if kept.is_empty() => Err(Unreachable::Trouble(Trouble::Name)),
            _ => Ok(kept),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.addresses(name.as_str()).await?;
            // port 0: the one of the URL
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
