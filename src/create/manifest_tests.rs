//! Tests of the objects of a new app.

use serde_json::Value;

use super::super::answers::{Asked, Field};
use super::super::ground::Label;
use super::*;

fn app(answers: &[(Field, &str)]) -> App {
    let mut asked = Asked::proposed(&Template::shipped("plain").unwrap());
    for (field, text) in [
        (Field::Name, "live"),
        (Field::Namespace, "gift"),
        (Field::Repository, "https://git.local/gift/live.git"),
        (Field::Image, "registry.local/gift/live"),
    ]
    .iter()
    .chain(answers)
    {
        asked.set(*field, text);
    }
    App::of(&asked).unwrap()
}

fn label(value: &str) -> Label {
    Label {
        key: "pilothouse.dev/location".into(),
        value: value.into(),
    }
}

fn kinds(objects: &[Value]) -> Vec<&str> {
    objects.iter().filter_map(|object| object["kind"].as_str()).collect()
}

#[test]
fn there_is_a_budget_and_an_autoscaler_only_where_they_make_sense() {
    let of = |answers: &[(Field, &str)]| {
        let objects = objects(&app(answers), &Ground::default(), &Template::shipped("plain").unwrap());
        kinds(&objects).join(" ")
    };
    assert_eq!(of(&[(Field::Min, "1"), (Field::Max, "1")]), "Deployment Service");
    assert_eq!(of(&[]), "Deployment Service PodDisruptionBudget");
    assert_eq!(
        of(&[(Field::Max, "9")]),
        "Deployment Service PodDisruptionBudget HorizontalPodAutoscaler"
    );
}

#[test]
fn a_new_app_has_no_instance_before_its_first_release_and_says_where_it_comes_from() {
    let ground = Ground {
        locations: vec!["idc-bj-a".into()],
        labels: vec![label("idc-bj-a")],
        group: None,
        exclusive: true,
    };
    let owned = app(&[(Field::Owner, "gift team"), (Field::Min, "3"), (Field::Max, "9")]);
    let objects = objects(&owned, &ground, &Template::shipped("java").unwrap());
    let deployment = &objects[0];
    assert_eq!(deployment["spec"]["replicas"], 0);
    let said = &deployment["metadata"]["annotations"];
    for (key, value) in [
        ("repo", "https://git.local/gift/live.git"),
        ("branch", "main"),
        ("builder", "buildkit"),
        ("image", "registry.local/gift/live"),
        ("owner", "gift team"),
        ("location", "idc-bj-a"),
        ("min-instances", "3"),
        ("max-instances", "9"),
    ] {
        assert_eq!(said[format!("pilothouse.dev/{key}")], value, "{key}");
    }
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["nodeSelector"]["pilothouse.dev/location"], "idc-bj-a");
    assert_eq!(pod["tolerations"][0]["value"], "live");
    assert_eq!(
        pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1],
        "/app/stop.sh"
    );
    let env = pod["containers"][0]["env"].as_array().unwrap();
    assert!(
        env.iter().any(|one| one["name"] == "JAVA_TOOL_OPTIONS"),
        "the template's own is there"
    );
    assert!(env.iter().any(|one| one["name"] == "POD_IP"), "and what every app has");
    assert!(!deployment.to_string().contains("hostIP"));
}

#[test]
fn one_location_is_a_selector_and_several_are_alternatives_also_for_headroom() {
    let app = app(&[]);
    let mut ground = Ground {
        locations: vec!["a".into(), "b".into()],
        labels: vec![label("a"), label("b")],
        ..Ground::default()
    };
    let spec = |ground: &Ground| pod(&app, ground);
    let terms = "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    let several = spec(&ground);
    assert_eq!(
        several.pointer(&format!("{terms}/0/matchExpressions/0/values")),
        Some(&json!(["a", "b"]))
    );
    assert_eq!(several.get("nodeSelector"), None);
    let shape = ground.shape(&app);
    assert_eq!((shape.node_selector.len(), shape.node_affinity.len()), (0, 1));
    assert!(
        shape.node_affinity[0].labels[0].matches(Some("b")) && !shape.node_affinity[0].labels[0].matches(Some("c"))
    );
    ground.labels.pop();
    assert_eq!(spec(&ground)["nodeSelector"]["pilothouse.dev/location"], "a");
    let shape = ground.shape(&app);
    assert_eq!((shape.node_selector.len(), shape.node_affinity.len()), (1, 0));
    assert_eq!(shape.requests, app.resources);
    assert_eq!(spec(&Ground::default()).get("nodeSelector"), None);
}

#[test]
fn the_service_selects_by_fewer_labels_than_the_deployment_so_that_gray_instances_can_be_beside() {
    let objects = objects(&app(&[]), &Ground::default(), &Template::shipped("plain").unwrap());
    let selects = objects[0]["spec"]["selector"]["matchLabels"].as_object().unwrap();
    let serves = objects[1]["spec"]["selector"].as_object().unwrap();
    assert!(serves.len() < selects.len() && serves.iter().all(|(key, value)| selects.get(key) == Some(value)));
}
