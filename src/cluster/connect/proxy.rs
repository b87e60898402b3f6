//! Which proxy leads to a server: the kubeconfig's, else `HTTPS_PROXY`, unless `NO_PROXY` names the server.
//!
//! kube 5.0 has this too, but compares `NO_PROXY` with the address of the proxy.

use std::net::IpAddr;

use http::Uri;

/// The proxy variables of the process.
#[derive(Clone, Default)]
pub(crate) struct ProxyVariables {
    pub(crate) https: Option<String>,
    pub(crate) http: Option<String>,
    pub(crate) none: Option<String>,
}

impl std::fmt::Debug for ProxyVariables {
    /// Says nothing: a proxy's address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxyVariables").finish_non_exhaustive()
    }
}

impl ProxyVariables {
    pub(crate) fn of_process() -> Self {
        let either = |upper: &str, lower: &str| {
            [upper, lower]
                .into_iter()
                .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
        };
        Self {
            https: either("HTTPS_PROXY", "https_proxy"),
            http: either("HTTP_PROXY", "http_proxy"),
            none: either("NO_PROXY", "no_proxy"),
        }
    }
}

/// The proxy for `server` by the variables of the process.
///
/// # Errors
/// As [`of`].
pub(crate) fn to(server: &Uri) -> Result<Option<Uri>, String> {
    of(server, None, &ProxyVariables::of_process())
}

/// The proxy for `server`. As in client-go, a `proxy-url` in the kubeconfig holds whatever `NO_PROXY` says.
///
/// # Errors
/// The address is not one of a proxy; the text does not repeat it.
pub(crate) fn of(server: &Uri, configured: Option<&str>, variables: &ProxyVariables) -> Result<Option<Uri>, String> {
    let parse = |text: &str| {
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let uri: Uri = full
            .parse()
            .map_err(|_| "its proxy's address is not a URL".to_owned())?;
        match uri.scheme_str() {
            Some("http" | "https" | "socks5") => Ok(uri),
            _ => Err("its proxy must be http, https or socks5".to_owned()),
        }
    };
    if let Some(text) = configured.filter(|text| !text.is_empty()) {
        return parse(text).map(Some);
    }
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    if is_local(host)
        || variables
            .none
            .as_deref()
            .is_some_and(|list| is_excepted(host, server.port_u16(), list))
    {
        return Ok(None);
    }
    let variable = if server.scheme_str() == Some("http") {
        &variables.http
    } else {
        &variables.https
    };
    variable.as_deref().map(parse).transpose()
}

/// Addresses of this machine never go through a proxy (Go's `httpproxy` does the same).
fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_excepted(host: &str, port: Option<u16>, list: &str) -> bool {
    let ip = host.parse::<IpAddr>().ok();
    list.split([',', ' '])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            if entry == "*" {
                return true;
            }
            if let (Some(ip), Some((network, bits))) = (ip, entry.split_once('/')) {
                return in_network(ip, network, bits);
            }
            let (name, wanted_port) = match entry.rsplit_once(':') {
                Some((name, digits)) if !name.contains(':') => (name, digits.parse().ok()),
                _ => (entry, None),
            };
            if wanted_port.is_some() && wanted_port != port {
                return false;
            }
            if let (Some(ip), Ok(other)) = (ip, name.trim_matches(['[', ']']).parse::<IpAddr>()) {
                return ip == other;
            }
            let name = name
                .trim_start_matches('*')
                .trim_start_matches('.')
                .to_ascii_lowercase();
            let host = host.to_ascii_lowercase();
            host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'))
        })
}

fn in_network(ip: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    match (ip, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            a.to_bits() & mask == b.to_bits() & mask
        }
        (IpAddr::V6(a), IpAddr::V6(b)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            a.to_bits() & mask == b.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_the_configured_one_or_the_variable_unless_excepted() {
        let variables = |none: &str| ProxyVariables {
            https: Some("proxy.corp:3128".into()),
            http: None,
            none: Some(none.into()),
        };
        for (server, configured, none, proxy) in [
            ("https://k.corp:6443", None, "", Some("http://proxy.corp:3128/")),
            (
                "https://k.corp:6443",
                Some("socks5://p:1"),
                "k.corp",
                Some("socks5://p:1/"),
            ),
            ("https://k.corp:6443", None, "corp", None),
            ("https://k.corp:6443", None, ".corp", None),
            ("https://kcorp:6443", None, "corp", Some("http://proxy.corp:3128/")),
            (
                "https://k.corp:6443",
                None,
                "k.corp:443",
                Some("http://proxy.corp:3128/"),
            ),
            ("https://10.1.2.3:6443", None, "10.0.0.0/8", None),
            (
                "https://11.1.2.3:6443",
                None,
                "10.0.0.0/8",
                Some("http://proxy.corp:3128/"),
            ),
            (
                "https://k.corp:6443",
                None,
                "proxy.corp",
                Some("http://proxy.corp:3128/"),
            ),
            ("https://k.corp", None, "*", None),
            ("https://127.0.0.1:6443", None, "", None),
            ("http://k.corp", None, "", None),
        ] {
            let found = of(&server.parse().unwrap(), configured, &variables(none)).unwrap();
            assert_eq!(
                found.map(|uri| uri.to_string()).as_deref(),
                proxy,
                "{server} {configured:?} {none}"
            );
        }
    }

    #[test]
    fn a_wrong_proxy_is_not_repeated() {
        let error = of(
            &"https://k".parse().unwrap(),
            Some("ftp://user:hunter2@p"),
            &ProxyVariables::default(),
        );
        assert!(!error.unwrap_err().contains("hunter2"));
    }
}
