//! Where the source of an app is: what a person says now, what its workloads say, then what the configuration says.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Address, AddressError};
use crate::domain::{AppKey, Source};

/// What the configuration says of the source of apps, and of the hosts that have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// By `NAMESPACE/NAME` or `NAME`.
    pub apps: BTreeMap<String, Source>,
    /// Hosts that are reached without TLS.
    pub plain_http: BTreeSet<String>,
}

/// Why it is not known where the source of an app is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    #[error("nobody says where the source of {0} is")]
    Unsaid(AppKey),
    #[error("{app}: {error}")]
    Bad { app: AppKey, error: AddressError },
}

impl NoAddress {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Unsaid(app) => format!(
                "annotate a workload with {}=HOST/PATH, say it in [apps.\"{app}\"] of the configuration, or with --repo",
                Source::REPO
            ),
            Self::Bad { error, .. } => error.hint().into(),
        }
    }
}

impl Sources {
    /// What is known of an app of which its workloads say this.
    pub fn of(&self, app: &AppKey, annotated: &Source) -> Source {
        let (whole, name) = (self.apps.get(&app.to_string()), self.apps.get(app.name.as_str()));
        let said = [whole, name].into_iter().flatten();
        said.fold(annotated.clone(), Source::or)
    }

    /// The address of an app's repository; `asked` is what a person says now.
    ///
    /// # Errors
    /// Nobody says it, or what is said may not be used.
    pub fn address(&self, app: &AppKey, annotated: &Source, asked: Option<&str>) -> Result<Address, NoAddress> {
        let own = asked.is_some() || annotated.repo.is_none();
        let known = self.of(app, annotated);
        let said = asked.or(known.repo.as_deref());
        let said = said.ok_or_else(|| NoAddress::Unsaid(app.clone()))?;
        let bad = |error| NoAddress::Bad {
            app: app.clone(),
            error,
        };
        let address = Address::parse(said).map_err(bad)?;
        let is_plain = self.plain_http.contains(address.host.as_str());
        address.allowed(is_plain, own).map_err(bad)?;
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(repo: &str, branch: &str) -> Source {
        let said = |text: &str| (!text.is_empty()).then(|| text.into());
        Source {
            repo: said(repo),
            branch: said(branch),
            ..Source::default()
        }
    }

    fn sources() -> Sources {
        let apps = [
            ("gift/live", source("git.corp/a", "")),
            ("live", source("git.corp/b", "trunk")),
        ];
        Sources {
            apps: apps.map(|(name, source)| (name.to_owned(), source)).into(),
            plain_http: ["plain.corp".to_owned()].into(),
        }
    }

    fn app(namespace: &str) -> AppKey {
        AppKey {
            namespace: namespace.into(),
            name: "live".into(),
        }
    }

    #[test]
    fn who_says_it_first_counts() {
        let sources = sources();
        let of = |app: &AppKey, annotated: &Source, asked| {
            sources
                .address(app, annotated, asked)
                .map(|address| address.to_string())
        };
        let annotated = source("git.corp/own", "");
        assert_eq!(
            of(&app("gift"), &annotated, Some("git.corp/now")),
            Ok("git.corp/now".into())
        );
        assert_eq!(of(&app("gift"), &annotated, None), Ok("git.corp/own".into()));
        assert_eq!(of(&app("gift"), &Source::default(), None), Ok("git.corp/a".into()));
        assert_eq!(of(&app("pay"), &Source::default(), None), Ok("git.corp/b".into()));
        assert_eq!(sources.of(&app("gift"), &annotated).branch.as_deref(), Some("trunk"));
        let other = AppKey {
            namespace: "a".into(),
            name: "b".into(),
        };
        let error = of(&other, &Source::default(), None).unwrap_err();
        assert_eq!(error.to_string(), "nobody says where the source of a/b is");
    }

    #[test]
    fn a_folder_is_for_who_names_it_and_plain_http_for_hosts_that_may() {
        let sources = sources();
        let of = |said: &str, asked| sources.address(&app("x"), &source(said, ""), asked);
        assert!(
            of("/srv/x", None).is_err(),
            "a workload does not name folders of this machine"
        );
        assert!(of("git.corp/x", Some("/srv/x")).is_ok());
        assert!(of("http://git.corp/x", None).is_err());
        assert!(of("http://plain.corp/x", None).is_ok());
    }
}
