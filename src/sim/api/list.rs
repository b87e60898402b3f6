//! Lists: selectors, pages that stay consistent, and versions of the past.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::json;
use super::super::resource::Resource;
use super::super::selector::{FieldSelector, LabelSelector};
use super::super::status::{Cause, Status};
use super::super::store::{Page, Store, Stored};
use super::request::{Query, Request};

/// What a list or watch asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub(super) labels: LabelSelector,
    pub(super) fields: FieldSelector,
}

impl Selection {
    pub(super) fn of(request: &Request) -> Result<Self, Status> {
        let labels = LabelSelector::parse(request.query.get("labelSelector"))?;
        let mut fields = FieldSelector::parse(&request.resource, request.query.get("fieldSelector"))?;
        if !request.name.is_empty() {
            fields = fields.and(FieldSelector::named(&request.name));
        }
        Ok(Self { labels, fields })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        self.labels.matches(object.pointer("/metadata/labels")) && self.fields.matches(object)
    }
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) items: VecDeque<Stored>,
    pub(super) revision: u64,
    pub(super) continue_token: Option<String>,
    pub(super) remaining: Option<usize>,
}

impl Listed {
    /// The `metadata` of the list.
    pub(super) fn metadata(&self) -> Value {
        let mut metadata = json!({"resourceVersion": self.revision.to_string()});
        if let Some(token) = &self.continue_token {
            json::set(&mut metadata, &["continue"], token.clone());
        }
        if let Some(remaining) = self.remaining {
            json::set(&mut metadata, &["remainingItemCount"], remaining);
        }
        metadata
    }
}

/// Where a list goes on.
#[derive(Debug, PartialEq, Eq)]
struct Continue {
    /// 0: at what is there now.
    revision: u64,
    after: String,
    /// How many follow, where nothing is selected.
    remaining: Option<usize>,
}

impl Continue {
    fn encode(&self) -> String {
        let token = json!({"v": "meta.k8s.io/v1", "rv": self.revision, "start": self.after, "left": self.remaining});
        URL_SAFE_NO_PAD.encode(token.to_string())
    }

    fn decode(token: &str) -> Result<Self, Status> {
        let refuse = || Status::bad_request("invalid continue token: continue key is not valid");
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refuse())?;
        let token: Value = serde_json::from_slice(&bytes).map_err(|_| refuse())?;
        let revision = token.get("rv").and_then(Value::as_u64).ok_or_else(refuse)?;
        let after = json::text(&token, "/start").ok_or_else(refuse)?.to_owned();
        let remaining = token.get("left").and_then(Value::as_u64).map(|left| left as usize);
        Ok(Self {
            revision,
            after,
            remaining,
        })
    }
}

