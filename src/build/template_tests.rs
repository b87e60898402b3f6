//! Templates as they ship and as people write them.

use super::*;
use crate::domain::{AppKey, ImageName};

const COMMIT_ID: &str = "c04d21b9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3b";

fn asked() -> Asked {
    Asked {
        app: AppKey {
            namespace: "gift".into(),
            name: "live-gift".into(),
        },
        commit: COMMIT_ID.into(),
        repo: "https://git.corp/gift/live.git".into(),
        reference: "main".into(),
        image: ImageName::parse("registry.corp/gift/live:v1").unwrap(),
        builder: "buildkit".into(),
        compiler: None,
        by: "dev".into(),
    }
}

fn refused(text: &str) -> String {
    let error = Template::parse("own", "own.yaml", text).unwrap_err();
    format!("{error} ({})", error.hint)
}

#[test]
fn the_shipped_templates_make_a_job_of_three_stages_by_commit() {
    for (name, _) in SHIPPED {
        let job = Template::shipped(name).unwrap().job(&asked(), 1).unwrap();
        assert_eq!(job["metadata"]["name"], "build-live-gift-c04d21b9f31c");
        assert_eq!(job["metadata"]["labels"][COMMIT], COMMIT_ID);
        assert_eq!(job["spec"]["template"]["metadata"]["labels"][BUILD_OF], "live-gift");
        assert_eq!(
            job["metadata"]["annotations"][IMAGE],
            "registry.corp/gift/live:c04d21b9f31c"
        );
        let text = job.to_string();
        assert!(!text.contains("${"), "{text}");
        let pod = &job["spec"]["template"]["spec"];
        let names =
            ["/initContainers/0", "/initContainers/1", "/containers/0"].map(|at| &pod.pointer(at).unwrap()["name"]);
        assert_eq!(names, ["clone", "compile", "package"], "{name}");
        let env = pod["initContainers"][0]["env"].as_array().unwrap();
        assert!(env.contains(&json!({"name": "REPO", "value": "https://git.corp/gift/live.git"})));
    }
}

#[test]
fn a_variable_that_there_is_not_is_told_with_its_line() {
    let text = "apiVersion: batch/v1\nkind: Job\nspec:\n  x: ${COMIT}\n";
    let told = refused(text);
    assert!(
        told.starts_with("own.yaml, line 4: there is no variable COMIT (there are APP,"),
        "{told}"
    );
    assert!(refused("a: [").contains("it is no YAML"));
    assert!(refused("kind: Pod\napiVersion: v1").contains("no Job of batch/v1"));
}

#[test]
fn a_template_whose_pods_would_count_as_instances_or_run_twice_is_refused() {
    let job = |labels: &str, policy: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nspec:\n  backoffLimit: 0\n  template:\n    metadata: {{labels: {labels}}}\n    \
             spec: {{restartPolicy: {policy}, containers: [{{name: a, image: a}}]}}\n"
        )
    };
    assert!(Template::parse("own", "own.yaml", &job("{team: x}", "Never")).is_ok());
    assert!(refused(&job("{app: \"${APP}\"}", "Never")).contains("a label of the app's"));
    assert!(refused(&job("{}", "OnFailure")).contains("failed again"));
}

#[test]
fn no_value_makes_another_document_and_none_is_read_by_the_kubelet() {
    let text = "apiVersion: batch/v1\nkind: Job\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n      restartPolicy: Never\n      \
                containers: [{name: a, image: a, args: [\"${REF} $${HOME} ${lower}\"]}]\n";
    let template = Template::parse("own", "own.yaml", text).unwrap();
    let odd = Asked {
        reference: "a\", \"privileged\": true, \"x\": \"${COMMIT}".into(),
        ..asked()
    };
    let job = template.job(&odd, 1).unwrap();
    let args = &job["spec"]["template"]["spec"]["containers"][0]["args"];
    assert_eq!(
        args[0],
        "a\", \"privileged\": true, \"x\": \"${COMMIT} ${HOME} ${lower}"
    );
    for repo in ["https://git/$(TOKEN).git", "https://git/a\nb"] {
        let odd = Asked {
            repo: repo.into(),
            ..asked()
        };
        let error = template.job(&odd, 1).unwrap_err();
        assert!(error.what.starts_with("REPO has characters"), "{error}");
    }
}

#[test]
fn a_second_try_is_another_object_of_the_same_commit() {
    let job = Template::shipped("buildah").unwrap().job(&asked(), 2).unwrap();
    assert_eq!(job["metadata"]["name"], "build-live-gift-c04d21b9f31c-2");
    assert_eq!(
        job["metadata"]["annotations"][IMAGE],
        "registry.corp/gift/live:c04d21b9f31c"
    );
}
