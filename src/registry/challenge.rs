//! What a registry wants to know first: the `WWW-Authenticate` of its 401 (RFC 9110 11.6.1, and the token scheme of
//! <https://distribution.github.io/distribution/spec/auth/token/>).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// How a registry wants to be told who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    /// A token is to be fetched from `realm`.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl Challenge {
    /// The first that is understood; a token before a password.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).into_iter();
        let mut found: Vec<Self> = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(schemes)
            .filter_map(|(scheme, parameters)| Self::new(&scheme, parameters))
            .collect();
        let token = found.iter().position(|challenge| *challenge != Self::Basic);
        (!found.is_empty()).then(|| found.swap_remove(token.unwrap_or(0)))
    }

    fn new(scheme: &str, parameters: Vec<(String, String)>) -> Option<Self> {
        let mut parameters: std::collections::BTreeMap<String, String> = parameters.into_iter().collect();
        match scheme {
            "basic" => Some(Self::Basic),
            "bearer" => Some(Self::Bearer {
                realm: parameters.remove("realm")?,
                service: parameters.remove("service"),
                scope: parameters.remove("scope"),
            }),
            _ => None,
        }
    }
}

/// Each scheme of a header with its parameters, names in small letters.
fn schemes(header: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = header.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
        let Some((word, after)) = rest.split_at_checked(end).filter(|(word, _)| !word.is_empty()) else {
            return found;
        };
        rest = if let Some(value) = after.trim_start().strip_prefix('=') {
            let (value, after) = value_of(value.trim_start());
            if let Some((_, parameters)) = found.last_mut() {
                parameters.push((word.to_ascii_lowercase(), value));
            }
            after
        } else {
            found.push((word.to_ascii_lowercase(), Vec::new()));
            after
        };
        rest = rest.trim_start_matches([' ', ',']);
    }
    found
}

const fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+')
}

/// A value, quoted or not, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        let (value, after) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), after);
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => break,
            '\\' => value.extend(characters.next()),
            c => value.push(c),
        }
    }
    (value, characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        Challenge::Bearer {
            realm: realm.into(),
            service: service.map(Into::into),
            scope: scope.map(Into::into),
        }
    }

    #[test]
    fn what_registries_ask_for_is_understood() {
        let hub = "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull,push\"";
        let token = bearer(
            "https://auth.docker.io/token",
            Some("registry.docker.io"),
            Some("repository:a/b:pull,push"),
        );
        for (values, expected) in [
            (&[hub][..], Some(token.clone())),
            (&["Basic realm=\"Registry Realm\""], Some(Challenge::Basic)),
            (&["basic"], Some(Challenge::Basic)),
            (&["Basic realm=\"a, b\"", hub], Some(token.clone())),
            (
                &["BEARER Realm = https://t/x , service=s"],
                Some(bearer("https://t/x", Some("s"), None)),
            ),
            (
                &["Basic realm=\"x\\\"y\", Bearer realm=\"https://t\""],
                Some(bearer("https://t", None, None)),
            ),
            (&["Negotiate abc"], None),
            (&["Bearer service=\"no realm\""], None),
            (&["=", "\"", ""], None),
            (&[], None),
        ] {
            assert_eq!(read(values), expected, "{values:?}");
        }
    }
}
