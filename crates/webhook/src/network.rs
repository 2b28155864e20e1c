//! Which addresses no webhook may reach unless somebody allowed it by name.
//!
//! The tables follow the special-purpose registries of IANA. What a cloud serves its own machines (metadata) stands first, because
//! some of it looks public. Of IPv6 only 2000::/3 is in use on the internet, so that everything else is forbidden without a list.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// An address range: `10.1.0.0/16`, `fd00:1::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

/// Why a text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a network such as 10.1.0.0/16, fd00:1::/32 or one address, without bits beyond its length")]
pub struct NotANetwork;

/// What is special about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Serves secrets to the machines of a cloud.
    Metadata,
    /// 0.0.0.0/8, ::
    Unspecified,
    /// The machine itself.
    Loopback,
    /// 10/8, 172.16/12, 192.168/16
    Private,
    /// Behind a provider's translation (CGNAT).
    Shared,
    /// On the same cable.
    LinkLocal,
    /// fc00::/7
    UniqueLocal,
    /// To many at once.
    Multicast,
    /// For examples in texts.
    Documentation,
    /// For measurements.
    Benchmarking,
    /// An IPv4 address in IPv6 clothes: mapped, translated (NAT64), or in a tunnel (6to4, Teredo).
    Embedded,
    /// Not in use on the internet.
    Reserved,
}

/// A connection to this address is forbidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no connection may be made to an address that is {0}, unless it is allowed by name")]
pub struct Forbidden(pub Kind);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "a cloud's metadata service",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared (CGNAT)",
            Self::LinkLocal => "link-local",
            Self::UniqueLocal => "unique-local",
            Self::Multicast => "multicast",
            Self::Documentation => "for documentation",
            Self::Benchmarking => "for benchmarking",
            Self::Embedded => "IPv4 inside IPv6",
            Self::Reserved => "reserved",
        })
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Network {
    Network { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
}

const fn v6(a: u16, b: u16, c: u16, last: u16, prefix: u8) -> Network {
    Network { first: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, last)), prefix }
}

/// Read from the top: the first network that holds an address says what it is.
const SPECIAL: [(Network, Kind); 32] = [
    (v4(169, 254, 169, 254, 32), Kind::Metadata),
    (v4(168, 63, 129, 16, 32), Kind::Metadata),
    (v4(100, 100, 100, 200, 32), Kind::Metadata),
    (v4(192, 0, 0, 192, 32), Kind::Metadata),
    (v6(0xfd00, 0xec2, 0, 0x254, 128), Kind::Metadata),
    (v6(0xfd20, 0xce, 0, 0x254, 128), Kind::Metadata),
    (v4(0, 0, 0, 0, 8), Kind::Unspecified),
    (v4(10, 0, 0, 0, 8), Kind::Private),
    (v4(100, 64, 0, 0, 10), Kind::Shared),
    (v4(127, 0, 0, 0, 8), Kind::Loopback),
    (v4(169, 254, 0, 0, 16), Kind::LinkLocal),
    (v4(172, 16, 0, 0, 12), Kind::Private),
    (v4(192, 0, 0, 0, 24), Kind::Reserved),
    (v4(192, 0, 2, 0, 24), Kind::Documentation),
    (v4(192, 88, 99, 0, 24), Kind::Reserved),
    (v4(192, 168, 0, 0, 16), Kind::Private),
    (v4(198, 18, 0, 0, 15), Kind::Benchmarking),
    (v4(198, 51, 100, 0, 24), Kind::Documentation),
    (v4(203, 0, 113, 0, 24), Kind::Documentation),
    (v4(224, 0, 0, 0, 4), Kind::Multicast),
    (v4(240, 0, 0, 0, 4), Kind::Reserved),
    (v6(0, 0, 0, 0, 128), Kind::Unspecified),
    (v6(0, 0, 0, 1, 128), Kind::Loopback),
    (v6(0x64, 0xff9b, 0, 0, 32), Kind::Embedded),
    (v6(0x2001, 0, 0, 0, 32), Kind::Embedded),
    (v6(0x2001, 0, 0, 0, 23), Kind::Reserved),
    (v6(0x2001, 0xdb8, 0, 0, 32), Kind::Documentation),
    (v6(0x2002, 0, 0, 0, 16), Kind::Embedded),
    (v6(0x3fff, 0, 0, 0, 20), Kind::Documentation),
    (v6(0xfc00, 0, 0, 0, 7), Kind::UniqueLocal),
    (v6(0xfe80, 0, 0, 0, 10), Kind::LinkLocal),
    (v6(0xff00, 0, 0, 0, 8), Kind::Multicast),
];
/// What the internet uses of IPv6.
const GLOBAL_V6: Network = v6(0x2000, 0, 0, 0, 3);

