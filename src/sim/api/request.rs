//! A request to the API server, taken apart: verb, resource, names and parameters.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::super::resource::Resource;
use super::super::status::Status;
use super::super::store::Store;
use super::metrics;

/// What is wanted, in the words of access rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    /// As RBAC rules spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// A request for objects.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) verb: Verb,
    pub(super) resource: Arc<Resource>,
    /// Empty: the whole cluster.
    pub(super) namespace: String,
    /// Empty: all of them.
    pub(super) name: String,
    pub(super) subresource: String,
    /// What a proxy is asked for; empty elsewhere.
    pub(super) rest: String,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The parameters after the question mark.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Self(pairs.collect())
    }

    /// A parameter's first value; empty if absent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|(key, value)| key == name && matches!(value.as_str(), "" | "1" | "true" | "True"))
    }
}

/// Undoes percent encoding; a plus is a space.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).unwrap_or(0) as u8;
                digit(bytes.next()) * 16 + digit(bytes.next())
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Finds the resource and names of a path such as `/apis/apps/v1/namespaces/shop/deployments/web/scale`.
/// `None` where no API group serves the path.
pub(super) fn route(store: &Store, parts: &http::request::Parts, body: Bytes) -> Option<Result<Request, Status>> {
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let path: Vec<String> = parts
        .uri
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .map(decode)
        .collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let (group, version, rest) = match path.as_slice() {
        // A group and version alone is discovery.
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return None,
    };
    if rest.is_empty() {
        return None;
    }
    let stored = store.resources().map(AsRef::as_ref);
    let asked = metrics::served(store).iter().copied();
    let mut of_group = stored
        .chain(asked)
        .filter(|resource| resource.group == group)
        .peekable();
    if !group.is_empty() {
        of_group.peek()?;
    }
    if !of_group.any(|resource: &Resource| resource.version == version) {
        return (!group.is_empty()).then(|| Err(Status::no_such_path()));
    }
    let (watch, rest) = match rest {
        ["watch", rest @ ..] => (true, rest),
        rest => (query.flag("watch"), rest),
    };
    let (rest, below) = split_proxy(rest);
    let Some((namespace, plural, name, subresource)) = names(rest) else {
        return Some(Err(Status::no_such_path()));
    };
    let Some(resource) = resource(store, group, version, plural) else {
        return Some(Err(Status::no_such_path()));
    };
    let misplaced = resource.namespaced == namespace.is_empty() && !(namespace.is_empty() && name.is_empty());
    if misplaced {
        return Some(Err(Status::no_such_path()));
    }
    let Some(verb) = verb(&parts.method, watch, name, resource.namespaced && namespace.is_empty()) else {
        return Some(Err(Status::method_not_allowed()));
    };
    Some(Ok(Request {
        verb,
        resource,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        subresource: subresource.to_owned(),
        rest: below,
        query,
        headers: parts.headers.clone(),
        body,
    }))
}

/// Namespace, resource, name and subresource of a path below its version; empty what it does not name.
fn names<'p>(path: &[&'p str]) -> Option<(&'p str, &'p str, &'p str, &'p str)> {
    Some(match path {
        ["namespaces", name, below @ ("status" | "finalize")] => ("", "namespaces", *name, *below),
        ["namespaces", namespace, plural] => (*namespace, *plural, "", ""),
        ["namespaces", namespace, plural, name] => (*namespace, *plural, *name, ""),
        ["namespaces", namespace, plural, name, below] => (*namespace, *plural, *name, *below),
        [plural] => ("", *plural, "", ""),
        [plural, name] => ("", *plural, *name, ""),
        [plural, name, below] => ("", *plural, *name, *below),
        _ => return None,
    })
}

/// What is stored or measured under a name.
fn resource(store: &Store, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
    let is_meant = |one: &&&Resource| one.group == group && one.version == version && one.plural == plural;
    let measured = || {
        let found = metrics::served(store).iter().find(is_meant)?;
        Some(Arc::new(Resource::clone(found)))
    };
    store.resource(group, version, plural).or_else(measured)
}

