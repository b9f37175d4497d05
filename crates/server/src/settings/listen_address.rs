use std::{
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};

use serde::Deserialize;

/// The value of `--listen`: an IP address and a port, or `localhost` and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ListenAddress(pub SocketAddr);

/// The text is not an address.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not an address and a port, such as 127.0.0.1:8182, [::1]:8182 or localhost:8182")]
pub struct InvalidListenAddress(String);

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    fn from_str(text: &str) -> Result<Self, InvalidListenAddress> {
        let of_localhost = || {
            let port = text.strip_prefix("localhost:")?.parse().ok()?;
            Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        };
        let address = text.parse().ok().or_else(of_localhost);
        address.map(Self).ok_or_else(|| InvalidListenAddress(text.to_owned()))
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = InvalidListenAddress;

    fn try_from(text: String) -> Result<Self, InvalidListenAddress> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_an_address() {
        let address = |text: &str| text.parse::<ListenAddress>().map(|address| address.0.to_string());
        assert_eq!(address("localhost:8182").unwrap(), "127.0.0.1:8182");
        assert_eq!(address("[::1]:1").unwrap(), "[::1]:1");
        for bad in ["localhost", "localhost:", "localhost:99999", ":8182", "maps.example.org:80"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
