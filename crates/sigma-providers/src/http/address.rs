//! Where a service lives.

use reqwest::Url;

/// The base address of a service: `https`, or anything on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    base: Url,
}

/// An address that keys must not be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("\"{0}\" is not an address such as https://api.example.com")]
    Malformed(String),
    #[error("\"{0}\" is not https: a key would travel in the clear")]
    NotEncrypted(String),
    #[error("the address of the next page, {0}, belongs to another host")]
    Foreign(String),
}

impl Address {
    /// Parses a base address; a path in it is kept as a prefix.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        let base = Url::parse(text.trim()).map_err(|_| AddressError::Malformed(text.to_owned()))?;
        // What stands before an `@` may be a password: the message goes without it.
        if base.host_str().is_none() || !base.username().is_empty() || base.password().is_some() {
            return Err(AddressError::Malformed(base.host_str().unwrap_or("address").to_owned()));
        }
        match base.scheme() {
            "https" => Ok(Address { base }),
            "http" if is_loopback(&base) => Ok(Address { base }),
            _ => Err(AddressError::NotEncrypted(text.to_owned())),
        }
    }

    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }

    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// The address of a resource: path segments, each encoded, and a query.
    pub(crate) fn resource(&self, segments: &[&str], query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        // The caret of index symbols may stand in a path, but not every server takes it.
        if url.path().contains('^') {
            url.set_path(&url.path().replace('^', "%5E"));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query.iter().map(|(name, value)| (*name, value.as_str())));
        }
        url
    }

    /// The next page of a result: the link's path and query at this address. The link must name this host or one of
    /// `known_hosts`, encrypted.
    pub(crate) fn next_page(&self, link: &str, known_hosts: &[&str]) -> Result<Url, AddressError> {
        let foreign = || AddressError::Foreign(link.chars().take(120).collect());
        let url = self.base.join(link).map_err(|_| foreign())?;
        let own = url.origin() == self.base.origin();
        let known = url.scheme() == "https" && url.host_str().is_some_and(|host| known_hosts.contains(&host));
        if !(own || known) || !url.username().is_empty() || url.password().is_some() {
            return Err(foreign());
        }
        let mut next = self.base.clone();
        // A service behind a path does not know of it.
        let prefix = self.base.path().trim_end_matches('/');
        match url.path().starts_with(prefix) {
            true => next.set_path(url.path()),
            false => next.set_path(&format!("{prefix}{}", url.path())),
        }
        next.set_query(url.query());
        Ok(next)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let address: Result<std::net::IpAddr, _> = host.trim_matches(['[', ']']).parse();
            address.is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_travel_encrypted_or_not_at_all() {
        for text in
            ["https://api.polygon.io", "http://127.0.0.1:8080", "http://[::1]:80", "http://localhost:1/v1"]
        {
            assert!(Address::parse(text).is_ok(), "{text}");
        }
        assert!(matches!(Address::parse("http://api.polygon.io"), Err(AddressError::NotEncrypted(_))));
        assert!(matches!(
            Address::parse("http://127.0.0.1.evil.example"),
            Err(AddressError::NotEncrypted(_))
        ));
        assert!(matches!(Address::parse("api.polygon.io"), Err(AddressError::Malformed(_))));
        let error = Address::parse("https://ann:s3cret@api.example").unwrap_err();
        assert!(!error.to_string().contains("s3cret"));
    }

    #[test]
    fn segments_and_values_are_encoded() {
        let address = Address::parse("https://h.example/base/").unwrap();
        let url = address.resource(&["v3", "^GSPC", "A/B"], &[("q", "a b&c".to_owned())]);
        assert_eq!(url.as_str(), "https://h.example/base/v3/%5EGSPC/A%2FB?q=a+b%26c");
    }

    #[test]
    fn a_next_page_stays_at_this_address() {
        let address = Address::parse("http://127.0.0.1:9").unwrap();
        let hosts = ["api.polygon.io"];
        let next = |link: &str| address.next_page(link, &hosts).map(|url| url.to_string());
        assert_eq!(next("https://api.polygon.io/v3/x?cursor=a").unwrap(), "http://127.0.0.1:9/v3/x?cursor=a");
        assert_eq!(next("/v3/x?cursor=a").unwrap(), "http://127.0.0.1:9/v3/x?cursor=a");
        let behind = Address::parse("https://proxy.example/polygon").unwrap();
        for link in ["https://api.polygon.io/v3/x?c=a", "https://proxy.example/polygon/v3/x?c=a"] {
            let next = behind.next_page(link, &hosts).unwrap();
            assert_eq!(next.as_str(), "https://proxy.example/polygon/v3/x?c=a");
        }
        for link in [
            "https://evil.example/v3/x?cursor=a",
            "http://api.polygon.io/v3/x?cursor=a",
            "https://api.polygon.io.evil.example/x",
            "https://a:b@api.polygon.io/x",
            "file:///etc/passwd",
        ] {
            assert!(matches!(next(link), Err(AddressError::Foreign(_))), "{link}");
        }
    }
}
