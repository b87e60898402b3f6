//! Who may what on a real cluster, with the roles that `pilothouse rbac` prints: each can do its part and no more, and
//! is told which right is missing before anything is sent.

use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use pilothouse::domain::rights::{NEEDS, Need, Role};
use serde_json::{Value, json};

use super::app::{App, NAME, kubeconfig_of};
use super::user::{User, give};
use crate::pty::{Seen, Terminal};
use crate::release::same::image;

const INSTANCES: i64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_user_does_their_part_and_is_told_which_right_is_missing_for_more() {
    let Some(app) = App::new("rights", INSTANCES).await else {
        return;
    };
    give(&app, Role::Viewer, "viewer").await;
    give(&app, Role::Operator, "dev").await;
    let (viewer, dev, nobody) = tokio::join!(
        User::of(&app, "viewer"),
        User::of(&app, "dev"),
        User::of(&app, "nobody")
    );
    let new = image("v2");
    let start = ["release", "start", NAME, "--image", &new, "--gray", "1", "--yes"];
    let status = ["release", "status", NAME];
    let logs = ["logs", "deploy/live", "--no-follow"];
    let before = app.generation().await;
    let missing = format!("patch deployments.apps in {}", app.namespace);

    nobody.is_refused(&status, "you may not list deployments.apps in").await;
    nobody.is_refused(&start, "you may not list deployments.apps in").await;

    // Nodes are in no namespace: that they are not seen is told, and the release is.
    let output = viewer.run(&status).await;
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("stable") && told.contains("3/3"), "{output:?}");
    viewer.is_refused(&start, &missing).await;
    viewer.is_refused(&logs, "pods/log").await;
    assert_eq!(app.generation().await, before);

    dev.does(&logs).await;
    let words: [&[&str]; 4] = [
        &start,
        &["release", "grow", NAME, "--gray", "2"],
        &["release", "full", NAME],
        &["release", "offline", NAME],
    ];
    let mut said = dev.does(&[words[0], &["--wait"]].concat()).await;
    viewer.is_refused(&["release", "abort", NAME, "--yes"], &missing).await;
    for words in &words[1..] {
        said += &dev.does(&[words, &["--yes", "--wait"][..]].concat()).await;
    }
    assert!(!said.contains("is written: "), "it is noted: {said}");
    assert_eq!(
        (app.generation().await, app.phase().await),
        (before + 4, "stable".into())
    );
    let events = app.api::<Event>().list(&ListParams::default()).await.unwrap();
    let ours = events.iter().filter(|event| event.reason.as_deref() == Some("Release"));
    assert_eq!(ours.count(), 4, "one for each step");
    app.delete().await;
}

/// Whether the server says that somebody may.
async fn may(client: &kube::Client, attributes: Value) -> bool {
    let review = json!({"spec": {"resourceAttributes": attributes}});
    let review: SelfSubjectAccessReview = serde_json::from_value(review).unwrap();
    let reviews = Api::<SelfSubjectAccessReview>::all(client.clone());
    let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
    answer.status.unwrap().allowed
}

/// Holds what a user may in the app's namespace against what their role needs, right by right.
async fn has_its_rights_alone(app: &App, role: Role, client: &kube::Client) {
    for need in NEEDS.iter().filter(|need| need.is_namespaced) {
        let asked = need
            .resources
            .iter()
            .flat_map(|resource| need.verbs.iter().map(move |verb| (resource, verb)));
        for (resource, verb) in asked {
            let gives = |other: &&Need| {
                let is_it = other.group == need.group && other.resources.contains(resource);
                is_it && other.verbs.contains(verb) && other.is_namespaced && other.excess.is_none()
            };
            let given = role.needs().any(|need| gives(&need));
            let (plain, below) = resource.split_once('/').unwrap_or((resource, ""));
            let name = need.names.first().copied().unwrap_or_default();
            let attributes = json!({"verb": verb.name(), "group": need.group, "resource": plain,
                "subresource": below, "namespace": app.namespace, "name": name});
            assert_eq!(may(client, attributes.clone()).await, given, "{role:?} {attributes}");
        }
    }
}