/// Reads a page.
pub(super) fn list(store: &Store, request: &Request) -> Result<Listed, Status> {
    let (query, resource) = (&request.query, &*request.resource);
    let selection = Selection::of(request)?;
    let limit = query.get("limit").parse::<usize>().unwrap_or(0);
    let from = start(store, query)?;
    let namespace = Some(request.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let revision = if from.revision == 0 {
        store.revision()
    } else {
        from.revision
    };
    let after = Some(from.after.as_str()).filter(|after| !after.is_empty());
    let page = Page {
        namespace,
        after,
        revision,
    };
    let mut found = store.page(resource, &page)?.filter(|object| selection.matches(object));
    let mut items = VecDeque::new();
    while limit == 0 || items.len() < limit {
        let Some(object) = found.next() else { break };
        items.push_back(object.clone());
    }
    let more = found.next().is_some();
    let remaining = (more && selection.is_empty()).then(|| {
        let before = from.remaining.unwrap_or_else(|| count(store, resource, &page));
        before.saturating_sub(items.len())
    });
    let continue_token = items.back().filter(|_| more).map(|last| {
        let after = Store::key(resource, last);
        Continue {
            revision,
            after,
            remaining,
        }
        .encode()
    });
    Ok(Listed {
        items,
        revision,
        continue_token,
        remaining,
    })
}

/// The token with which a list whose revision is gone may go on with what is there now.
pub(super) fn fresh_token(after: &str) -> String {
    Continue {
        revision: 0,
        after: after.to_owned(),
        remaining: None,
    }
    .encode()
}

/// The fresh token for the token of an expired list; none if that cannot be read.
pub(super) fn renew(token: &str) -> Option<String> {
    Continue::decode(token).ok().map(|token| fresh_token(&token.after))
}

/// The 410 of an expired continue token.
pub(super) fn expired_token(token: &str) -> Status {
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter, or use the continue token in this response to retrieve the remainder of the \
         results. Continuing with the provided token results in an inconsistent list - objects that were created, \
         modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
    status.continue_token = renew(token);
    status
}

fn count(store: &Store, resource: &Resource, page: &Page<'_>) -> usize {
    if page.namespace.is_none() && page.after.is_none() && page.revision == store.revision() {
        return store.count(resource);
    }
    store.page(resource, page).map_or(0, Iterator::count)
}

/// Decides at which revision and after which key the list starts.
fn start(store: &Store, query: &Query) -> Result<Continue, Status> {
    let (token, version) = (query.get("continue"), query.get("resourceVersion"));
    let matching = query.get("resourceVersionMatch");
    check_match(token, version, matching)?;
    if !token.is_empty() {
        if !matches!(version, "" | "0") {
            return Err(Status::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let from = Continue::decode(token)?;
        let expired = from.revision != 0 && (from.revision < store.compacted() || from.revision > store.revision());
        return if expired { Err(expired_token(token)) } else { Ok(from) };
    }
    let newest = Continue {
        revision: 0,
        after: String::new(),
        remaining: None,
    };
    if version.is_empty() {
        return Ok(newest);
    }
    let revision =
        parse_version(version).map_err(|why| Status::bad_request(format!("invalid resource version: {why}")))?;
    if revision > store.revision() {
        return Err(too_large(revision, store.revision()));
    }
    let exact = matching == "Exact" || (matching.is_empty() && !query.get("limit").is_empty() && revision > 0);
    if !exact {
        return Ok(newest);
    }
    if revision < store.compacted() {
        return Err(Status::expired("The resourceVersion for the provided list is too old."));
    }
    Ok(Continue { revision, ..newest })
}

fn check_match(token: &str, version: &str, matching: &str) -> Result<(), Status> {
    let field = "resourceVersionMatch";
    let forbidden = |why: &str| Err(Status::invalid_options("ListOptions", &Cause::forbidden(field, why)));
    match matching {
        "" => Ok(()),
        "Exact" | "NotOlderThan" if version.is_empty() => {
            forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided")
        }
        "Exact" | "NotOlderThan" if !token.is_empty() => {
            forbidden("resourceVersionMatch is forbidden when continue is provided")
        }
        "Exact" if version == "0" => forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""),
        "Exact" | "NotOlderThan" => Ok(()),
        other => {
            let message =
                format!("Unsupported value: \"{other}\": supported values: \"Exact\", \"NotOlderThan\", \"\"");
            let cause = Cause {
                reason: "FieldValueNotSupported",
                field: field.into(),
                message,
            };
            Err(Status::invalid_options("ListOptions", &cause))
        }
    }
}

/// Reads a `resourceVersion`.
pub(super) fn parse_version(version: &str) -> Result<u64, String> {
    version.parse().map_err(|_| {
        format!(
            "resourceVersion: Invalid value: \"{version}\": strconv.ParseUint: parsing \"{version}\": invalid syntax"
        )
    })
}

/// The 504 for a version that has not been reached.
fn too_large(wanted: u64, current: u64) -> Status {
    let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
    let mut status = Status::new(504, "Timeout", message);
    let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
    status.details = Some(json!({"causes": [cause], "retryAfterSeconds": 1}));
    status
}
