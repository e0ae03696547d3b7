//! Which addresses requests may go to that somebody other than the administrator asked for.
//!
//! Only the public internet: not this machine, not its networks, not the address from which clouds hand out credentials
//! (169.254.169.254). An address inside another one (IPv4-mapped, NAT64, 6to4) counts as what it leads to. The
//! administrator may allow networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;

/// IPv4 networks that are not the public internet (IANA special-purpose registry), and what they are.
const SPECIAL_V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::UNSPECIFIED, 8, "unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by carriers"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// The same of IPv6. What is in none of them and not in [`GLOBAL_V6`] is reserved.
const SPECIAL_V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "private"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "for protocols"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "private"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "private"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// The only part of IPv6 that is given out to the internet.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// NAT64 (RFC 6052): the last 32 bits are the IPv4 address.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
/// IPv4-compatible addresses (RFC 4291, 2.5.5.1), out of use: the last 32 bits are the IPv4 address.
const COMPATIBLE: (Ipv6Addr, u32) = (Ipv6Addr::UNSPECIFIED, 96);
/// 6to4 (RFC 3056): the 32 bits behind the prefix are the IPv4 address.
const SIX_TO_FOUR: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

/// An address that requests may not go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{address} is {kind}, and webhooks are not sent there unless the administrator allows it (webhook-allow)"
)]
pub struct RefusedAddress {
    /// The address.
    pub address: IpAddr,
    /// What it is.
    pub kind: &'static str,
}

/// Lets requests go to the public internet and to the networks that the administrator allows. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Guard(Arc<ArcSwap<Vec<IpNet>>>);

impl Guard {
    /// Replaces the networks that are allowed.
    pub fn allow(&self, networks: Vec<IpNet>) {
        self.0.store(Arc::new(networks));
    }

    /// Refuses an address that is neither public nor allowed.
    pub fn check(&self, address: IpAddr) -> Result<(), RefusedAddress> {
        let Some(kind) = special(address) else { return Ok(()) };
        let plain = address.to_canonical();
        let allowed =
            self.0.load().iter().any(|network| network.contains(&address) || network.contains(&plain));
        if allowed { Ok(()) } else { Err(RefusedAddress { address, kind }) }
    }
}

/// What an address is, if it is not of the public internet.
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    let mut found = SPECIAL_V4
        .iter()
        .filter(|(network, length, _)| (bits ^ u32::from(*network)).leading_zeros() >= *length);
    found.next().map(|(.., kind)| *kind)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(inside) = address.to_ipv4_mapped() {
        return special_v4(inside);
    }
    let found = SPECIAL_V6.iter().find(|(network, length, _)| lies_in(address, (*network, *length)));
    if let Some((.., kind)) = found {
        return Some(kind);
    }
    let [.., a, b, c, d] = address.octets();
    if lies_in(address, NAT64) {
        return special_v4(Ipv4Addr::new(a, b, c, d));
    }
    if lies_in(address, COMPATIBLE) {
        return special_v4(Ipv4Addr::new(a, b, c, d)).or(Some("reserved"));
    }
    let [_, _, a, b, c, d, ..] = address.octets();
    if lies_in(address, SIX_TO_FOUR) {
        return special_v4(Ipv4Addr::new(a, b, c, d));
    }
    (!lies_in(address, GLOBAL_V6)).then_some("reserved")
}

fn lies_in(address: Ipv6Addr, (network, length): (Ipv6Addr, u32)) -> bool {
    (u128::from(address) ^ u128::from(network)).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for (address, kind) in [
            ("8.8.8.8", None),
            ("1.1.1.1", None),
            ("100.63.255.255", None),
            ("100.128.0.0", None),
            ("172.15.255.255", None),
            ("172.32.0.0", None),
            ("198.17.255.255", None),
            ("198.20.0.0", None),
            ("223.255.255.255", None),
            ("0.0.0.0", Some("unspecified")),
            ("0.1.2.3", Some("unspecified")),
            ("10.255.255.255", Some("private")),
            ("100.64.0.0", Some("shared by carriers")),
            ("100.127.255.255", Some("shared by carriers")),
            ("127.0.0.1", Some("loopback")),
            ("127.255.255.254", Some("loopback")),
            ("169.254.169.254", Some("link-local")),
            ("172.16.0.1", Some("private")),
            ("172.31.255.255", Some("private")),
            ("192.0.0.170", Some("for protocols")),
            ("192.0.2.1", Some("for documentation")),
            ("192.88.99.1", Some("for protocols")),
            ("192.168.0.1", Some("private")),
            ("198.18.0.1", Some("for benchmarks")),
            ("198.19.255.255", Some("for benchmarks")),
            ("198.51.100.7", Some("for documentation")),
            ("203.0.113.7", Some("for documentation")),
            ("224.0.0.1", Some("multicast")),
            ("239.255.255.255", Some("multicast")),
            ("240.0.0.1", Some("reserved")),
            ("255.255.255.255", Some("reserved")),
            ("2606:4700:4700::1111", None),
            ("2a00:1450::1", None),
            ("::", Some("unspecified")),
            ("::1", Some("loopback")),
            ("::2", Some("unspecified")),
            ("::7f00:1", Some("loopback")),
            ("::8.8.8.8", Some("reserved")),
            ("::ffff:8.8.8.8", None),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("::ffff:169.254.169.254", Some("link-local")),
            ("::ffff:0:127.0.0.1", Some("reserved")),
            ("64:ff9b::8.8.8.8", None),
            ("64:ff9b::10.0.0.1", Some("private")),
            ("64:ff9b:1::10.0.0.1", Some("private")),
            ("64:ff9b:2::1", Some("reserved")),
            ("2002:808:808::1", None),
            ("2002:7f00:1::1", Some("loopback")),
            ("2002:c0a8:1::1", Some("private")),
            ("2001::1", Some("for protocols")),
            ("2001:2::1", Some("for protocols")),
            ("2001:db8::1", Some("for documentation")),
            ("3fff::1", Some("for documentation")),
            ("100::1", Some("reserved")),
            ("4000::1", Some("reserved")),
            ("fc00::1", Some("private")),
            ("fdff::1", Some("private")),
            ("fe80::1", Some("link-local")),
            ("fec0::1", Some("private")),
            ("ff02::1", Some("multicast")),
        ] {
            assert_eq!(special(address.parse().unwrap()), kind, "{address}");
        }
    }

    #[test]
    fn an_administrator_allows_networks() {
        let guard = Guard::default();
        let refused = |guard: &Guard, address: &str| guard.check(address.parse().unwrap()).is_err();
        assert!(refused(&guard, "127.0.0.1") && refused(&guard, "fd00::1") && !refused(&guard, "9.9.9.9"));
        let shared = guard.clone();
        guard.allow(vec!["127.0.0.0/8".parse().unwrap(), "fd00::/64".parse().unwrap()]);
        for (address, is_refused) in [
            ("127.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("fd00::1", false),
            ("::1", true),
            ("64:ff9b::127.0.0.1", true),
            ("fd01::1", true),
            ("10.0.0.1", true),
        ] {
            assert_eq!(refused(&shared, address), is_refused, "{address}");
        }
        let error = shared.check("10.0.0.1".parse().unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("10.0.0.1 is private") && error.contains("webhook-allow"), "{error}");
    }
}
