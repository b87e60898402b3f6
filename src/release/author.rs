//! Who changed an object, and when, as the server notes it in `metadata.managedFields` (Kubernetes' server-side apply:
//! one entry a manager and operation, with the fields it owns and when it last changed one of them).

use serde_json::Value;

use crate::domain::{Clean, Timestamp};

/// Who wrote. It names the tool, as `kubectl-edit` or `argocd-controller`: the server does not keep the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    pub manager: Clean,
    pub at: Option<Timestamp>,
}

impl Author {
    /// `kubectl-rollout at 2026-11-22T16:13:07Z`
    pub fn words(&self) -> String {
        match self.at {
            Some(at) => format!(
                "{} at {}",
                self.manager,
                at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
            ),
            None => self.manager.to_string(),
        }
    }
}

/// Who changed a workload's template last.
pub fn of_template(object: &Value) -> Option<Author> {
    latest(object, |entry| entry.pointer("/fieldsV1/f:spec/f:template").is_some())
}

/// Who changed what an object should be last.
pub fn of_spec(object: &Value) -> Option<Author> {
    latest(object, |entry| entry.pointer("/fieldsV1/f:spec").is_some())
}

/// Who set an annotation last.
pub fn of_annotation(object: &Value, annotation: &str) -> Option<Author> {
    latest(object, |entry| {
        let annotations = entry.pointer("/fieldsV1/f:metadata/f:annotations");
        annotations.is_some_and(|own| own.get(format!("f:{annotation}")).is_some())
    })
}

fn latest(object: &Value, is_meant: impl Fn(&&Value) -> bool) -> Option<Author> {
    let text = |entry: &Value, field: &str| entry.get(field).and_then(Value::as_str).map(str::to_owned);
    let entries = object.pointer("/metadata/managedFields")?.as_array()?;
    let entries = entries
        .iter()
        .filter(|entry| text(entry, "subresource").as_deref() != Some("status"))
        .filter(is_meant);
    let dated = entries.map(|entry| {
        let at = text(entry, "time").and_then(|time| time.parse::<Timestamp>().ok());
        (at, entry)
    });
    let (at, entry) = dated.max_by_key(|(at, _)| *at)?;
    Some(Author {
        manager: Clean::new(&text(entry, "manager")?),
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_who_owns_a_field_of_the_template_changed_it() {
        let template =
            json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"live\"}": {"f:image": {}}}}}}});
        let entry = |manager: &str, operation: &str, time: &str, fields: &Value| {
            json!({"manager": manager, "operation": operation, "apiVersion": "apps/v1", "time": time,
                "fieldsType": "FieldsV1", "fieldsV1": fields})
        };
        let mut status = entry("kube-controller-manager", "Update", "2026-11-22T19:00:00Z", &template);
        status["subresource"] = "status".into();
        let object = json!({"metadata": {"managedFields": [
            entry("kubectl-client-side-apply", "Update", "2026-11-20T10:00:00Z", &template),
            entry("kubectl-rollout", "Update", "2026-11-22T16:13:07Z", &template),
            entry("pilothouse", "Update", "2026-11-22T16:10:00Z", &template),
            entry("kubectl\u{1b}scale", "Update", "2026-11-22T18:00:00Z", &json!({"f:spec": {"f:replicas": {}}})),
            status,
        ]}});
        let who = |author: Option<Author>| author.map(|author| author.words());
        assert_eq!(
            who(of_template(&object)).as_deref(),
            Some("kubectl-rollout at 2026-11-22T16:13:07Z")
        );
        assert_eq!(
            who(of_spec(&object)).as_deref(),
            Some("kubectl␛scale at 2026-11-22T18:00:00Z")
        );
        for none in [
            json!({}),
            json!({"metadata": {"managedFields": []}}),
            json!({"metadata": {"managedFields": [{}]}}),
        ] {
            assert_eq!(of_template(&none), None, "{none}");
        }
        let undated = json!({"metadata": {"managedFields": [{"manager": "old", "fieldsV1": template}]}});
        assert_eq!(who(of_template(&undated)).as_deref(), Some("old"));
    }
}
