//! Controllers that release a workload by themselves: Kruise Rollouts, Flagger, and Argo's where a Rollout of theirs takes
//! its template from the workload. Where one of them has it, a native
//! release would be undone or fought over, so it is refused with the reason (`research/release.md` 3).

use serde_json::{Value, json};

use super::argo::{Form, To, Write};
use crate::domain::Driver;

/// Who else releases a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Driven {
    pub by: Driver,
    /// Name of its Rollout or Canary.
    pub name: String,
}

/// Why a native release is refused: `Flagger (Canary live) releases it: publish there, for …`
pub fn refusal(by: Driver, name: Option<&str>) -> String {
    let (kind, why) = match by {
        Driver::KruiseRollouts => (
            "Rollout",
            "its webhook pauses the workload at every change and rewrites its strategy",
        ),
        Driver::Flagger => (
            "Canary",
            "its canary serves nothing at rest, and Flagger alone writes the primary that serves",
        ),
        Driver::ArgoRollouts => (
            "Rollout",
            "whatever changes this template goes through the Rollout's steps: promote, abort or roll out the Rollout",
        ),
    };
    let name = name.map_or_else(String::new, |name| format!(" ({kind} {name})"));
    format!("{}{name} releases it: publish there, for {why}", by.name())
}

/// What may release workloads in a namespace.
#[derive(Clone, Copy, Debug, Default)]
pub struct Releasing<'a> {
    /// Kruise's Rollouts.
    pub rollouts: &'a [Value],
    /// Flagger's Canaries.
    pub canaries: &'a [Value],
    /// Argo's Rollouts.
    pub argo: &'a [Value],
}

/// Looks for what releases a workload among what may in its namespace.
pub fn of(kind: &str, name: &str, all: Releasing<'_>) -> Option<Driven> {
    // v1alpha1 has the reference one level deeper.
    let by = |objects: &[Value], places: &[&str]| {
        let found = objects.iter().find(|object| {
            let mut places = places.iter().filter_map(|place| object.pointer(place));
            places.any(|to| text(to, "kind") == Some(kind) && text(to, "name") == Some(name))
        })?;
        found.pointer("/metadata/name")?.as_str().map(str::to_owned)
    };
    let found = [
        (
            Driver::KruiseRollouts,
            all.rollouts,
            &["/spec/workloadRef", "/spec/objectRef/workloadRef"][..],
        ),
        (Driver::Flagger, all.canaries, &["/spec/targetRef"]),
        (Driver::ArgoRollouts, all.argo, &["/spec/workloadRef"]),
    ];
    found
        .into_iter()
        .find_map(|(driver, objects, places)| by(objects, places).map(|name| Driven { by: driver, name }))
}

/// Approves the step that a Kruise Rollout is paused at, as its own tool does; `None` where it is not paused at one.
pub fn approve(rollout: &Value) -> Option<Write> {
    let field = ["canaryStatus", "blueGreenStatus"].into_iter().find(|field| {
        let state = rollout.pointer(&format!("/status/{field}/currentStepState"));
        state.and_then(Value::as_str) == Some("StepPaused")
    })?;
    let mut status = serde_json::Map::new();
    status.insert(field.into(), json!({"currentStepState": "StepReady"}));
    Some(Write {
        to: To::Status,
        form: Form::Merge,
        body: json!({"status": status}),
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_controller_s_workload_is_recognised_with_the_reason() {
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "live"});
        let rollout = json!({"metadata": {"name": "r"}, "spec": {"workloadRef": target}});
        let older = json!({"metadata": {"name": "r"}, "spec": {"objectRef": {"workloadRef": target}}});
        let canary = json!({"metadata": {"name": "c"}, "spec": {"targetRef": target}});
        for (rollouts, canaries, argo, by) in [
            (
                vec![rollout.clone()],
                vec![],
                vec![],
                Some((Driver::KruiseRollouts, "r")),
            ),
            (vec![older], vec![], vec![], Some((Driver::KruiseRollouts, "r"))),
            (vec![], vec![canary.clone()], vec![], Some((Driver::Flagger, "c"))),
            (vec![], vec![], vec![rollout], Some((Driver::ArgoRollouts, "r"))),
            (vec![], vec![], vec![], None),
        ] {
            let all = Releasing {
                rollouts: &rollouts,
                canaries: &canaries,
                argo: &argo,
            };
            let found = of("Deployment", "live", all);
            assert_eq!(found.as_ref().map(|d| (d.by, d.name.as_str())), by);
        }
        let words = refusal(Driver::Flagger, Some("c"));
        assert!(
            words.starts_with("Flagger (Canary c) releases it: publish there, for its canary"),
            "{words}"
        );
        let other = Releasing {
            canaries: &[canary],
            ..Releasing::default()
        };
        assert_eq!(of("Deployment", "other", other), None);
        let words = refusal(Driver::ArgoRollouts, Some("r"));
        assert!(
            words.starts_with(
                "Argo Rollouts (Rollout r) releases it: publish there, for whatever changes this template"
            ),
            "{words}"
        );
    }

    #[test]
    fn a_step_is_approved_only_while_it_is_paused() {
        let at = |field: &str, state: &str| {
            let mut status = serde_json::Map::new();
            status.insert(field.into(), json!({"currentStepState": state}));
            json!({"status": status})
        };
        for field in ["canaryStatus", "blueGreenStatus"] {
            let write = approve(&at(field, "StepPaused")).unwrap();
            assert_eq!(
                (write.to, write.form, write.body),
                (To::Status, Form::Merge, at(field, "StepReady"))
            );
            assert_eq!(approve(&at(field, "StepUpgrade")), None);
        }
        assert_eq!(approve(&json!({})), None);
    }
}
