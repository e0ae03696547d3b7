//! The names a certificate of our own must carry.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::Host;

use crate::config::ExternalUrl;

/// The host names and addresses clients may use: those listened on and the external one, sorted, each once.
///
/// An unspecified address (`0.0.0.0`, `[::]`) and loopback stand for what reaches them: `localhost` and both loopback
/// addresses, and for the former the machine's own name too. That name is the kernel's: asking a name service would
/// load code of the host into a static binary.
pub fn server_names(listen: &[SocketAddr], external: Option<&ExternalUrl>) -> Vec<String> {
    names(listen, external, rustix::system::uname().nodename().to_str().ok())
}

fn names(listen: &[SocketAddr], external: Option<&ExternalUrl>, machine: Option<&str>) -> Vec<String> {
    let mut names = BTreeSet::new();
    for address in listen.iter().map(|address| address.ip().to_canonical()) {
        if address.is_unspecified() || address.is_loopback() {
            names.insert("localhost".to_owned());
            names.extend([Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()]);
        }
        if !address.is_unspecified() {
            names.insert(address.to_string());
        } else if let Some(name) = machine.and_then(host_name) {
            names.insert(name);
        }
    }
    match external.and_then(ExternalUrl::host) {
        Some(Host::Domain(name)) => names.extend(host_name(name)),
        Some(Host::Ipv4(address)) => _ = names.insert(IpAddr::from(address).to_string()),
        Some(Host::Ipv6(address)) => _ = names.insert(IpAddr::from(address).to_string()),
        None => {}
    }
    if names.is_empty() {
        names.insert("localhost".to_owned());
    }
    names.into_iter().collect()
}

/// A name as a certificate holds it: lower case, no dot at the end, nothing that a certificate cannot hold.
fn host_name(name: &str) -> Option<String> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    rustls::pki_types::DnsName::try_from(name.as_str()).is_ok().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value as _;

    /// Situation; addresses listened on; external URL; the machine's name; the names expected.
    type Case = (
        &'static str,
        &'static [&'static str],
        Option<&'static str>,
        Option<&'static str>,
        &'static [&'static str],
    );

    #[test]
    fn every_way_to_reach_the_server_is_a_name() {
        const LOCAL: &[&str] = &["127.0.0.1", "::1", "localhost"];
        let cases: [Case; 9] = [
            ("loopback", &["127.0.0.1:1"], None, Some("box"), LOCAL),
            ("everything", &["0.0.0.0:1"], None, Some("Box"), &["127.0.0.1", "::1", "box", "localhost"]),
            ("everything, IPv6", &["[::]:1"], None, None, LOCAL),
            (
                "another loopback",
                &["127.0.0.2:1"],
                None,
                None,
                &["127.0.0.1", "127.0.0.2", "::1", "localhost"],
            ),
            ("one address", &["10.0.0.1:1"], None, Some("box"), &["10.0.0.1"]),
            ("a mapped address", &["[::ffff:10.0.0.1]:1"], None, None, &["10.0.0.1"]),
            ("a domain", &["10.0.0.1:1"], Some("https://R.example."), None, &["10.0.0.1", "r.example"]),
            ("an address outside", &[], Some("https://[2001:db8::1]"), None, &["2001:db8::1"]),
            ("a machine without a usable name", &["0.0.0.0:1"], None, Some("(none)"), LOCAL),
        ];
        for (situation, listen, external, machine, expected) in cases {
            let listen: Vec<_> = listen.iter().map(|address| address.parse().unwrap()).collect();
            let external = external.map(|url| ExternalUrl::parse(url).unwrap());
            assert_eq!(names(&listen, external.as_ref(), machine), expected, "{situation}");
        }
    }
}
