//! Who may what on a real cluster, with the roles that `pilothouse rbac` prints: each can do its part and no more, and
//! is told which right is missing before anything is sent.

use std::process::Output;

use k8s_openapi::api::core::v1::Event;
use k8s_openapi::api::rbac::v1::{Role as RbacRole, RoleBinding};
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use pilothouse::domain::rights::Role;

use super::app::{App, NAME, create, kubeconfig_of};
use super::relay::{Asked, Relay};
use crate::release::same::image;
use crate::support::rights::documents;

const INSTANCES: i64 = 2;

/// A user of the lab whose requests are noted on their way.
struct User<'a> {
    app: &'a App,
    relay: Relay,
    file: std::path::PathBuf,
}

impl<'a> User<'a> {
    async fn of(app: &'a App, name: &str) -> Self {
        let own = Kubeconfig::read_from(kubeconfig_of(name)).unwrap();
        let config = kube::Config::from_custom_kubeconfig(own, &KubeConfigOptions::default()).await;
        let relay = Relay::to(kube::Client::try_from(config.unwrap()).unwrap()).await;
        let file = app.home.path().join(name);
        relay.kubeconfig(&file);
        Self { app, relay, file }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        self.relay.take();
        self.app.command_by(&self.file, arguments).output().await.unwrap()
    }

    /// Runs what has to come to its end with nothing refused; what it says on the way.
    async fn does(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        let refused: Vec<Asked> = self
            .relay
            .take()
            .into_iter()
            .filter(|asked| asked.code == Some(403))
            .collect();
        assert!(
            refused.iter().all(|asked| !asked.path.contains(&self.app.namespace)),
            "{refused:?}"
        );
        said
    }

    /// Runs what is refused with these words, before any request that changes something.
    async fn is_refused(&self, arguments: &[&str], words: &str) {
        let output = self.run(arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!matches!(output.status.code(), Some(0) | None), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        let writes: Vec<Asked> = self.relay.take().into_iter().filter(Asked::is_write).collect();
        assert!(writes.is_empty(), "{writes:?}");
    }
}

/// Gives a user a role in the app's namespace, as it is printed.
async fn give(app: &App, role: Role, user: &str) {
    for document in documents(role, &["-n", &app.namespace, "--user", user]) {
        match document["kind"].as_str() {
            Some("Role") => create::<RbacRole>(&app.api(), document).await,
            _ => create::<RoleBinding>(&app.api(), document).await,
        }
    }
}

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
    assert!(told.contains("steady") && told.contains("2/2"), "{output:?}");
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
        (before + 4, "steady".into())
    );
    let events = app.api::<Event>().list(&ListParams::default()).await.unwrap();
    let ours = events.iter().filter(|event| event.reason.as_deref() == Some("Release"));
    assert_eq!(ours.count(), 4, "one for each step");
    app.delete().await;
}
