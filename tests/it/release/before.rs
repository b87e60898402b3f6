//! The job before a release: once for a version, before anything of the workload is written, and nothing if it fails.

use std::time::Duration;

use pilothouse::cluster::ActError;
use pilothouse::release::live::Refusal;
use pilothouse::release::step::Step;
use pilothouse::release::warning::Warning;
use pilothouse::sim::Simulation;
use serde_json::{Value, json};

use super::driven::Driven;
use super::keys::{start as start_by_key, yes};
use super::same::Act;
use super::writes::start;
use super::{DEPLOYMENT, Flow, gray, send};

const CRON_JOBS: &str = "/apis/batch/v1/namespaces/gift/cronjobs";
const JOBS: &str = "/apis/batch/v1/namespaces/gift/jobs";

/// Has a job run before versions that takes ten seconds and ends with this code.
async fn with_job(simulation: &Simulation, code: i64) {
    want_job(simulation).await;
    let template = json!({
        "metadata": {"annotations": {
            "sim.pilothouse.dev/crash-after": "10", "sim.pilothouse.dev/exit-code": code.to_string(),
        }},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": "live:v1"}]},
    });
    let cron_job = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "migrate", "namespace": "gift"},
        "spec": {
            "schedule": "0 0 31 2 *", "suspend": true,
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": template}},
        },
    });
    let (code, answer) = send(simulation, "POST", CRON_JOBS, "application/json", &cron_job).await;
    assert_eq!(code, 201, "{answer}");
}

async fn want_job(simulation: &Simulation) {
    let kind = "application/merge-patch+json";
    let wanted = json!({"metadata": {"annotations": {"pilothouse.dev/pre-release-job": "migrate"}}});
    let (code, _) = send(simulation, "PATCH", DEPLOYMENT, kind, &wanted).await;
    assert_eq!(code, 200);
}

impl Flow {
    /// An app of ten whose versions want a job run before them that takes ten seconds and ends with this code.
    async fn with_job(code: i64) -> Self {
        let flow = Self::new().await;
        with_job(&flow.simulation, code).await;
        flow
    }

    async fn jobs(&self) -> Vec<Value> {
        let (_, mut list) = self.send("GET", JOBS, "application/json", &Value::Null).await;
        serde_json::from_value(list["items"].take()).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn it_runs_once_for_a_version_before_anything_is_written() {
    let mut flow = Flow::with_job(0).await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let job = prepared.job().unwrap().to_owned();
    assert_eq!(flow.jobs().await, [] as [Value; 0], "it was only shown");
    assert!(
        prepared.differences.iter().any(|d| d.place.contains(&job)),
        "{prepared:?}"
    );
    let begun = tokio::time::Instant::now();
    let done = flow.carry_out(&prepared).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(10), "it was waited for");
    assert!(
        done.told[0].contains(&format!("the job {job} ended well")),
        "{:?}",
        done.told
    );
    flow.until("two beside ten", &gray(2, 10)).await;
    let jobs = flow.jobs().await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0]["spec"]["template"]["spec"]["containers"][0]["image"], "live:v2");
    let sent = flow.sent("");
    let place = |of: &str| sent.iter().position(|sent| sent.path.contains(of)).unwrap();
    assert!(place("/jobs") < place("/deployments/"), "{sent:?}");
    // Gone back and released again: what it did is done.
    flow.carry_out(&flow.prepare(&Step::Abort).await.unwrap())
        .await
        .unwrap();
    flow.observer.rest(Duration::from_mins(1)).await;
    let again = flow.prepare(&start("live:v2", 2)).await.unwrap();
    assert_eq!(again.job(), None);
    let other = flow.prepare(&start("live:v3", 2)).await.unwrap();
    assert_ne!(other.job(), Some(job.as_str()));
    assert!(other.job().is_some());
}

