//! Reviews: requests that ask who one is and what one may do, answered and not stored.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::json;
use super::super::status::Status;
use super::super::store::Store;
use super::Answer;
use super::access::{Attributes, Identity};
use super::wire;

/// Answers a POST to one of the review resources; none for other paths.
pub(super) fn answer(
    store: &Store,
    parts: &http::request::Parts,
    body: &Bytes,
    who: &Identity,
) -> Option<Result<Answer, Status>> {
    let (group, path) = parts.uri.path().strip_prefix("/apis/")?.split_once("/v1/")?;
    let plural = path.rsplit('/').next()?;
    let review: fn(&Store, &Value, &Identity) -> (&'static str, Value) = match (group, plural) {
        ("authorization.k8s.io", "selfsubjectaccessreviews") => self_access,
        ("authorization.k8s.io", "selfsubjectrulesreviews") => rules,
        ("authorization.k8s.io", "subjectaccessreviews" | "localsubjectaccessreviews") => access,
        ("authentication.k8s.io", "selfsubjectreviews") => identity,
        _ => return None,
    };
    if parts.method != http::Method::POST {
        return Some(Err(Status::method_not_allowed()));
    }
    let asked = wire::review(plural, body).map_or_else(|| serde_json::from_slice::<Value>(body), Ok);
    Some(match asked {
        Err(error) => Err(Status::bad_request(format!(
            "the object provided is unrecognized: {error}"
        ))),
        Ok(asked) => {
            let (kind, status) = review(store, &asked, who);
            let mut answer = json!({"kind": kind, "apiVersion": format!("{group}/v1"), "metadata": {}});
            json::set(
                &mut answer,
                &["spec"],
                asked.get("spec").cloned().unwrap_or_else(|| json!({})),
            );
            json::set(&mut answer, &["status"], status);
            Ok(Answer::Json(201, answer))
        }
    })
}

fn self_access(store: &Store, asked: &Value, who: &Identity) -> (&'static str, Value) {
    ("SelfSubjectAccessReview", decide(store, asked, who))
}

fn access(store: &Store, asked: &Value, _: &Identity) -> (&'static str, Value) {
    let groups = json::array(asked, "/spec/groups")
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned);
    let user = json::text(asked, "/spec/user").unwrap_or_default().to_owned();
    let who = Identity {
        user,
        groups: groups.collect(),
    };
    ("SubjectAccessReview", decide(store, asked, &who))
}

fn decide(store: &Store, asked: &Value, who: &Identity) -> Value {
    let allowed = match asked.pointer("/spec/resourceAttributes") {
        Some(attributes) => who.may(store, &Attributes::of_review(attributes)),
        // Paths beside the objects are open to everybody here.
        None => true,
    };
    json!({"allowed": allowed})
}

fn rules(store: &Store, asked: &Value, who: &Identity) -> (&'static str, Value) {
    let namespace = json::text(asked, "/spec/namespace").unwrap_or_default();
    let mut rules = vec![
        json!({"verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]}),
        json!({"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]}),
    ];
    if who.groups.iter().any(|group| group == "system:masters") {
        rules.push(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}));
    }
    rules.append(&mut who.rules(store, namespace));
    let paths = json!([{"verbs": ["get"], "nonResourceURLs": ["*"]}]);
    let status = json!({"resourceRules": rules, "nonResourceRules": paths, "incomplete": false});
    ("SelfSubjectRulesReview", status)
}

fn identity(_: &Store, _: &Value, who: &Identity) -> (&'static str, Value) {
    (
        "SelfSubjectReview",
        json!({"userInfo": {"username": who.user, "groups": who.groups}}),
    )
}
