//! An answer of a registry, and what its headers say.

use std::time::Duration;

use bytes::Bytes;
use http::header::{LINK, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode, Uri};

/// Longest wait that is told.
const LONGEST_WAIT: u64 = 24 * 3600;

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Seconds of `Retry-After`; dates and nonsense are none.
    pub(super) fn wait(&self) -> Option<Duration> {
        let seconds: u64 = self.header(RETRY_AFTER.as_str())?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
    }

    /// Where it is to be asked instead, of an answer that came from `asked`.
    pub(super) fn elsewhere(&self, asked: &Uri) -> Option<Uri> {
        let location = self
            .header(LOCATION.as_str())
            .filter(|_| self.status.is_redirection())?;
        joined(asked, location)
    }

    /// The path of the next page (RFC 8288 `rel="next"`). It is of the same server, whatever the link says.
    pub(super) fn next_page(&self) -> Option<String> {
        let links = self
            .headers
            .get_all(LINK)
            .into_iter()
            .filter_map(|link| link.to_str().ok());
        let mut links = links.flat_map(|links| links.split(", "));
        links.find_map(|link| {
            let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
            let is_next = parameters
                .split(';')
                .any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
            let target: Uri = target.parse().ok().filter(|_| is_next)?;
            target.path_and_query().map(ToString::to_string)
        })
    }
}

fn joined(base: &Uri, location: &str) -> Option<Uri> {
    let uri: Uri = location.parse().ok()?;
    if uri.authority().is_some() {
        return Some(uri);
    }
    let mut parts = uri.into_parts();
    parts.scheme = base.scheme().cloned();
    parts.authority = base.authority().cloned();
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str, status: u16) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Bytes::new(),
        }
    }

    #[test]
    fn the_next_page_is_of_the_same_server() {
        for (link, path) in [
            (
                "</v2/a/tags/list?last=v1&n=2>; rel=\"next\"",
                Some("/v2/a/tags/list?last=v1&n=2"),
            ),
            (
                "<https://evil/v2/a/tags/list?n=2>; rel=next",
                Some("/v2/a/tags/list?n=2"),
            ),
            ("</x>; rel=\"prev\", </y>; rel=\"next\"", Some("/y")),
            ("</x>; rel=\"prev\"", None),
            ("/x", None),
        ] {
            assert_eq!(with("link", link, 200).next_page().as_deref(), path, "{link}");
        }
    }

    #[test]
    fn a_redirection_says_where_and_a_limit_how_long() {
        let base: Uri = "https://r.corp/v2/a/blobs/x".parse().unwrap();
        for (location, status, elsewhere) in [
            ("https://s3.corp/x?sig=1", 307, Some("https://s3.corp/x?sig=1")),
            ("/other", 302, Some("https://r.corp/other")),
            ("/other", 200, None),
        ] {
            let found = with("location", location, status)
                .elsewhere(&base)
                .map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), elsewhere, "{location}");
        }
        for (text, seconds) in [
            ("30", Some(30)),
            ("99999999", Some(86400)),
            ("-1", None),
            ("soon", None),
        ] {
            let wait = with("retry-after", text, 429).wait();
            assert_eq!(wait, seconds.map(Duration::from_secs), "{text}");
        }
    }
}