#[tokio::test(start_paused = true)]
async fn it_runs_before_a_second_deployment_too() {
    let flow = Flow::with_job(0).await;
    let prepared = flow.prepare(&Act::Twin("v2", 2).step().unwrap()).await.unwrap();
    let done = flow.carry_out(&prepared).await.unwrap();
    assert!(done.told[0].contains("ended well"), "{:?}", done.told);
    let sent = flow.sent("");
    let place = |of: &str| sent.iter().position(|sent| sent.path.contains(of)).unwrap();
    assert!(place("/jobs") < place("/deployments"), "{sent:?}");

    let flow = Flow::with_job(3).await;
    let prepared = flow.prepare(&Act::Twin("v2", 2).step().unwrap()).await.unwrap();
    flow.carry_out(&prepared).await.unwrap_err();
    assert!(flow.sent("deployments").is_empty(), "nothing but the job");
}

fn failed(error: &ActError) -> &str {
    match error {
        ActError::Refused(Refusal::JobFailed { why, .. }) => why,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn where_it_fails_nothing_is_released() {
    let flow = Flow::with_job(3).await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let error = flow.carry_out(&prepared).await.unwrap_err();
    assert!(failed(&error).contains("BackoffLimitExceeded"), "{error}");
    let wrote = error.wrote();
    assert!(!wrote.is_empty(), "its log is told: {error}");
    let text = error.to_string();
    let is_in = |line: &pilothouse::domain::Clean| text.contains(line.as_str());
    assert!(
        !wrote.iter().any(is_in),
        "what is noted of it is not what it wrote: {text}"
    );
    assert_eq!(flow.sent("deployments"), []);
    let again = flow.prepare(&start("live:v2", 2)).await.unwrap_err();
    assert!(failed(&again).contains("BackoffLimitExceeded"), "{again}");
    assert_eq!(again.wrote(), wrote, "whoever comes later is told the same of its log");
    let name = flow.jobs().await[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let background = json!({"propagationPolicy": "Background"});
    let (code, _) = flow
        .send("DELETE", &format!("{JOBS}/{name}"), "application/json", &background)
        .await;
    assert_eq!(code, 200);
    assert_eq!(
        flow.prepare(&start("live:v2", 2)).await.unwrap().job(),
        Some(name.as_str())
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_after_one_that_ended_in_the_middle_waits_for_the_same_one() {
    let mut flow = Flow::with_job(0).await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let left = tokio::time::timeout(Duration::from_secs(5), flow.carry_out(&prepared)).await;
    assert!(left.is_err(), "it ended while the job went on");
    assert_eq!(flow.sent("deployments"), []);
    let next = flow.prepare(&start("live:v2", 2)).await.unwrap();
    assert_eq!(next.job(), prepared.job());
    flow.carry_out(&next).await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    assert_eq!(flow.jobs().await.len(), 1);
    assert_eq!(flow.sent("jobs").len(), 1, "one creation in all");
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_is_read_back() {
    let mut flow = Flow::with_job(0).await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    flow.wire.lock().unwrap().lost = 1;
    flow.carry_out(&prepared).await.unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    assert_eq!(flow.sent("jobs").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_changes_the_workload_while_it_runs_is_not_written_over() {
    let flow = Flow::with_job(0).await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let colleague = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let image = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "live:v9"}]);
        assert_eq!(flow.write(&image).await, 200);
    };
    let (written, ()) = tokio::join!(flow.carry_out(&prepared), colleague);
    let error = written.unwrap_err();
    assert!(matches!(error, ActError::Changed(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_way_back_runs_none_and_warns_of_what_stays() {
    let mut flow = Flow::with_job(0).await;
    flow.carry_out(&flow.prepare(&start("live:v2", 2)).await.unwrap())
        .await
        .unwrap();
    flow.until("two beside ten", &gray(2, 10)).await;
    let back = flow.prepare(&Step::Abort).await.unwrap();
    assert_eq!(back.job(), None);
    assert!(
        back.warnings.contains(&Warning::JobStays("migrate".into())),
        "{:?}",
        back.warnings
    );
    let grown = flow
        .prepare(&Step::Grow(pilothouse::release::step::Count::Instances(4)))
        .await
        .unwrap();
    assert_eq!(grown.job(), None);
    assert!(!grown.warnings.contains(&Warning::JobStays("migrate".into())));
}

#[tokio::test(start_paused = true)]
async fn what_has_no_template_of_its_job_is_not_released() {
    let flow = Flow::new().await;
    want_job(&flow.simulation).await;
    let error = flow.prepare(&start("live:v2", 2)).await.unwrap_err();
    assert!(
        matches!(&error, ActError::Refused(Refusal::NoJob(name)) if name == "migrate"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_freezes_the_namespace_while_it_runs_keeps_the_version_from_being_released() {
    let flow = Flow::with_job(0).await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let freezes = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let frozen = json!({"metadata": {"annotations": {"pilothouse.dev/freeze": "the big day"}}});
        let kind = "application/merge-patch+json";
        assert_eq!(
            flow.send("PATCH", "/api/v1/namespaces/gift", kind, &frozen).await.0,
            200
        );
    };
    let (written, ()) = tokio::join!(flow.carry_out(&prepared), freezes);
    let error = written.unwrap_err();
    assert!(matches!(error, ActError::Refused(Refusal::Against(_))), "{error}");
    assert_eq!(flow.sent("deployments"), []);
}

#[tokio::test(start_paused = true)]
async fn an_autoscaler_that_moves_while_it_runs_stops_nothing() {
    let mut flow = Flow::with_job(0).await;
    let prepared = flow.prepare(&start("live:v2", 2)).await.unwrap();
    let scales = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let more = json!([{"op": "replace", "path": "/spec/replicas", "value": 12}]);
        assert_eq!(flow.write(&more).await, 200);
    };
    let (written, ()) = tokio::join!(flow.carry_out(&prepared), scales);
    written.unwrap();
    flow.until("two beside twelve", &gray(2, 12)).await;
}

#[tokio::test(start_paused = true)]
async fn its_log_is_read_whole_by_key_while_it_runs_and_after_it_failed() {
    let mut driven = Driven::new().await;
    with_job(&driven.servers[0].simulation, 3).await;
    start_by_key(&mut driven, "v2", "2").await;
    driven.press("l");
    yes(&mut driven).await;
    driven
        .until("it runs", |frame| frame.contains("s (l shows its log)"))
        .await;
    driven.rest(Duration::from_secs(3)).await;
    driven.press("l");
    let title = "what the job migrate-";
    driven.until("its log is open", |frame| frame.contains(title)).await;
    let early = driven.frame();
    driven.rest(Duration::from_secs(4)).await;
    let later = driven.frame();
    assert!(
        later.contains(title) && later != early,
        "it goes on with its job: {early}{later}"
    );
    driven.press("esc");
    assert!(driven.frame().contains("runs first, since"), "{}", driven.frame());
    driven.rest(Duration::from_secs(2)).await;
    assert!(!driven.frame().contains(title), "what was closed stays closed");
    let failed = |frame: &str| frame.contains("BackoffLimitExceeded") && frame.contains("it wrote last:");
    driven.until("it failed", failed).await;
    driven.press("l");
    driven
        .until("its log is open again", |frame| frame.contains(title))
        .await;
    let frame = driven.frame();
    let pods = driven.servers[0].get("/api/v1/namespaces/gift/pods").await;
    let mut names = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| pod["metadata"]["name"].as_str().unwrap());
    let pod = names.find(|name| name.starts_with("migrate-")).unwrap();
    let log = driven.servers[0]
        .get(&format!("/api/v1/namespaces/gift/pods/{pod}/log"))
        .await;
    let lines: Vec<&str> = log.as_str().unwrap().lines().filter(|line| !line.is_empty()).collect();
    let start = |line: &&str| line.chars().take(90).collect::<String>();
    for line in lines.iter().rev().take(10) {
        assert!(frame.contains(&start(line)), "{line}: {frame}");
    }
    assert!(!frame.contains(&start(&lines[0])), "there are more than have room");
    driven.press("home");
    assert!(driven.frame().contains(&start(&lines[0])), "{}", driven.frame());
    driven.press("esc");
    assert!(failed(&driven.frame()), "{}", driven.frame());
    // Whoever comes later reads it too.
    driven.press("esc");
    start_by_key(&mut driven, "v2", "2").await;
    driven.until("it is refused", failed).await;
    driven.press("l");
    driven
        .until("its log is open once more", |frame| frame.contains(title))
        .await;
}
