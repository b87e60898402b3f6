//! From nothing to running on a real cluster: a new app, its first commit built by a Job, gray, full, offline; a commit
//! that breaks at start, seen and aborted; a third; and back to the first without a build. What an instance itself
//! answers proves its version. Only with `PILOTHOUSE_TEST_KUBECONFIG` and `PILOTHOUSE_TEST_LAB`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use serde_json::{Value, json};

use crate::real::{client, kubeconfig, lab};

/// Ends well: serves what build.sh made.
const SERVES: &str = "exec httpd -f -p 8080 -h /app/www";
/// Ends at once.
const BREAKS: &str = "echo 'boom: no database' >&2; exit 3";
/// Where the lab's registry and git server listen for cluster a.
const HOST: &str = "10.99.0.1";
const PATIENCE: Duration = Duration::from_mins(2);

/// One app, its repository and what this test wrote.
struct Site {
    folder: tempfile::TempDir,
    namespace: String,
    /// The bare repository that the lab's git server serves.
    bare: PathBuf,
    pods: Api<Pod>,
}

fn succeeded(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {err}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Site {
    async fn new() -> Option<Self> {
        lab(&["registry", "a"]).await?;
        let served = lab(&["git", "a"]).await?;
        let namespace = format!("build-{}", std::process::id());
        let client = client("lab-a").await;
        let object = serde_json::from_value(json!({"metadata": {"name": namespace}})).unwrap();
        let namespaces = Api::<Namespace>::all(client.clone());
        namespaces.create(&PostParams::default(), &object).await.unwrap();
        let repositories = served.trim().rsplit(' ').next().unwrap();
        let site = Self {
            folder: tempfile::tempdir().unwrap(),
            bare: Path::new(repositories).join(format!("{namespace}.git")),
            pods: Api::namespaced(client, &namespace),
            namespace,
        };
        let config = site.path("config");
        std::fs::create_dir_all(config.join("builders")).unwrap();
        std::fs::write(config.join("builders/lab.yaml"), include_str!("real_build/lab.yaml")).unwrap();
        let sections =
            format!("[registries.\"{HOST}:5000\"]\nplain_http = true\n[forges.\"{HOST}\"]\nplain_http = true\n");
        std::fs::write(config.join("config.toml"), sections).unwrap();
        succeeded(
            Command::new("git")
                .args(["init", "-q", "--bare", "-b", "main"])
                .arg(&site.bare),
        );
        site.push_base(Path::new(&kubeconfig().unwrap()).parent().unwrap());
        Some(site)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The image that Dockerfiles begin with: the lab's busybox.
    fn push_base(&self, lab: &Path) {
        let buildah = |arguments: &[&str]| {
            let mut command = Command::new("buildah");
            command
                .args(["--storage-driver", "vfs", "--root"])
                .arg(self.path("root"));
            succeeded(command.arg("--runroot").arg(self.path("run")).args(arguments))
        };
        let archive = format!("docker-archive:{}", lab.join("busybox.tar").display());
        buildah(&["pull", "-q", &archive]);
        let there = format!("docker://{HOST}:5000/base/busybox:lab");
        buildah(&[
            "push",
            "-q",
            "--tls-verify=false",
            "docker.io/library/busybox:lab",
            &there,
        ]);
    }

    fn pilothouse(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_pilothouse"))
            .arg("--kubeconfig")
            .arg(kubeconfig().unwrap())
            .arg("--config")
            .arg(self.path("config/config.toml"))
            .args(["--context", "lab-a", "-n", &self.namespace])
            .args(arguments)
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs it, and gives what it prints where it ends as it should.
    fn run(&self, code: i32, arguments: &[&str]) -> String {
        let (out, err) = self.ran(code, arguments);
        out + &err
    }

    /// The same, what it prints apart from what it tells.
    fn ran(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.pilothouse(arguments);
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        (out, err)
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        let person = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
        succeeded(command.arg("-C").arg(self.path("thanks")).args(person).args(arguments))
    }

    /// Commits and pushes a version whose `run` is this; gives the commit.
    fn commit(&self, version: &str, run: &str) -> String {
        let source = self.path("thanks");
        std::fs::write(source.join("run"), format!("#!/bin/sh\n{run}\n")).unwrap();
        let build = format!(
            "#!/bin/sh\nset -eu\nrm -rf out; mkdir -p out/www\ncp run out/run; chmod 755 out/run\n\
             echo {version} > out/www/version; echo ok > out/www/healthz\n"
        );
        std::fs::write(source.join("build.sh"), build).unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", version]);
        self.git(&["push", "-q", &self.bare.display().to_string(), "HEAD:main"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Builds a commit; gives the digest of its image.
    fn build(&self, commit: &str) -> String {
        let asked = ["build", "thanks", "--commit", commit, "--yes", "--wait", "-o", "json"];
        let (told, _) = self.ran(0, &asked);
        let built: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"));
        let item = &built["items"][0];
        let names: Vec<_> = item["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["name"].clone())
            .collect();
        assert_eq!(names, ["clone", "compile", "package", "push"], "{item}");
        let digest = item["digest"].as_str().unwrap_or_else(|| panic!("{item}"));
        assert!(digest.starts_with("sha256:"), "{digest}");
        digest.to_owned()
    }

    fn step(&self, code: i32, step: &[&str]) -> String {
        let arguments = ["release", step[0], "thanks"]
            .into_iter()
            .chain(step[1..].iter().copied());
        let arguments: Vec<_> = arguments.chain(["--yes", "--wait"]).collect();
        self.run(code, &arguments)
    }

    /// What the instances are asked to run.
    async fn images(&self) -> Vec<String> {
        let selector = ListParams::default().labels("app.kubernetes.io/name=thanks");
        let pods = self.pods.list(&selector).await.unwrap().items;
        let going = |pod: &Pod| pod.metadata.deletion_timestamp.is_some();
        let specs = pods.into_iter().filter(|pod| !going(pod)).filter_map(|pod| pod.spec);
        specs
            .filter_map(|spec| spec.containers.into_iter().next()?.image)
            .collect()
    }

    /// What the instances that are ready answer themselves, in order.
    async fn versions(&self) -> Vec<String> {
        let selector = ListParams::default().labels("app.kubernetes.io/name=thanks");
        let ready = |pod: &Pod| {
            let status = pod.status.as_ref()?;
            let is_ready = status
                .conditions
                .iter()
                .flatten()
                .any(|c| c.type_ == "Ready" && c.status == "True");
            let is_going = pod.metadata.deletion_timestamp.is_some();
            status.pod_ip.clone().filter(|_| is_ready && !is_going)
        };
        let pods = self.pods.list(&selector).await.unwrap().items;
        let addresses = pods.iter().filter_map(ready);
        let mut answers: Vec<_> = addresses
            .map(|ip| succeeded(Command::new("curl").args(["-sf", "-m", "5", &format!("http://{ip}:8080/version")])))
            .collect();
        answers.sort();
        answers
    }

    /// Waits until the instances answer so.
    async fn answer(&self, expected: &[&str]) {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.versions().await;
            if found == expected {
                return;
            }
            assert!(Instant::now() < end, "{found:?} in place of {expected:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_a_commit_to_instances_and_from_nothing_to_an_app() {
    let Some(site) = Site::new().await else { return };
    let repository = format!("git://{HOST}/{}.git", site.namespace);
    let image = format!("{HOST}:5000/{}/thanks", site.namespace);
    let folder = site.path("thanks").display().to_string();
    let new = format!(
        "new thanks --template plain --repo {repository} --image {image} --builder lab --branch main --min 3 \
         --cpu 20m --memory 32Mi --to {folder} --apply --yes"
    );
    site.run(0, &new.split_whitespace().collect::<Vec<_>>());
    succeeded(Command::new("git").args(["init", "-q", "-b", "main", &folder]));

    let first = site.commit("1", SERVES);
    let listed = site.run(0, &["commits", "thanks", "-o", "json"]);
    assert!(listed.contains(&first), "{listed}");
    let digest = site.build(&first);
    site.step(0, &["start", "--commit", &first, "--gray", "1"]);
    site.answer(&["1"]).await;
    site.step(0, &["full"]);
    site.step(0, &["offline"]);
    site.answer(&["1", "1", "1"]).await;
    let images = site.images().await;
    assert_eq!(images.len(), 3);
    let by_digest = |image: &String| image.ends_with(&digest);
    assert!(images.iter().all(by_digest), "{images:?} in place of {digest}");

    let second = site.commit("2", BREAKS);
    site.build(&second);
    let told = site.step(1, &["start", "--commit", &second, "--gray", "1"]);
    assert!(told.contains("exit 3"), "{told}");
    assert!(told.contains("boom: no database"), "the last lines of its log: {told}");
    site.answer(&["1", "1", "1"]).await;
    site.step(0, &["abort"]);
    site.answer(&["1", "1", "1"]).await;

    let third = site.commit("3", SERVES);
    site.build(&third);
    site.step(0, &["start", "--commit", &third, "--gray", "1"]);
    site.answer(&["1", "1", "1", "3"]).await;
    site.step(0, &["full"]);
    site.step(0, &["offline"]);
    site.answer(&["3", "3", "3"]).await;

    let jobs = Api::<Job>::namespaced(client("lab-a").await, &site.namespace);
    let built = jobs.list(&ListParams::default()).await.unwrap().items.len();
    site.step(0, &["rollback", "--to", &first]);
    site.answer(&["1", "1", "1"]).await;
    let after = jobs.list(&ListParams::default()).await.unwrap().items.len();
    assert_eq!((built, after), (3, 3), "nothing was built to go back");

    let namespaces = Api::<Namespace>::all(client("lab-a").await);
    namespaces
        .delete(&site.namespace, &DeleteParams::default())
        .await
        .unwrap();
}
