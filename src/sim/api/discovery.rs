//! Discovery: which groups, versions and resources there are, and the paths that tell of the server itself.

use http::header::ACCEPT;
use serde_json::{Map, Value, json};

use super::super::json;
use super::super::resource::Resource;
use super::super::status::Status;
use super::super::store::Store;
use super::{Answer, metrics};

const VERBS: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const SUBRESOURCE_VERBS: [&str; 3] = ["get", "patch", "update"];

/// The resources that are asked and answered, not stored: group, plural, kind.
const REVIEWS: [(&str, &str, &str); 4] = [
    ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    (
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
    ),
    (
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
    ),
    ("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
];

/// Answers a GET of a discovery or health path; none for other paths.
pub(super) fn answer(store: &Store, parts: &http::request::Parts) -> Option<Result<Answer, Status>> {
    let path: Vec<&str> = parts.uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let accept = parts
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    let aggregated = accept.contains("as=APIGroupDiscoveryList") && accept.contains("v=v2");
    let value = match path.as_slice() {
        ["readyz" | "livez" | "healthz", ..] => return Some(Ok(Answer::Text(200, "ok".into()))),
        ["version"] => version(),
        ["api"] if aggregated => return Some(Ok(Answer::Aggregated(aggregate(store, true)))),
        ["apis"] if aggregated => return Some(Ok(Answer::Aggregated(aggregate(store, false)))),
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        ["apis"] => {
            let groups: Vec<Value> = groups(store)
                .iter()
                .filter(|group| !group.is_empty())
                .map(|group| api_group(store, group))
                .collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", group] if groups(store).iter().any(|one| one == group) => {
            let mut value = api_group(store, group);
            json::set(&mut value, &["kind"], "APIGroup");
            json::set(&mut value, &["apiVersion"], "v1");
            value
        }
        ["api", version] => resource_list(store, "", version)?,
        ["apis", group, version] => resource_list(store, group, version)?,
        ["openapi", "v3"] => openapi_index(store),
        ["openapi", "v3", "api", version] => openapi(store, "", version)?,
        ["openapi", "v3", "apis", group, version] => openapi(store, group, version)?,
        _ => return None,
    };
    Some(Ok(Answer::Json(200, value)))
}

fn version() -> Value {
    json!({"major": "1", "minor": "36", "gitVersion": "v1.36.0+simulated", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64"})
}

/// Group and version of everything served, core first, reviews last.
fn group_versions(store: &Store) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let stored = store.resources().map(AsRef::as_ref);
    let stored = stored
        .chain(metrics::served(store).iter().copied())
        .map(|resource: &Resource| (resource.group.to_string(), resource.version.to_string()));
    for group_version in stored.chain(REVIEWS.map(|(group, _, _)| (group.to_owned(), "v1".to_owned()))) {
        if !all.contains(&group_version) {
            all.push(group_version);
        }
    }
    all
}

fn groups(store: &Store) -> Vec<String> {
    let mut groups: Vec<String> = group_versions(store).into_iter().map(|(group, _)| group).collect();
    groups.dedup();
    groups
}

fn versions(store: &Store, group: &str) -> Vec<String> {
    group_versions(store)
        .into_iter()
        .filter(|(one, _)| one == group)
        .map(|(_, version)| version)
        .collect()
}

fn api_group(store: &Store, group: &str) -> Value {
    let versions = versions(store, group).into_iter();
    let versions: Vec<Value> = versions
        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    json!({"name": group, "preferredVersion": versions.first(), "versions": versions})
}

fn resources_of<'a>(store: &'a Store, group: &'a str, version: &'a str) -> impl Iterator<Item = &'a Resource> {
    let all = store.resources().map(AsRef::as_ref);
    let all = all.chain(metrics::served(store).iter().copied());
    all.filter(move |resource: &&Resource| resource.group == group && resource.version == version)
}

fn reviews_of(group: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    REVIEWS
        .into_iter()
        .filter(move |(one, _, _)| *one == group)
        .map(|(_, plural, kind)| (plural, kind))
}

/// What can be done with a resource: what is measured can only be read.
fn verbs(resource: &Resource) -> &'static [&'static str] {
    if resource.group == metrics::GROUP {
        &["get", "list"]
    } else {
        &VERBS
    }
}

fn extras(resource: &Resource) -> Map<String, Value> {
    let mut extras = Map::new();
    let short: Vec<&str> = resource
        .short_names
        .split(',')
        .filter(|name| !name.is_empty())
        .collect();
    if !short.is_empty() {
        extras.insert("shortNames".into(), short.into());
    }
    if resource.traits.all {
        extras.insert("categories".into(), json!(["all"]));
    }
    extras
}