/// Splits what a proxy is asked for from the path of the proxy: nodes, pods and services have one.
fn split_proxy<'a, 'p>(path: &'a [&'p str]) -> (&'a [&'p str], String) {
    let head = match path {
        ["nodes", _, "proxy", ..] => 3,
        ["namespaces", _, "services" | "pods", _, "proxy", ..] => 5,
        _ => path.len(),
    };
    let (path, below) = path.split_at_checked(head).unwrap_or((path, &[]));
    (path, below.join("/"))
}

fn verb(method: &Method, watch: bool, name: &str, all_namespaces: bool) -> Option<Verb> {
    match (method.as_str(), name.is_empty()) {
        ("GET", _) if watch => Some(Verb::Watch),
        ("GET", true) => Some(Verb::List),
        ("GET", false) => Some(Verb::Get),
        ("POST", unnamed) if !(unnamed && all_namespaces) => Some(Verb::Create),
        ("PUT", false) => Some(Verb::Update),
        ("PATCH", false) => Some(Verb::Patch),
        ("DELETE", false) => Some(Verb::Delete),
        ("DELETE", true) if !all_namespaces => Some(Verb::DeleteCollection),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &str, uri: &str) -> String {
        let (parts, ()) = http::Request::builder()
            .method(method)
            .uri(uri)
            .body(())
            .unwrap()
            .into_parts();
        match route(&Store::new(1), &parts, Bytes::new()) {
            None => "none".into(),
            Some(Err(status)) => status.code.to_string(),
            Some(Ok(request)) => format!(
                "{} {} {}/{}/{}",
                request.verb.name(),
                request.resource.qualified(),
                request.namespace,
                request.name,
                request.subresource
            ),
        }
    }

    #[test]
    fn paths_name_resources() {
        for (method, uri, expected) in [
            ("GET", "/api/v1/pods", "list pods //"),
            ("GET", "/api/v1/pods?watch=true", "watch pods //"),
            ("GET", "/api/v1/watch/pods", "watch pods //"),
            ("GET", "/api/v1/namespaces", "list namespaces //"),
            ("GET", "/api/v1/namespaces/shop", "get namespaces /shop/"),
            (
                "PUT",
                "/api/v1/namespaces/shop/status",
                "update namespaces /shop/status",
            ),
            ("GET", "/api/v1/namespaces/shop/pods/web-1", "get pods shop/web-1/"),
            (
                "PATCH",
                "/apis/apps/v1/namespaces/shop/deployments/web/scale",
                "patch deployments.apps shop/web/scale",
            ),
            ("DELETE", "/api/v1/namespaces/shop/pods", "deletecollection pods shop//"),
            (
                "GET",
                "/api/v1/namespaces/shop/pods/web-1/log",
                "get pods shop/web-1/log",
            ),
            ("GET", "/api/v1/nodes/a/proxy/metrics/cadvisor", "get nodes /a/proxy"),
            (
                "GET",
                "/api/v1/namespaces/m/services/prometheus:9090/proxy/api/v1/query",
                "get services m/prometheus:9090/proxy",
            ),
            ("POST", "/api/v1/pods", "405"),
            ("PUT", "/api/v1/namespaces/shop/pods", "405"),
            ("GET", "/api/v1/nopes", "404"),
            ("GET", "/api/v1/namespaces/shop/nodes", "404"),
            ("GET", "/apis/nope/v1/nopes", "none"),
            ("GET", "/apis/apps/v1", "none"),
            ("GET", "/metrics", "none"),
        ] {
            assert_eq!(find(method, uri), expected, "{method} {uri}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        let query = Query::parse("labelSelector=app%3Dweb+x&watch&limit=5");
        assert_eq!(
            (query.get("labelSelector"), query.get("limit"), query.get("none")),
            ("app=web x", "5", "")
        );
        assert!(query.flag("watch") && !query.flag("limit"));
    }
}
