//! One container: waiting, running, ready, crashed, backing off. Pure: from its status to its next step.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::context::Tone;
use super::super::object::{at, count, items, moment, set, stamp, text};
use super::behaviour::{Behaviour, is_missing};
use super::turn::{is_init, is_sidecar};
use crate::domain::{ImageName, Timestamp};

/// What a container does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Start,
    Ready,
    Crash,
    /// The last run ended too soon for the next to start at once.
    BackOff,
    Restart,
    PullFails,
    PullBackOff,
}

/// An event a step causes.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) field: String,
    pub(crate) tone: Tone,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// How long the kubelet waits before it starts a container again after so many restarts: at once, then 10 s
/// doubling to 5 min.
pub(crate) fn back_off(restarts: i64, ran: TimeDelta) -> TimeDelta {
    if restarts <= 0 || ran > TimeDelta::minutes(10) {
        return TimeDelta::zero();
    }
    TimeDelta::seconds(10 << (restarts - 1).min(5)).min(TimeDelta::minutes(5))
}

/// The status of a container that was only just taken in; `waits` for the init containers of its pod.
pub(crate) fn created(name: &str, image: &str, waits: bool) -> Value {
    let reason = if waits { "PodInitializing" } else { "ContainerCreating" };
    json!({
        "name": name, "image": image, "imageID": "", "ready": false, "started": false, "restartCount": 0,
        "lastState": {}, "state": {"waiting": {"reason": reason}},
    })
}

/// The next step of a container whose turn it is since a while, and when that step is due.
pub(crate) fn next(
    pod: &Value,
    status: &Value,
    behaviour: &Behaviour,
    (pull, since): (Option<(u32, Timestamp)>, Option<Timestamp>),
) -> Option<(Timestamp, Step)> {
    let started = since?;
    let subject = text(status, &["name"]) == behaviour.container;
    if let Some(waiting) = at(status, &["state", "waiting"]) {
        let image = image_of(pod, text(status, &["name"]));
        return match text(waiting, &["reason"]) {
            "CrashLoopBackOff" => restart_at(status).map(|when| (when, Step::Restart)),
            "ErrImagePull" => Some((pull.map_or(started, |p| p.1) + TimeDelta::seconds(2), Step::PullBackOff)),
            "ImagePullBackOff" => {
                let (times, last) = pull.unwrap_or((6, started));
                let wait = back_off(i64::from(times), TimeDelta::zero());
                Some((
                    last + wait,
                    if is_missing(image) {
                        Step::PullFails
                    } else {
                        Step::Start
                    },
                ))
            }
            _ if is_missing(image) => Some((started + behaviour.start, Step::PullFails)),
            _ => Some((started + behaviour.start, Step::Start)),
        };
    }
    if let Some(since) = moment(status, &["state", "running", "startedAt"]) {
        let is_ready = at(status, &["ready"]) == Some(&Value::Bool(true));
        let ready = behaviour.ready.map(|wait| if subject { since + wait } else { since });
        let ready = ready.filter(|_| !is_ready).map(|when| (when, Step::Ready));
        let crash = behaviour
            .end_of(pod, text(status, &["name"]))
            .map(|end| (since + end.after, Step::Crash));
        return [ready, crash].into_iter().flatten().min_by_key(|(when, _)| *when);
    }
    let end = at(status, &["state", "terminated"])?;
    let ended = moment(end, &["finishedAt"])? + TimeDelta::seconds(1);
    let name = text(status, &["name"]);
    match text(pod, &["spec", "restartPolicy"]) {
        "Never" => None,
        _ if is_init(pod, name) && !is_sidecar(pod, name) && count(end, &["exitCode"]) == 0 => None,
        "OnFailure" if count(end, &["exitCode"]) == 0 => None,
        _ if wait_after(status, end).is_zero() => Some((ended, Step::Restart)),
        _ => Some((ended, Step::BackOff)),
    }
}

fn image_of<'a>(pod: &'a Value, name: &str) -> &'a str {
    let lists = ["initContainers", "containers"].into_iter();
    lists
        .flat_map(|list| items(pod, &["spec", list]))
        .find(|c| text(c, &["name"]) == name)
        .map_or("", |c| text(c, &["image"]))
}

fn wait_after(status: &Value, end: &Value) -> TimeDelta {
    let ran = match (moment(end, &["startedAt"]), moment(end, &["finishedAt"])) {
        (Some(from), Some(to)) => to - from,
        _ => TimeDelta::zero(),
    };
    back_off(count(status, &["restartCount"]), ran)
}

fn restart_at(status: &Value) -> Option<Timestamp> {
    let end = at(status, &["lastState", "terminated"])?;
    Some(moment(end, &["finishedAt"])? + wait_after(status, end))
}

