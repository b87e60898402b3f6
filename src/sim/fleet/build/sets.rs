//! Stateful sets and daemon sets in steady state, with their instances.

use serde_json::{Value, json};

use super::super::apps::{App, Release};
use super::super::place::shape_of;
use super::super::pods::{instance, running, silence};
use super::{Builder, death};
use crate::sim::controllers::object::{set, text};
use crate::sim::controllers::{daemonset, history, statefulset};
use crate::sim::resource::{CONTROLLER_REVISIONS, DAEMON_SETS, PODS, STATEFUL_SETS};

impl Builder {
    /// A StatefulSet and its numbered instances.
    pub(crate) fn stateful(&mut self, app: &App) {
        let started = self.hours_ago(app.hours);
        let release = Release::new(&mut self.random);
        let mut object = app.deployment(&app.template(&release));
        set(&mut object, &["kind"], "StatefulSet");
        set(&mut object, &["spec", "serviceName"], app.name.as_str());
        set(&mut object, &["spec", "podManagementPolicy"], "OrderedReady");
        let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
        set(&mut object, &["spec", "updateStrategy"], strategy);
        for field in ["strategy", "progressDeadlineSeconds"] {
            crate::sim::controllers::object::unset(&mut object, &["spec", field]);
        }
        let born = self.hours_ago(app.hours + 24 * 60);
        let Some(owner) = self.create(&STATEFUL_SETS, object, born) else {
            return;
        };
        let (record, name) = history::record(&owner, "StatefulSet", 1);
        let Some(record) = self.create(&CONTROLLER_REVISIONS, record, born) else {
            return;
        };
        for number in 0..app.replicas {
            let pod = running(statefulset::member(&owner, &record, number), started);
            let shape = shape_of(&pod);
            let name = text(&pod, &["metadata", "name"]).to_owned();
            let seat = self.floor.find(&shape).and_then(|index| self.floor.take(index, &shape));
            if let Some(pod) = seat.map(|seat| instance(&pod, &name, &seat)) {
                self.create(&PODS, pod, started);
            }
        }
        let status = statefulset::status(&owner, [&name, &name], [app.replicas; 5]);
        self.update(&STATEFUL_SETS, &owner, |object| set(object, &["status"], status));
    }

    /// A DaemonSet and its instance on every machine.
    pub(crate) fn daemon(&mut self, app: &App) {
        let started = self.hours_ago(app.hours);
        let release = Release::new(&mut self.random);
        let mut template = app.template(&release);
        set(&mut template, &["spec", "tolerations"], json!([{"operator": "Exists"}]));
        let mut metadata = app.metadata();
        // One on every node: nobody bounds how many.
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.retain(|name, _| !name.ends_with("-instances"));
        }
        let object = json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata,
            "spec": {
                "revisionHistoryLimit": 10, "selector": {"matchLabels": {"app.kubernetes.io/name": app.name}},
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
                "template": template,
            },
        });
        let Some(owner) = self.create(&DAEMON_SETS, object, started) else {
            return;
        };
        let (record, _) = history::record(&owner, "DaemonSet", 1);
        let Some(record) = self.create(&CONTROLLER_REVISIONS, record, started) else {
            return;
        };
        let hash = history::hash_of(&record).to_owned();
        let (mut all, mut ready) = (0, 0);
        for index in 0..self.floor.spots.len() {
            let Some(node) = self.floor.spots.get(index).map(|spot| spot.node.name.to_string()) else {
                break;
            };
            let name = self.pod_name(&owner);
            let pod = running(daemonset::daemon(&owner, &hash, &node, &name), started);
            let shape = shape_of(&pod);
            let Some(pod) = self.floor.take(index, &shape).map(|seat| instance(&pod, &name, &seat)) else {
                break;
            };
            let Some(pod) = self.create(&PODS, pod, started) else {
                break;
            };
            all += 1;
            if self.dead.is_some_and(|(dead, _)| dead == index) {
                let death = death(self.now);
                self.update(&PODS, &pod, |pod| silence(pod, death.given_up));
            } else {
                ready += 1;
            }
        }
        let status = daemonset::status(&owner, [all, all, ready, ready, all, 0]);
        self.update(&DAEMON_SETS, &owner, |object| set(object, &["status"], status));
    }
}
