//! Credentials for registries as docker and Kubernetes write them; they stay in memory, and nothing prints them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::domain::ImageName;
use crate::domain::image::DOCKER_HUB;

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
    /// What a token is fetched with instead of the password.
    pub(super) identity: Option<String>,
}

impl fmt::Debug for Login {
    /// Says nothing of what is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// Logins by what they are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logins {
    entries: Vec<(Pattern, Login)>,
    /// Hosts whose login a helper keeps; `*`: all of them.
    helpers: Vec<String>,
}

/// A host, perhaps with `*` in its parts, and the beginning of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    host: String,
    path: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DockerConfig {
    auths: BTreeMap<String, Entry>,
    #[serde(rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(rename = "credsStore")]
    store: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

impl Logins {
    /// Reads a docker `config.json`, or the older `.dockercfg` that is only its `auths`; what cannot be read is none.
    pub fn parse(text: &[u8]) -> Self {
        let older = || serde_json::from_slice::<BTreeMap<String, Entry>>(text).unwrap_or_default();
        let mut config: DockerConfig = serde_json::from_slice(text).unwrap_or_default();
        let is_empty = config.auths.is_empty() && config.helpers.is_empty() && config.store.is_empty();
        if is_empty {
            config.auths = older();
        }
        let mut helpers: Vec<String> = config.helpers.keys().map(|key| Pattern::parse(key).host).collect();
        helpers.extend((!config.store.is_empty()).then(|| "*".to_owned()));
        let entries = config.auths.iter();
        Self {
            entries: entries
                .filter_map(|(key, entry)| Some((Pattern::parse(key), entry.login()?)))
                .collect(),
            helpers,
        }
    }

    /// Adds the others below its own.
    pub fn extend(&mut self, others: Self) {
        self.entries.extend(others.entries);
        self.helpers.extend(others.helpers);
    }

    /// Those that may be for an image, the narrowest first, as the kubelet tries them.
    pub(super) fn of(&self, image: &ImageName) -> Vec<Login> {
        let mut found: Vec<&(Pattern, Login)> =
            self.entries.iter().filter(|(pattern, _)| pattern.fits(image)).collect();
        found.sort_by_key(|(pattern, _)| (pattern.host.contains('*'), Reverse(pattern.path.len())));
        let mut logins: Vec<Login> = Vec::new();
        for (_, login) in found {
            if !logins.contains(login) {
                logins.push(login.clone());
            }
        }
        logins
    }

    /// Whether a helper keeps a login for this host.
    pub(super) fn has_helper(&self, host: &str) -> bool {
        self.helpers.iter().any(|helper| helper == "*" || helper == host)
    }
}

impl Entry {
    fn login(&self) -> Option<Login> {
        let decoded = STANDARD
            .decode(self.auth.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let (user, password) = match decoded.as_deref().and_then(|text| text.split_once(':')) {
            Some((user, password)) => (user.to_owned(), password.trim_end_matches('\0').to_owned()),
            None => (self.username.clone(), self.password.clone()),
        };
        let identity = Some(self.identitytoken.clone()).filter(|token| !token.is_empty());
        (!user.is_empty() || identity.is_some()).then_some(Login {
            user,
            password,
            identity,
        })
    }
}

impl Pattern {
    /// `https://index.docker.io/v1/`, `registry.corp:5000`, `*.corp/team`.
    fn parse(key: &str) -> Self {
        let bare = key.split_once("://").map_or(key, |(_, bare)| bare);
        let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
        let path = path.trim_end_matches('/');
        let is_version = matches!(path, "v1" | "v2");
        let host = match host {
            "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB,
            host => host,
        };
        Self {
            host: host.to_owned(),
            path: if is_version { "" } else { path }.to_owned(),
        }
    }

    fn fits(&self, image: &ImageName) -> bool {
        let split = |host: &str| match host.split_once(':') {
            Some((name, port)) => (name.to_owned(), Some(port.to_owned())),
            None => (host.to_owned(), None),
        };
        let ((name, port), (wanted, wanted_port)) = (split(&self.host), split(&image.host));
        let (parts, wanted): (Vec<&str>, Vec<&str>) = (name.split('.').collect(), wanted.split('.').collect());
        let fits = |(pattern, part): (&&str, &&str)| glob(pattern, part);
        let below = image.repository.strip_prefix(self.path.as_str());
        port == wanted_port
            && parts.len() == wanted.len()
            && parts.iter().zip(&wanted).all(fits)
            && below.is_some_and(|rest| self.path.is_empty() || rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether a part of a host is what a pattern with `*` says.
fn glob(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((before, after)) => {
            let Some(rest) = part.strip_prefix(before) else {
                return false;
            };
            let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts.any(|at| rest.get(at..).is_some_and(|rest| glob(after, rest)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(config: &str, image: &str) -> Vec<String> {
        let logins = Logins::parse(config.as_bytes()).of(&ImageName::parse(image).unwrap());
        logins
            .into_iter()
            .map(|login| format!("{}:{}", login.user, login.password))
            .collect()
    }

    #[test]
    fn the_narrowest_login_that_fits_comes_first() {
        let of = |user: &str| format!("{{\"auth\":\"{}\"}}", STANDARD.encode(format!("{user}:p:w")));
        let config = format!(
            "{{\"auths\":{{\"r.corp\":{},\"r.corp/gift\":{},\"r.corp:5000\":{},\"*.cloud.corp\":{},\"https://index.docker.io/v1/\":{}}}}}",
            of("all"),
            of("gift"),
            of("port"),
            of("glob"),
            of("hub")
        );
        for (image, expected) in [
            ("r.corp/gift/live:v1", &["gift:p:w", "all:p:w"][..]),
            ("r.corp/gifts:v1", &["all:p:w"]),
            ("r.corp:5000/gift/live", &["port:p:w"]),
            ("eu.cloud.corp/a", &["glob:p:w"]),
            ("a.eu.cloud.corp/a", &[]),
            ("nginx", &["hub:p:w"]),
            ("other.corp/a", &[]),
        ] {
            assert_eq!(users(&config, image), expected, "{image}");
        }
    }

    #[test]
    fn every_shape_of_credentials_is_read_and_none_is_told() {
        assert_eq!(
            users("{\"r.corp\":{\"username\":\"old\",\"password\":\"x\"}}", "r.corp/a"),
            ["old:x"]
        );
        assert_eq!(
            users("{\"auths\":{\"r.corp\":{\"identitytoken\":\"t\"}}}", "r.corp/a"),
            [":"]
        );
        for broken in [
            "",
            "{",
            "{\"auths\":{\"r.corp\":{\"auth\":\"%\"}}}",
            "{\"auths\":{\"r.corp\":{}}}",
            "[]",
        ] {
            assert_eq!(users(broken, "r.corp/a"), Vec::<String>::new(), "{broken}");
        }
        let logins = Logins::parse(b"{\"auths\":{\"r.corp\":{\"username\":\"u\",\"password\":\"hunter2\"}}}");
        assert!(!format!("{logins:?}").contains("hunter2"));
        let helped = Logins::parse(b"{\"credHelpers\":{\"r.corp\":\"ecr-login\"}}");
        assert!(helped.has_helper("r.corp") && !helped.has_helper("other.corp"));
        assert!(Logins::parse(b"{\"credsStore\":\"desktop\"}").has_helper("r.corp"));
    }
}
