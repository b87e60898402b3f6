//! Jobs before a release: which are made of what, when they are waited for, when they are not run again.

use serde_json::json;

use super::*;
use crate::domain::Kind;
use crate::release::testing;

fn seen(image: &str, job: Option<Value>, template: Option<Value>) -> Seen {
    Seen {
        before: Some(Before {
            template: ("migrate".into(), template),
            job,
        }),
        ..testing::seen(
            Kind::Deployment,
            json!({
                "metadata": {"name": "live", "namespace": "gift", "uid": "u-1", "annotations": {ANNOTATION: " migrate "}},
                "spec": {"template": released(image)},
            }),
        )
    }
}

fn released(image: &str) -> Value {
    json!({"spec": {"containers": [{"name": "live", "image": image}]}})
}

fn cron_job() -> Value {
    json!({
        "metadata": {"name": "migrate", "namespace": "gift"},
        "spec": {"suspend": true, "schedule": "0 0 31 2 *", "jobTemplate": {
            "metadata": {"labels": {"team": "gift"}},
            "spec": {"backoffLimit": 0, "ttlSecondsAfterFinished": 60, "template": {"spec": {
                "restartPolicy": "Never",
                "initContainers": [{"name": "wait", "image": "r:5000/tools/wait:3"}],
                "containers": [{"name": "migrate", "image": "r:5000/gift/live:v1"}],
            }}},
        }},
    })
}

fn patch() -> Request {
    let object = json!({"metadata": {"name": "live", "namespace": "gift"}});
    let place = Place::new(Resource::of(Kind::Deployment, "v1"), &object);
    Request::new(place, Act::JsonPatch(json!([])))
}

fn requests(seen: &Seen, image: &str) -> Result<Vec<Request>, Refusal> {
    first(seen, &released(image), vec![patch()])
}

#[test]
fn the_annotation_names_it() {
    assert_eq!(wanted(&seen("x", None, None).object), Some("migrate"));
    assert_eq!(wanted(&json!({"metadata": {"annotations": {ANNOTATION: ""}}})), None);
    assert_eq!(wanted(&json!({"metadata": {}})), None);
}

#[test]
fn a_job_of_the_new_image_comes_first_and_has_to_be_complete() {
    let seen = seen("r:5000/gift/live:v1", None, Some(cron_job()));
    let made = requests(&seen, "r:5000/gift/live:v2").unwrap();
    let [job, patched] = made.as_slice() else {
        panic!("{made:?}")
    };
    let Act::Create(body) = &job.act else { panic!("{job:?}") };
    assert_eq!(job.waits, Waits::Nothing);
    assert_eq!(patched.waits, Waits::Complete(job.place.clone()));
    assert!(job.place.name.starts_with("migrate-"), "{}", job.place.name);
    assert_eq!(
        body["spec"]["template"]["spec"]["containers"][0]["image"],
        "r:5000/gift/live:v2"
    );
    let other = &body["spec"]["template"]["spec"]["initContainers"][0]["image"];
    assert_eq!(other, "r:5000/tools/wait:3", "what is of another repository stays");
    assert_eq!(body["spec"]["ttlSecondsAfterFinished"], Value::Null, "it is remembered");
    assert_eq!(body["metadata"]["labels"]["team"], "gift");
    assert_eq!(body["metadata"]["labels"][LABEL], "u-1");
    assert_eq!(body["metadata"]["ownerReferences"][0]["uid"], "u-1");
    assert_eq!(
        requests(&seen, "r:5000/gift/live:v2").unwrap(),
        made,
        "the same name for the same version"
    );
    let other = requests(&seen, "r:5000/gift/live:v3").unwrap();
    assert_ne!(other[0].place.name, job.place.name);
}

/// The job of v2 with a condition.
fn ran(condition: Option<&str>) -> Value {
    let seen = seen("live:v1", None, Some(cron_job()));
    let Act::Create(mut job) = requests(&seen, "live:v2").unwrap().remove(0).act else {
        panic!("it is not created")
    };
    if let Some(kind) = condition {
        let told = json!([
            {"type": "Suspended", "status": "False"},
            {"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"},
        ]);
        job["status"] = json!({"conditions": told});
    }
    job
}

#[test]
fn one_that_ended_well_is_not_run_again_and_one_that_goes_on_is_waited_for() {
    let of = |condition, image: &str| requests(&seen("live:v1", Some(ran(condition)), Some(cron_job())), image);
    let done = of(Some("Complete"), "live:v2").unwrap();
    assert_eq!(done, [patch()]);
    let going = of(None, "live:v2").unwrap();
    let [patched] = going.as_slice() else {
        panic!("{going:?}")
    };
    assert!(matches!(&patched.waits, Waits::Complete(place) if place.name.starts_with("migrate-")));
    let failed = of(Some("Failed"), "live:v2").unwrap_err().to_string();
    assert!(
        failed.contains("BackoffLimitExceeded: too often") && failed.contains("delete it"),
        "{failed}"
    );
    assert_eq!(
        of(Some("FailureTarget"), "live:v2").unwrap().len(),
        1,
        "it is not over yet"
    );
}

#[test]
fn without_its_template_nothing_is_released() {
    for template in [None, Some(json!({"metadata": {"name": "migrate"}}))] {
        let error = requests(&seen("live:v1", None, template), "live:v2").unwrap_err();
        assert_eq!(error, Refusal::NoJob("migrate".into()));
    }
}

#[test]
fn a_name_is_short_enough_and_of_what_it_is_for() {
    let long = name(&"migrate-".repeat(10), "u\nlive:v2");
    assert!(long.len() <= LONGEST, "{long}");
    assert_eq!(name("m", "a"), name("m", "a"));
    assert_ne!(name("m", "a"), name("m", "b"));
    assert!(!name("m-", "a").contains("--"));
}

#[test]
fn an_image_is_of_the_same_repository_however_that_is_spelt() {
    let of = |image: &str| {
        let made = requests(&seen("live:v1", None, Some(cron_job())), image).unwrap();
        let Act::Create(body) = &made[0].act else {
            panic!("{made:?}")
        };
        (created(body), of_others(&made[0]).is_some())
    };
    let mut short = cron_job();
    short["spec"]["jobTemplate"]["spec"]["template"]["spec"] = json!({"containers": [{"image": "gift/live:v1"}]});
    let seen = seen("live:v1", None, Some(short));
    let made = requests(&seen, "docker.io/gift/live:v2").unwrap();
    assert_eq!(created(made[0].act.body()), "is created of docker.io/gift/live:v2");
    assert_eq!(of_others(&made[0]), None);
    let told = "is created of r:5000/tools/wait:3, r:5000/gift/live:v2".to_owned();
    assert_eq!(of("r:5000/gift/live:v2"), (told, false));
    assert!(of("r:5001/gift/live:v2").1, "another registry has another image");
    assert_eq!(created(&json!({"kind": "ConfigMap"})), "is created");
}

#[test]
fn a_job_that_has_the_name_and_is_another_is_told() {
    let mut other = ran(Some("Complete"));
    other["metadata"]["labels"] = json!({});
    let error = requests(&seen("live:v1", Some(other), Some(cron_job())), "live:v2").unwrap_err();
    assert!(matches!(error, Refusal::JobTaken(_)), "{error}");
}
