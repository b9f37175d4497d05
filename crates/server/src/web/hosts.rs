use std::net::{IpAddr, Ipv6Addr};

/// The host names under which the server may be reached.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    names: Vec<String>,
    any_address: bool,
}

impl Hosts {
    /// Loopback addresses and these names, with any port. With `any_address` also every IP address, for a server that listens to the
    /// network; a page cannot use one as a host name of its own.
    pub(crate) fn new(names: impl IntoIterator<Item = String>, any_address: bool) -> Self {
        let names = names.into_iter().map(|name| without_port(&name).to_owned());
        Self { names: names.collect(), any_address }
    }

    /// Whether the value of a `Host` header names this server.
    pub(super) fn allows(&self, host: &str) -> bool {
        let name = without_port(host);
        match address(name) {
            Some(address) if self.any_address || address.is_loopback() => true,
            _ => {
                let name = name.strip_suffix('.').unwrap_or(name);
                let is = |ours: &str| name.eq_ignore_ascii_case(ours);
                is("localhost") || self.names.iter().any(|ours| is(ours))
            }
        }
    }
}

fn without_port(host: &str) -> &str {
    let name_end = host.rfind(']').map_or(0, |bracket| bracket + 1);
    host[name_end..].find(':').map_or(host, |colon| &host[..name_end + colon])
}

fn address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[') {
        Some(rest) => Some(IpAddr::V6(rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?)),
        None => name.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ours_are_allowed() {
        let hosts = Hosts::new(["Maps.example.org:443".into(), "10.0.0.7".into()], false);
        for ours in [
            "localhost",
            "LOCALHOST:8182",
            "localhost.",
            "127.0.0.1:1",
            "127.1.2.3",
            "[::1]:8182",
            "[::1]",
            "maps.EXAMPLE.org:1",
            "10.0.0.7",
        ] {
            assert!(hosts.allows(ours), "{ours}");
        }
        for other in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]",
            "[::1",
            "0.0.0.0",
            "user@localhost",
        ] {
            assert!(!hosts.allows(other), "{other}");
        }
        let open = Hosts::new([], true);
        assert!(open.allows("10.0.0.1:8182") && open.allows("[2001:db8::1]:80"));
        assert!(!open.allows("evil.example"));
    }
}