/// Takes a step; `full` is the pod's name, namespace and uid, as kubelets write them.
pub(crate) fn apply(
    status: &mut Value,
    step: Step,
    pod: &Value,
    full: &str,
    behaviour: &Behaviour,
    now: Timestamp,
    said: &mut Vec<Said>,
) {
    let name = text(status, &["name"]).to_owned();
    let image = image_of(pod, &name);
    let list = if is_init(pod, &name) {
        "initContainers"
    } else {
        "containers"
    };
    let mut say = |tone, reason, message: String| {
        let field = format!("spec.{list}{{{name}}}");
        said.push(Said {
            field,
            tone,
            reason,
            message,
        });
    };
    match step {
        Step::Start | Step::Restart => {
            say(
                Tone::Normal,
                "Pulled",
                format!("Container image \"{image}\" already present on machine"),
            );
            say(Tone::Normal, "Created", "Container created".into());
            say(Tone::Normal, "Started", "Container started".into());
            let number = if step == Step::Restart {
                count(status, &["restartCount"]) + 1
            } else {
                0
            };
            if let Some(end) = at(status, &["state", "terminated"]).cloned() {
                set(status, &["lastState"], json!({"terminated": end}));
            }
            set(status, &["restartCount"], number);
            run(status, image, &format!("{full}/{name}/{number}"), now);
            let waits = name == behaviour.container && behaviour.ready != Some(TimeDelta::zero());
            set(status, &["ready"], !waits);
        }
        Step::Ready => set(status, &["ready"], true),
        Step::Crash => {
            let end = behaviour.end_of(pod, &name).unwrap_or_default();
            end_with(status, end.code, end.reason.as_deref(), now);
            set(status, &["ready"], end.code == 0 && is_init(pod, &name));
            if let Some(message) = end.message {
                set(status, &["state", "terminated", "message"], message);
            }
        }
        Step::BackOff => back(status, &name, full, &mut say),
        Step::PullFails => pull_fails(status, image, &mut say),
        Step::PullBackOff => pull_back(status, image, &mut say),
    }
}

fn pull_fails(status: &mut Value, image: &str, say: &mut impl FnMut(Tone, &'static str, String)) {
    let why = format!(
        "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
    );
    say(Tone::Normal, "Pulling", format!("Pulling image \"{image}\""));
    say(
        Tone::Warning,
        "Failed",
        format!("Failed to pull image \"{image}\": {why}"),
    );
    say(Tone::Warning, "Failed", "Error: ErrImagePull".into());
    set(
        status,
        &["state"],
        json!({"waiting": {"reason": "ErrImagePull", "message": why}}),
    );
}

fn pull_back(status: &mut Value, image: &str, say: &mut impl FnMut(Tone, &'static str, String)) {
    let why = text(status, &["state", "waiting", "message"]).to_owned();
    let message = format!("Back-off pulling image \"{image}\"");
    say(Tone::Normal, "BackOff", message.clone());
    say(Tone::Warning, "Failed", "Error: ImagePullBackOff".into());
    let message = format!("{message}: ErrImagePull: {why}");
    set(
        status,
        &["state"],
        json!({"waiting": {"reason": "ImagePullBackOff", "message": message}}),
    );
}

fn back(status: &mut Value, name: &str, full: &str, say: &mut impl FnMut(Tone, &'static str, String)) {
    let Some(end) = at(status, &["state", "terminated"]).cloned() else {
        return;
    };
    let message = format!("Back-off restarting failed container {name} in pod {full}");
    say(Tone::Warning, "BackOff", message);
    let wait = wait_after(status, &end).num_seconds();
    let wait = if wait >= 60 {
        format!("{}m{}s", wait / 60, wait % 60)
    } else {
        format!("{wait}s")
    };
    let message = format!("back-off {wait} restarting failed container={name} pod={full}");
    set(status, &["lastState"], json!({"terminated": end}));
    set(
        status,
        &["state"],
        json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}}),
    );
}

/// Makes a container run from now on. `salt` decides its id.
pub(crate) fn run(status: &mut Value, image: &str, salt: &str, now: Timestamp) {
    set(status, &["state"], json!({"running": {"startedAt": stamp(now)}}));
    set(status, &["started"], true);
    set(status, &["containerID"], format!("containerd://{}", digest(salt)));
    set(status, &["imageID"], image_id(image));
}

/// What containerd resolves an image to: its repository with the digest that it names, else one that follows from the
/// name.
fn image_id(image: &str) -> String {
    let of_name = || format!("sha256:{}", digest(image));
    match ImageName::parse(image) {
        Some(name) => {
            let digest = name.digest.as_ref().map_or_else(of_name, ToString::to_string);
            format!("{}@{digest}", name.place())
        }
        None => of_name(),
    }
}

/// 64 hexadecimal digits that follow from a text.
pub(crate) fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut random = super::super::random::Random::new(hash);
    random.hex(64)
}

/// Ends a container that runs.
pub(crate) fn end(status: &mut Value, code: i64, now: Timestamp) {
    if at(status, &["state", "running"]).is_some() {
        end_with(status, code, None, now);
    }
}

fn end_with(status: &mut Value, code: i64, reason: Option<&str>, now: Timestamp) {
    let reason = reason.unwrap_or(if code == 0 { "Completed" } else { "Error" });
    let since = text(status, &["state", "running", "startedAt"]).to_owned();
    let id = text(status, &["containerID"]).to_owned();
    let end = json!({
        "exitCode": code, "reason": reason, "startedAt": since, "finishedAt": stamp(now), "containerID": id,
    });
    set(status, &["state"], json!({"terminated": end}));
    set(status, &["ready"], false);
    set(status, &["started"], false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_from_ten_seconds_to_five_minutes() {
        let short = TimeDelta::seconds(3);
        let waits: Vec<i64> = (0..8).map(|n| back_off(n, short).num_seconds()).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(
            back_off(7, TimeDelta::minutes(11)),
            TimeDelta::zero(),
            "it ran long enough to be forgiven"
        );
    }
}