fn subresources(resource: &Resource) -> impl Iterator<Item = &'static str> {
    let scale = resource.traits.scale.then_some("scale");
    scale.into_iter().chain(resource.traits.status.then_some("status"))
}

fn resource_list(store: &Store, group: &str, version: &str) -> Option<Value> {
    let mut resources = Vec::new();
    for resource in resources_of(store, group, version) {
        let mut entry = json!({"name": resource.plural, "singularName": resource.singular,
            "namespaced": resource.namespaced, "kind": resource.kind, "verbs": verbs(resource)});
        json::object_mut(&mut entry).append(&mut extras(resource));
        resources.push(entry);
        for subresource in subresources(resource) {
            let mut entry = json!({"name": format!("{}/{subresource}", resource.plural), "singularName": "",
                "namespaced": resource.namespaced, "kind": resource.kind, "verbs": SUBRESOURCE_VERBS});
            if subresource == "scale" {
                let scale = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
                json::object_mut(&mut entry).extend(scale.as_object().cloned().unwrap_or_default());
            }
            resources.push(entry);
        }
    }
    resources.extend(reviews_of(group).map(|(plural, kind)| {
        json!({"name": plural, "singularName": kind.to_lowercase(), "namespaced": false, "kind": kind,
            "verbs": ["create"]})
    }));
    if resources.is_empty() {
        return None;
    }
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}))
}

fn aggregate(store: &Store, core: bool) -> Value {
    let items: Vec<Value> = groups(store)
        .iter()
        .filter(|group| group.is_empty() == core)
        .map(|group| {
            let versions: Vec<Value> = versions(store, group)
                .into_iter()
                .map(|version| {
                    let resources = aggregated_resources(store, group, &version);
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            let metadata = if core { json!({}) } else { json!({"name": group}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn aggregated_resources(store: &Store, group: &str, version: &str) -> Vec<Value> {
    let kind = |kind: &str| json!({"group": group, "version": version, "kind": kind});
    let scope = |namespaced: bool| if namespaced { "Namespaced" } else { "Cluster" };
    let mut resources = Vec::new();
    for resource in resources_of(store, group, version) {
        let mut entry = json!({"resource": resource.plural, "responseKind": kind(&resource.kind),
            "scope": scope(resource.namespaced), "singularResource": resource.singular, "verbs": verbs(resource)});
        json::object_mut(&mut entry).append(&mut extras(resource));
        let below: Vec<Value> = subresources(resource)
            .map(|subresource| {
                let scale = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
                let kind = if subresource == "scale" {
                    scale
                } else {
                    kind(&resource.kind)
                };
                json!({"subresource": subresource, "responseKind": kind, "verbs": SUBRESOURCE_VERBS})
            })
            .collect();
        if !below.is_empty() {
            json::set(&mut entry, &["subresources"], below);
        }
        resources.push(entry);
    }
    resources.extend(reviews_of(group).map(|(plural, name)| {
        json!({"resource": plural, "responseKind": kind(name), "scope": "Cluster",
            "singularResource": name.to_lowercase(), "verbs": ["create"]})
    }));
    resources
}

fn openapi_index(store: &Store) -> Value {
    let mut paths = Map::new();
    for (group, version) in group_versions(store) {
        let path = if group.is_empty() {
            format!("api/{version}")
        } else {
            format!("apis/{group}/{version}")
        };
        paths.insert(
            path.clone(),
            json!({"serverRelativeURL": format!("/openapi/v3/{path}")}),
        );
    }
    json!({"paths": paths})
}

/// Just what `kubectl` looks up before it writes: that patches know `fieldValidation` and `dryRun`.
fn openapi(store: &Store, group: &str, version: &str) -> Option<Value> {
    let mut paths = Map::new();
    let root = if group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{group}/{version}")
    };
    for resource in resources_of(store, group, version) {
        let place = if resource.namespaced {
            "/namespaces/{namespace}"
        } else {
            ""
        };
        let path = format!("{root}{place}/{}/{{name}}", resource.plural);
        let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
        let kind = json!({"group": group, "version": version, "kind": resource.kind});
        let operation = json!({
            "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")],
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": kind,
        });
        paths.insert(path, json!({"patch": operation}));
    }
    let info = json!({"title": "Kubernetes", "version": "1.36"});
    (!paths.is_empty())
        .then(|| json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}))
}