impl Kind {
    /// What is special about an address, if anything.
    pub fn of(address: IpAddr) -> Option<Self> {
        let special = SPECIAL.iter().find(|(network, _)| network.contains(address)).map(|(_, kind)| *kind);
        special.or_else(|| match address {
            IpAddr::V6(inner) if inner.to_ipv4().is_some() => Some(Self::Embedded),
            IpAddr::V6(_) if !GLOBAL_V6.contains(address) => Some(Self::Reserved),
            _ => None,
        })
    }
}

/// Whether a connection may be made: the address is an ordinary one, or in a network that is allowed for its host.
pub(crate) fn judge(address: IpAddr, allowed: &[Network]) -> Result<(), Forbidden> {
    match Kind::of(address) {
        Some(kind) if !allowed.iter().any(|network| network.contains(address)) => Err(Forbidden(kind)),
        _ => Ok(()),
    }
}

/// The bits of an address, the first at the top.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Network {
    /// Whether the address is in it. An IPv4 network holds no IPv6 address, mapped ones neither.
    pub fn contains(&self, address: IpAddr) -> bool {
        let differs = bits(self.first) ^ bits(address);
        self.first.is_ipv4() == address.is_ipv4() && differs & self.mask() == 0
    }

    /// How many leading bits say which network it is.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether it is so wide that it names nothing: wider than the widest private range of its kind.
    pub(crate) fn is_everything(&self) -> bool {
        self.prefix < if self.first.is_ipv4() { 8 } else { 7 }
    }

    fn mask(&self) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0)
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (first, prefix) = text.split_once('/').map_or((text, None), |(first, prefix)| (first, Some(prefix)));
        let first: IpAddr = first.parse().map_err(|_| NotANetwork)?;
        let longest = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| NotANetwork)?,
            Some(_) => return Err(NotANetwork),
        };
        let network = Self { first, prefix };
        if prefix > longest || bits(first) & !network.mask() != 0 { Err(NotANetwork) } else { Ok(network) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(address: &str) -> Option<Kind> {
        Kind::of(address.parse().unwrap())
    }

    #[test]
    fn addresses_of_the_internet_are_ordinary() {
        for address in
            ["1.1.1.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "223.255.255.255"]
        {
            assert_eq!(kind(address), None, "{address}");
        }
        for address in ["2001:200::1", "2606:4700:4700::1111", "2a00::1", "2003::1", "3ffe::1"] {
            assert_eq!(kind(address), None, "{address}");
        }
    }

    #[test]
    fn every_kind_that_is_forbidden() {
        for (address, expected) in [
            ("169.254.169.254", Kind::Metadata),
            ("168.63.129.16", Kind::Metadata),
            ("100.100.100.200", Kind::Metadata),
            ("fd00:ec2::254", Kind::Metadata),
            ("0.0.0.0", Kind::Unspecified),
            ("0.1.2.3", Kind::Unspecified),
            ("::", Kind::Unspecified),
            ("127.0.0.1", Kind::Loopback),
            ("127.255.255.254", Kind::Loopback),
            ("::1", Kind::Loopback),
            ("10.0.0.0", Kind::Private),
            ("10.255.255.255", Kind::Private),
            ("172.16.0.1", Kind::Private),
            ("172.31.255.255", Kind::Private),
            ("192.168.1.1", Kind::Private),
            ("100.64.0.1", Kind::Shared),
            ("100.127.255.255", Kind::Shared),
            ("169.254.0.1", Kind::LinkLocal),
            ("fe80::1", Kind::LinkLocal),
            ("febf::1", Kind::LinkLocal),
            ("fc00::1", Kind::UniqueLocal),
            ("fdff::1", Kind::UniqueLocal),
            ("224.0.0.1", Kind::Multicast),
            ("239.1.1.1", Kind::Multicast),
            ("ff02::1", Kind::Multicast),
            ("192.0.2.1", Kind::Documentation),
            ("198.51.100.1", Kind::Documentation),
            ("203.0.113.1", Kind::Documentation),
            ("2001:db8::1", Kind::Documentation),
            ("3fff::1", Kind::Documentation),
            ("198.19.0.1", Kind::Benchmarking),
            ("192.0.0.1", Kind::Reserved),
            ("192.88.99.1", Kind::Reserved),
            ("240.0.0.1", Kind::Reserved),
            ("255.255.255.255", Kind::Reserved),
            ("::ffff:8.8.8.8", Kind::Embedded),
            ("::ffff:127.0.0.1", Kind::Embedded),
            ("::8.8.8.8", Kind::Embedded),
            ("64:ff9b::808:808", Kind::Embedded),
            ("64:ff9b:1::1", Kind::Embedded),
            ("2001::1", Kind::Embedded),
            ("2002:7f00:1::1", Kind::Embedded),
            ("2001:20::1", Kind::Reserved),
            ("100::1", Kind::Reserved),
            ("4000::1", Kind::Reserved),
            ("fec0::1", Kind::Reserved),
        ] {
            assert_eq!(kind(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn a_network_allows_what_is_in_it_and_nothing_else() {
        let allowed: [Network; 2] = ["10.1.0.0/16".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(judge("10.1.255.1".parse().unwrap(), &allowed), Ok(()));
        assert_eq!(judge("::1".parse().unwrap(), &allowed), Ok(()));
        assert_eq!(judge("10.2.0.1".parse().unwrap(), &allowed), Err(Forbidden(Kind::Private)));
        assert_eq!(judge("::ffff:10.1.0.1".parse().unwrap(), &allowed), Err(Forbidden(Kind::Embedded)), "not in other clothes");
        assert_eq!(judge("8.8.8.8".parse().unwrap(), &[]), Ok(()));
    }

    #[test]
    fn what_is_no_network() {
        for text in
            ["", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "::/129", "10.0.0.0/+8", "10.0.0/8", "host", "10.0.0.0/8/8", "fd00::1/64"]
        {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork), "{text}");
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().is_everything());
        assert!(!"fc00::/7".parse::<Network>().unwrap().is_everything());
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_forbidden_in_every_ipv6_form_of_it(address: u32) {
            let plain = Ipv4Addr::from_bits(address);
            let [a, b, c, d] = plain.octets().map(u16::from);
            let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a << 8 | b, c << 8 | d);
            let tunnel = Ipv6Addr::new(0x2002, a << 8 | b, c << 8 | d, 0, 0, 0, 0, 1);
            for address in [plain.to_ipv6_mapped(), nat64, tunnel] {
                prop_assert!(Kind::of(IpAddr::V6(address)).is_some());
            }
        }

        #[test]
        fn nothing_that_the_standard_library_calls_special_is_ordinary(address: u32, high: u128) {
            let v4 = Ipv4Addr::from_bits(address);
            if v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || v4.is_documentation() {
                prop_assert!(Kind::of(v4.into()).is_some());
            }
            let v6 = Ipv6Addr::from_bits(high);
            if v6.is_loopback() || v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.to_ipv4_mapped().is_some() {
                prop_assert!(Kind::of(v6.into()).is_some());
            }
        }
    }
}