/// A job that never begins.
fn job() -> Value {
    let container = json!({"name": "main", "image": "none", "command": ["true"]});
    json!({"metadata": {"name": "build"}, "spec": {"suspend": true,
        "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}})
}

/// The first of two people develops, the other builds.
async fn only_who_builds_makes_jobs(clients: &[kube::Client; 2], namespace: &str) {
    let made: Vec<_> = clients
        .iter()
        .map(|client| Api::<Job>::namespaced(client.clone(), namespace))
        .collect();
    let job: Job = serde_json::from_value(job()).unwrap();
    let refused = made[0]
        .create(&PostParams::default(), &job)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("cannot create resource \"jobs\""), "{refused}");
    made[1].create(&PostParams::default(), &job).await.unwrap();
    made[1].delete("build", &DeleteParams::background()).await.unwrap();
    let pods = Api::<Pod>::namespaced(clients[1].clone(), namespace);
    let pod = pods.list(&ListParams::default()).await.unwrap().items[0]
        .metadata
        .name
        .clone()
        .unwrap();
    let refused = pods
        .delete(&pod, &DeleteParams::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("cannot delete resource \"pods\""), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_develops_reads_logs_and_who_builds_makes_jobs_and_neither_releases() {
    let Some(app) = App::new("roles", INSTANCES).await else {
        return;
    };
    give(&app, Role::Developer, "viewer").await;
    give(&app, Role::Builder, "dev").await;
    let (developer, builder) = tokio::join!(User::of(&app, "viewer"), User::of(&app, "dev"));
    let (clients, before) = (
        [client_of("viewer").await, client_of("dev").await],
        app.generation().await,
    );
    let (new, namespace) = (image("v2"), &app.namespace);
    let missing = format!("patch deployments.apps in {namespace}");
    for user in [&developer, &builder] {
        let status = user.run(&["release", "status", NAME]).await;
        assert!(String::from_utf8_lossy(&status.stdout).contains("stable"), "{status:?}");
        user.does(&["logs", "deploy/live", "--no-follow"]).await;
        for step in [
            &["release", "start", NAME, "--image", &new, "--gray", "1", "--yes"][..],
            &["release", "restart", NAME, "--yes"],
            &["release", "pause", NAME, "--yes"],
        ] {
            user.is_refused(step, &missing).await;
        }
        let scale = ["scale", NAME, "+1", "--yes"];
        // What it looks at first is refused already.
        let looks = "cannot list resource \"scaledobjects\"";
        user.is_refused(&scale, looks).await;
    }
    assert_eq!(app.generation().await, before);
    for (role, client) in [Role::Developer, Role::Builder].into_iter().zip(&clients) {
        has_its_rights_alone(&app, role, client).await;
    }

    only_who_builds_makes_jobs(&clients, namespace).await;

    // On the screen what they may not do is greyed, with the right that is missing.
    let file = kubeconfig_of("viewer").display().to_string();
    let screen = tokio::task::spawn_blocking({
        let namespace = namespace.clone();
        move || {
            let mut terminal = Terminal::start(&["--kubeconfig", &file, "--context", "lab-b", "-n", &namespace]);
            terminal.resize(120, 40);
            terminal.type_bytes(b"3");
            terminal.wait_for_text("3/3");
            terminal.type_bytes(b"r");
            terminal.wait_for_text("no access: patch deployments.apps");
            terminal.see(Seen::text)
        }
    });
    println!("{}", screen.await.unwrap());
    app.delete().await;
}

/// A client in the name of a user of the lab.
async fn client_of(user: &str) -> kube::Client {
    let own = Kubeconfig::read_from(kubeconfig_of(user)).unwrap();
    let config = kube::Config::from_custom_kubeconfig(own, &KubeConfigOptions::default()).await;
    kube::Client::try_from(config.unwrap()).unwrap()
}
