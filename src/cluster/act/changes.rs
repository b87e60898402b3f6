//! What the requests of a step change, in the words in which it is shown.

use serde_json::{Value, json};

use crate::domain::Clean;
use crate::release::job;
use crate::release::plan::Seen;
use crate::release::request::{Act, Part, Request};
use crate::release::step::{Difference, differences};

/// What a request changes; of other objects than the workload with their names.
pub(super) fn changes(request: &Request, seen: &Seen, after: &Value) -> Vec<Difference> {
    let whole = |to: &str| Difference {
        place: request.about(),
        from: None,
        to: Some(to.into()),
    };
    match &request.act {
        Act::Delete(_) => vec![whole("is deleted")],
        Act::Create(made) => std::iter::once(whole(&job::created(made)))
            .chain(made_otherwise(request, seen, after))
            .collect(),
        _ if request.place.part == Part::Status => {
            let fields = request.act.body().get("status").and_then(Value::as_object);
            let told = fields.into_iter().flatten().map(|(field, value)| Difference {
                place: Clean::new(&format!("status.{field}")),
                from: seen
                    .object
                    .pointer(&format!("/status/{field}"))
                    .map(|from| Clean::new(&from.to_string())),
                to: Some(Clean::new(&value.to_string())),
            });
            told.collect()
        }
        _ if request.place.part == Part::Scale => vec![Difference {
            place: "spec.replicas".into(),
            from: Some(Clean::new(&seen.desired().to_string())),
            to: after.pointer("/spec/replicas").map(|to| Clean::new(&to.to_string())),
        }],
        _ if request.place == seen.place() => differences(&seen.object, after),
        _ => of_another(request, seen, after),
    }
}

/// What is different in the template of a twin that is created.
fn made_otherwise(request: &Request, seen: &Seen, after: &Value) -> Vec<Difference> {
    if request.place.resource != seen.resource {
        return Vec::new();
    }
    let template = |object: &Value| json!({"spec": {"template": object.pointer("/spec/template")}});
    let told = differences(&template(&seen.object), &template(after)).into_iter();
    told.map(|difference| difference.of(&request.about())).collect()
}

/// What changes in another object than the workload, place by place under its name.
fn of_another(request: &Request, seen: &Seen, after: &Value) -> Vec<Difference> {
    let name = |object: &&Value| object.pointer("/metadata/name").and_then(Value::as_str) == Some(&request.place.name);
    let before = match request.place.resource.kind {
        "ScaledObject" => seen.scaled.iter().find(name),
        "HorizontalPodAutoscaler" => seen.autoscalers.iter().find(name),
        "Deployment" => seen.twin.as_ref().filter(name),
        _ => seen.releasing.as_ref().map(|(_, rollout)| rollout).filter(name),
    };
    let about = request.about();
    let told = before.map(|before| differences(before, after)).unwrap_or_default();
    told.into_iter().map(|difference| difference.of(&about)).collect()
}
