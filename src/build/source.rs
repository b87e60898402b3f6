//! Addresses of git repositories: which are taken, what git is told, and what may be shown of them.

use std::fmt;

use crate::domain::Clean;

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    Https,
    /// Only where the configuration allows it for the host.
    Http,
    /// Git's own, without TLS or a login; the same.
    Git,
    Ssh,
    /// A folder of this machine: only where this person named it.
    Local,
}

impl Scheme {
    /// Its name where git is told which may be used (`GIT_ALLOW_PROTOCOL`).
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Git => "git",
            Self::Ssh => "ssh",
            Self::Local => "file",
        }
    }
}

/// The address of a git repository that git may be told. It holds no password.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    pub scheme: Scheme,
    /// `HOST` or `HOST:PORT`; empty of a folder.
    pub host: Clean,
    /// The path on the host, without the slash that begins it; of a folder the whole.
    pub path: Clean,
    user: Option<Clean>,
    /// The path begins at the user's own folder on the host, as `HOST:PATH` has it.
    from_home: bool,
}

/// Why a text is no address that git is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("the repository's address is empty")]
    Empty,
    #[error("the repository's address begins with '-', or has a part that does")]
    Option,
    #[error("the repository's address has a character that no address has")]
    Character,
    #[error("the repository's address holds a password")]
    Password,
    #[error("the repository's address names a way that is not used here")]
    Way,
    #[error("the repository's address names no host and path")]
    Shape,
    #[error("the repository's address is one without TLS")]
    Plain,
    #[error("the repository's address is a folder of this machine, and it is a workload that says so")]
    Local,
}

impl AddressError {
    /// What a person can do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Password => {
                "take it out, and have it changed: others read it too; git's own credential helpers keep passwords"
            }
            Self::Plain => "use https or ssh, or say `plain_http = true` in [forges.\"HOST\"]",
            Self::Local => "say it in the configuration, in [apps.\"NAMESPACE/NAME\"], or with --repo",
            Self::Empty | Self::Option | Self::Character | Self::Way | Self::Shape => {
                "write it as HOST/PATH, https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH"
            }
        }
    }
}

impl Address {
    /// Reads an address: without a scheme it is of https, or `USER@HOST:PATH` as ssh has it, or a folder.
    ///
    /// # Errors
    /// What git could be made to run a program by, passwords, and what is no address.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.starts_with('-') {
            return Err(AddressError::Option);
        }
        // What is not plain text is neither told to git nor drawn.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) || *Clean::new(text) != *text {
            return Err(AddressError::Character);
        }
        if text.starts_with('/') {
            return Ok(Self {
                scheme: Scheme::Local,
                host: Clean::default(),
                path: text.into(),
                user: None,
                from_home: false,
            });
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let scheme = match scheme.to_ascii_lowercase().as_str() {
                "https" => Scheme::Https,
                "http" => Scheme::Http,
                "git" => Scheme::Git,
                "ssh" => Scheme::Ssh,
                _ => return Err(AddressError::Way),
            };
            let (authority, path) = rest.split_once('/').ok_or(AddressError::Shape)?;
            return Self::of(scheme, authority, path);
        }
        // `ext::COMMAND` and its like are programs that git runs.
        let before_path = text.split('/').next().unwrap_or(text);
        if before_path.contains("::") {
            return Err(AddressError::Way);
        }
        match (before_path.split_once(':'), text.split_once('/')) {
            // `HOST:PORT/PATH`
            (Some((host, port)), Some((authority, path))) if is_port(port) && !host.contains('@') => {
                Self::of(Scheme::Https, authority, path)
            }
            (Some(_), _) => {
                let (authority, path) = text.split_once(':').ok_or(AddressError::Shape)?;
                let address = Self::of(Scheme::Ssh, authority, path.trim_start_matches('/'))?;
                Ok(Self {
                    from_home: !path.starts_with('/'),
                    ..address
                })
            }
            (None, Some((host, path))) if host.contains('.') || host == "localhost" => {
                Self::of(Scheme::Https, host, path)
            }
            (None, _) => Err(AddressError::Shape),
        }
    }

    fn of(scheme: Scheme, authority: &str, path: &str) -> Result<Self, AddressError> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err(AddressError::Password);
        }
        let path = path.trim_end_matches('/');
        let begins_badly = |part: &str| part.starts_with('-');
        if begins_badly(host) || begins_badly(path) || user.is_some_and(begins_badly) {
            return Err(AddressError::Option);
        }
        let names_one = host.contains(|c: char| c.is_ascii_alphanumeric());
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        if !names_one || !host.chars().all(fits) || path.is_empty() || user.is_some_and(str::is_empty) {
            return Err(AddressError::Shape);
        }
        Ok(Self {
            scheme,
            host: host.to_ascii_lowercase().into(),
            path: path.into(),
            user: user.map(Clean::new),
            from_home: false,
        })
    }

    /// Refuses what may not be used here: no TLS where the host is not said to do without TLS, and a folder that
    /// somebody else named.
    ///
    /// # Errors
    /// It may not be used.
    pub fn allowed(&self, plain_http: bool, own: bool) -> Result<(), AddressError> {
        match self.scheme {
            Scheme::Http | Scheme::Git if !plain_http => Err(AddressError::Plain),
            Scheme::Local if !own => Err(AddressError::Local),
            _ => Ok(()),
        }
    }

    /// What git is told elsewhere, as others may read it: https without a name, which may be a token. `None`: nobody else
    /// has it.
    pub fn shared(&self) -> Option<String> {
        match self.scheme {
            Scheme::Local => None,
            Scheme::Https => Some(format!("https://{}/{}", self.host, self.path)),
            Scheme::Http | Scheme::Git => Some(self.to_string()),
            Scheme::Ssh => Some(self.url()),
        }
    }

    /// What git is told. The name before the `@` of https may be a token: it is for git alone.
    pub fn url(&self) -> String {
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        match self.scheme {
            Scheme::Local => self.path.to_string(),
            Scheme::Ssh if self.from_home => format!("{user}{}:{}", self.host, self.path),
            scheme => format!("{}://{user}{}/{}", scheme.protocol(), self.host, self.path),
        }
    }
}

