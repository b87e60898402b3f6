//! Who asks, and what the cluster's RBAC objects let them do.

use http::HeaderMap;
use serde_json::Value;

use super::super::json;
use super::super::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES};
use super::super::status::Status;
use super::super::store::Store;
use super::request::Request;

/// A user and their groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub user: String,
    pub groups: Vec<String>,
}

/// Its members may do everything.
const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";

impl Default for Identity {
    fn default() -> Self {
        Self {
            user: "admin".into(),
            groups: vec![MASTERS.into(), AUTHENTICATED.into()],
        }
    }
}

impl Identity {
    /// A user without rights but for those that RBAC objects bind.
    pub fn user(name: &str) -> Self {
        Self {
            user: name.to_owned(),
            groups: vec![AUTHENTICATED.into()],
        }
    }

    /// Who a request speaks for.
    pub(super) fn of(headers: &HeaderMap, default: Self) -> Self {
        let Some(user) = headers.get("impersonate-user").and_then(|user| user.to_str().ok()) else {
            return default;
        };
        let groups = headers
            .get_all("impersonate-group")
            .iter()
            .filter_map(|group| group.to_str().ok());
        let mut groups: Vec<String> = groups.map(str::to_owned).collect();
        groups.push(AUTHENTICATED.into());
        Self {
            user: user.to_owned(),
            groups,
        }
    }

    /// Whether the cluster's roles and bindings allow it.
    pub(super) fn may(&self, store: &Store, attributes: &Attributes) -> bool {
        self.groups.iter().any(|group| group == MASTERS)
            || self
                .rules(store, &attributes.namespace)
                .iter()
                .any(|rule| attributes.allowed_by(rule))
    }

    /// The rules that apply to the user in a namespace, and in the whole cluster.
    pub(super) fn rules(&self, store: &Store, namespace: &str) -> Vec<Value> {
        let cluster = store.list(&CLUSTER_ROLE_BINDINGS);
        let local = store
            .list_in(&ROLE_BINDINGS, namespace)
            .filter(|_| !namespace.is_empty());
        let mut rules = Vec::new();
        for binding in cluster.chain(local).filter(|binding| self.is_bound(binding)) {
            let name = json::text(binding, "/roleRef/name").unwrap_or_default();
            let role = match json::text(binding, "/roleRef/kind") {
                Some("ClusterRole") => store.get(&CLUSTER_ROLES, "", name),
                _ => store.get(&ROLES, json::meta(binding, "namespace"), name),
            };
            rules.extend(role.into_iter().flat_map(|role| json::array(role, "/rules")).cloned());
        }
        rules
    }

    fn is_bound(&self, binding: &Value) -> bool {
        json::array(binding, "/subjects").iter().any(|subject| {
            let name = json::text(subject, "/name").unwrap_or_default();
            match json::text(subject, "/kind") {
                Some("User") => name == self.user,
                Some("Group") => self.groups.iter().any(|group| group == name),
                Some("ServiceAccount") => {
                    let namespace = json::text(subject, "/namespace").unwrap_or_default();
                    self.user == format!("system:serviceaccount:{namespace}:{name}")
                }
                _ => false,
            }
        })
    }
}

/// What somebody wants to do, as access rules see it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Attributes {
    pub(super) verb: String,
    pub(super) group: String,
    /// With the subresource: `deployments/scale`.
    pub(super) resource: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Attributes {
    pub(super) fn of(request: &Request) -> Self {
        let plural = &request.resource.plural;
        // A namespace's own requests are judged inside it.
        let namespaces = plural == "namespaces";
        let namespace = if namespaces { &request.name } else { &request.namespace };
        Self {
            verb: request.verb.name().to_owned(),
            group: request.resource.group.to_string(),
            resource: match request.subresource.as_str() {
                "" => plural.to_string(),
                subresource => format!("{plural}/{subresource}"),
            },
            namespace: namespace.clone(),
            name: request.name.clone(),
        }
    }

    /// The attributes of an access review.
    pub(super) fn of_review(attributes: &Value) -> Self {
        let text = |field: &str| {
            attributes
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let resource = match text("subresource").as_str() {
            "" => text("resource"),
            subresource => format!("{}/{subresource}", text("resource")),
        };
        Self {
            verb: text("verb"),
            group: text("group"),
            resource,
            namespace: text("namespace"),
            name: text("name"),
        }
    }

    fn allowed_by(&self, rule: &Value) -> bool {
        let holds = |field: &str, wanted: &str| {
            let values = rule
                .get(field)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str);
            values.into_iter().any(|value| value == "*" || value == wanted)
        };
        let subresource = self
            .resource
            .split_once('/')
            .map(|(_, subresource)| format!("*/{subresource}"));
        let names = json::array(rule, "/resourceNames");
        holds("verbs", &self.verb)
            && holds("apiGroups", &self.group)
            && (holds("resources", &self.resource) || subresource.is_some_and(|any| holds("resources", &any)))
            && (names.is_empty() || names.iter().any(|name| *name == *self.name))
    }
}

/// The 403 for somebody who may not.
pub(super) fn refusal(who: &Identity, request: &Request) -> Status {
    let wanted = Attributes::of(request);
    let place = match wanted.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace \"{namespace}\""),
    };
    let why = format!(
        "User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {place}",
        who.user, wanted.verb, wanted.resource, wanted.group
    );
    Status::forbidden(&request.resource, &request.name, &why)
}