impl fmt::Display for Address {
    /// What may be shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.scheme, &self.user) {
            (Scheme::Ssh, _) if self.from_home => f.write_str(&self.url()),
            (Scheme::Local, _) => write!(f, "{}", self.path),
            (Scheme::Https, _) => write!(f, "{}/{}", self.host, self.path),
            (Scheme::Http | Scheme::Git, _) => {
                write!(f, "{}://{}/{}", self.scheme.protocol(), self.host, self.path)
            }
            (Scheme::Ssh, Some(user)) => write!(f, "ssh://{user}@{}/{}", self.host, self.path),
            (Scheme::Ssh, None) => write!(f, "ssh://{}/{}", self.host, self.path),
        }
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_to_git_as_it_is_meant() {
        for (text, url) in [
            ("git.corp/gift/live-gift", "https://git.corp/gift/live-gift"),
            ("git.corp:8443/gift/live", "https://git.corp:8443/gift/live"),
            ("https://Git.Corp/gift/live.git/", "https://git.corp/gift/live.git"),
            ("http://git.corp/gift/live", "http://git.corp/gift/live"),
            ("git://git.corp/gift/live.git", "git://git.corp/gift/live.git"),
            ("git@git.corp:gift/live.git", "git@git.corp:gift/live.git"),
            ("git@git.corp:/srv/live.git", "ssh://git@git.corp/srv/live.git"),
            ("git.corp:gift/live", "git.corp:gift/live"),
            ("ssh://git@git.corp:2222/gift/live", "ssh://git@git.corp:2222/gift/live"),
            ("/srv/git/live", "/srv/git/live"),
        ] {
            assert_eq!(
                Address::parse(text).map(|address| address.url()),
                Ok(url.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_git_would_run_or_read_otherwise_is_refused() {
        for (text, why) in [
            ("", AddressError::Empty),
            ("--upload-pack=sh", AddressError::Option),
            ("ssh://-oProxyCommand=sh/x", AddressError::Option),
            ("git@-oProxyCommand=x:y", AddressError::Option),
            ("git@git.corp:-x", AddressError::Option),
            ("ext::sh -c true", AddressError::Character),
            ("ext::sh", AddressError::Way),
            ("fd::17/x", AddressError::Way),
            ("file:///etc", AddressError::Way),
            ("git.corp/a\u{1b}[2J", AddressError::Character),
            ("git.corp/a\u{202e}b", AddressError::Character),
            ("https://me:secret@git.corp/x", AddressError::Password),
            ("https://git.corp", AddressError::Shape),
            ("https://git corp/x", AddressError::Character),
            ("team/app", AddressError::Shape),
            ("./app", AddressError::Shape),
        ] {
            assert_eq!(Address::parse(text).err(), Some(why), "{text}");
        }
    }

    #[test]
    fn a_name_that_may_be_a_token_is_not_shown() {
        let address = Address::parse("https://glpat-secret@git.corp/gift/live").unwrap();
        assert_eq!(address.to_string(), "git.corp/gift/live");
        assert!(address.url().contains("glpat-secret@"), "git needs it");
        let ssh = Address::parse("git@git.corp:gift/live").unwrap();
        assert_eq!(ssh.to_string(), "git@git.corp:gift/live");
    }

    #[test]
    fn what_has_no_tls_and_folders_are_for_who_says_so() {
        for text in ["http://git.corp/x", "git://git.corp/x"] {
            let plain = Address::parse(text).unwrap();
            assert_eq!(plain.allowed(false, true), Err(AddressError::Plain));
            assert_eq!(plain.allowed(true, false), Ok(()));
            assert_eq!(plain.to_string(), text);
        }
        let folder = Address::parse("/srv/x").unwrap();
        assert_eq!(folder.allowed(true, false), Err(AddressError::Local));
        assert_eq!(folder.allowed(false, true), Ok(()));
    }
}
