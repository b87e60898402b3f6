//! The only door to Kubernetes: from kubeconfig to watched clusters whose changes arrive as domain values.
//!
//! [`targets`] reads which clusters there are, [`start`] watches one of them and sends
//! [`ClusterReport`]s; the [`Cluster`] it gives answers questions. Behind it: `connect` (kubeconfig,
//! credentials), `door` (every request), `link` (is it there?), `watch` (one kind), `wire` and
//! `project` (bytes to values).

mod act;
mod build;
mod clock;
mod connect;
mod definitions;
mod discovery;
mod door;
mod error;
mod event;
mod hub;
mod kinds;
mod ledger;
mod link;
mod logs;
mod measure;
mod page;
mod project;
mod questions;
mod secrets;
mod tasks;
mod watch;
mod wire;

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::build::{Asked, Record, Records, Template};
use crate::domain::access::Right;
use crate::domain::{Access, AppKey, Clean, ClusterId, ClusterReport, Driver, Event, ObjectKey, ResourceRef, Uid};
use crate::logs::Request;
use crate::metrics::source::{Report, Supply, Wanted};
use crate::release::claim::{Claim, Holder};
use crate::release::history::Told;
use crate::release::ledger::Ledger;
use crate::release::scale::Scaler;
use crate::release::step::Step;
use crate::release::{Author, Done, Ended, Prepared};
use hub::Hub;

pub use act::{ActError, Made, Note, Trial, creation};
pub use build::{Begun, BuildError, PreparedBuild, Stands};
pub use clock::moment;
pub(crate) use connect::exec::{Group, read_limited};
pub(crate) use connect::proxy::to as proxy_to;
pub use connect::{ConnectError, Options, Target, targets};
pub use error::ClusterError;
pub(crate) use kinds::escape;
pub use measure::{Budget, Measuring};
pub use page::{Page, read_page};
pub use secrets::{PullSecret, PullSecrets};

/// Of what a container wrote last so many lines are read, of so many bytes at most.
const LAST_LINES: (u32, u32) = (5, 64 * 1024);

/// How a cluster's objects are read: from the configuration, per cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Labels that name the app an object belongs to, in order.
    pub app_labels: Vec<String>,
    /// Node labels that name its location, in order.
    pub location_labels: Vec<String>,
    /// Node labels that name its group, in order.
    pub group_labels: Vec<String>,
}

/// Node-pool labels in the wild, most telling first.
const NODE_POOLS: [&str; 8] = [
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "doks.digitalocean.com/node-pool-id",
    "alibabacloud.com/nodepool-id",
    "tke.cloud.tencent.com/nodepool-id",
];

impl Default for Rules {
    fn default() -> Self {
        let with_pools = |first: &[&str]| first.iter().chain(&NODE_POOLS).map(|&label| label.to_owned()).collect();
        Self {
            app_labels: ["app.kubernetes.io/name", "app", "k8s-app"].map(str::to_owned).into(),
            location_labels: with_pools(&[
                "pilothouse.dev/location",
                "topology.kubernetes.io/zone",
                "topology.kubernetes.io/region",
            ]),
            group_labels: with_pools(&["pilothouse.dev/group"]),
        }
    }
}

/// A cluster that is being watched. Dropping it changes nothing: its tasks end with the token given to
/// [`start`].
#[derive(Clone)]
pub struct Cluster {
    hub: Arc<Hub>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cluster").field(&self.hub.id).finish()
    }
}

/// Starts watching a cluster; must be called within a tokio runtime.
///
/// Reports go to `reports` until `cancel` is cancelled. Nothing on the network ends them.
pub fn start(
    target: Target,
    rules: Arc<Rules>,
    reports: mpsc::Sender<(ClusterId, ClusterReport)>,
    cancel: CancellationToken,
) -> Cluster {
    let hub = Arc::new(Hub::new(&target, rules, reports));
    tokio::spawn(tasks::run(Arc::clone(&hub), target, cancel));
    Cluster { hub }
}

impl Cluster {
    /// Starts measuring the cluster; must be called within a tokio runtime.
    ///
    /// Reports go to `reports` until `cancel` is cancelled; what is asked for follows [`Cluster::want`].
    pub fn measure(&self, settings: Measuring, reports: mpsc::Sender<(ClusterId, Report)>, cancel: CancellationToken) {
        let wanted = self.hub.wanted.subscribe();
        tokio::spawn(measure::run(Arc::clone(&self.hub), settings, wanted, reports, cancel));
    }

    /// Tries every source of figures once; `namespaces` are those that may be seen, empty: all.
    pub async fn sources(&self, settings: Measuring, namespaces: Vec<Clean>) -> Supply {
        measure::survey(Arc::clone(&self.hub), settings, namespaces).await
    }

    /// Says which nodes there are and what is on screen: what is measured, and how often, follows it.
    pub fn want(&self, wanted: Wanted) {
        self.hub.wanted.send_if_modified(|known| {
            let is_new = *known != wanted;
            *known = wanted;
            is_new
        });
    }

    pub fn id(&self) -> &ClusterId {
        &self.hub.id
    }

    /// Gives up every connection and goes on over new ones: after a sleep, or because a person says so.
    pub fn reconnect_now(&self) {
        self.hub.door.drop_connections();
        self.hub.logins.send_modify(|count| *count += 1);
        self.hub.resumes.send_modify(|count| *count += 1);
        self.hub.probe_now.notify_one();
    }

    /// Reads one container's log and hands on its pieces, cut anywhere; waits first where readings before it
    /// failed. While `pieces` has no room the server waits too. It is not tried again here.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or the connection broke.
    pub async fn read_log(&self, request: &Request, pieces: &mpsc::Sender<Bytes>) -> Result<(), ClusterError> {
        logs::wait(&self.hub, request.failures).await;
        logs::read(&self.hub, request, pieces).await
    }

    /// Refuses a write where nothing may be written. Every write passes here first.
    ///
    /// # Errors
    /// [`ClusterError::ReadOnly`].
    pub fn may_write(&self) -> Result<(), ClusterError> {
        self.hub.door.may_write()
    }

    /// Prepares a step of an object's release: the patch of what it is now, tried by the server without effect.
    ///
    /// # Errors
    /// Nothing may be written, the step cannot be taken now, or the server refuses it.
    pub async fn prepare(
        &self,
        object: &ResourceRef,
        step: &Step,
        driver: Option<Driver>,
    ) -> Result<Prepared, ActError> {
        act::prepare(&self.hub, object, step, driver).await
    }

    /// Carries out what was prepared, exactly once, and notes it.
    ///
    /// # Errors
    /// Somebody else changed the object meanwhile, the server refuses, or it is not known whether it was done.
    pub async fn carry_out(&self, prepared: &Prepared, note: &Note<'_>) -> Result<Done, ActError> {
        act::carry_out(&self.hub, prepared, note).await
    }

    /// What the job before a release wrote last, so far.
    ///
    /// # Errors
    /// The server cannot be reached, or its log may not be read; there is no such job, or none of its pods has begun.
    pub async fn job_log(&self, job: &ObjectKey) -> Result<Vec<Clean>, ClusterError> {
        act::job_log(&self.hub, job).await
    }

    /// What a container wrote last that ended: a few lines, cut where they are long.
    ///
    /// # Errors
    /// The server cannot be reached, or its log may not be read; the instance, or its log, is gone.
    pub async fn last_lines(&self, ended: &Ended) -> Result<Vec<Clean>, ClusterError> {
        let of = (&ended.instance, ended.container.as_str());
        let lines = logs::last(&self.hub, of, ended.previous, LAST_LINES).await?;
        Ok(lines.iter().map(logs::cut).collect())
    }

    /// Lets the server try to create an object of a new app, without effect.
    ///
    /// # Errors
    /// Nothing may be written, another object of this name is there, or the server refuses it.
    pub async fn try_create(&self, object: &serde_json::Value) -> Result<Trial, ActError> {
        act::try_create(&self.hub, object).await
    }

    /// Creates an object of a new app, exactly once, in the name of `by`; one that is there and equal is left.
    ///
    /// # Errors
    /// Another object of this name is there, the server refuses, or it is not known whether it was done.
    pub async fn create(&self, object: &serde_json::Value, by: &str) -> Result<Made, ActError> {
        act::create(&self.hub, object, by).await
    }

    /// Claims an app for `me`, so that others see who releases it; renewed by the same. Nothing depends on it.
    pub async fn claim(&self, app: &AppKey, me: &str, takes_over: bool) -> Claim {
        act::claim(&self.hub, app, me, takes_over).await
    }

    /// Who but `me` says that they release an app; nothing is written.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn holder(&self, app: &AppKey, me: &str) -> Result<Option<Holder>, ClusterError> {
        act::holder_of(&self.hub, app, me).await
    }

    /// Leaves an app that `me` claimed.
    ///
    /// # Errors
    /// The server cannot be reached or refuses; then the claim ends by itself.
    pub async fn let_go(&self, app: &AppKey, me: &str) -> Result<(), ClusterError> {
        act::let_go(&self.hub, app, me).await
    }

    /// What was released of an app by this program, as its ledger tells it; an empty one where there is none.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn ledger(&self, app: &AppKey) -> Result<Ledger, ClusterError> {
        act::ledger(&self.hub, app).await
    }

    /// Looks whether a commit can be built here, and lets the server try it without effect: so many builds of a
    /// namespace at a time, and again although it was built.
    ///
    /// # Errors
    /// Nothing may be written, the namespace lacks what the build needs, or the server refuses it.
    pub async fn prepare_build(
        &self,
        asked: &Asked,
        template: &Template,
        (most, again): (usize, bool),
    ) -> Result<PreparedBuild, BuildError> {
        build::prepare(&self.hub, asked, template, (most, again)).await
    }

    /// Begins a build, exactly once; the same one of somebody else is joined.
    ///
    /// # Errors
    /// The server refuses it, or it is not known whether it was begun.
    pub async fn begin_build(&self, prepared: &PreparedBuild) -> Result<Begun, BuildError> {
        build::begin(&self.hub, prepared).await
    }

    /// Deletes the Job of a build with its pods, if it is still the one of this uid.
    ///
    /// # Errors
    /// Nothing may be written, it is gone or another, or the server refuses.
    pub async fn cancel_build(&self, key: &ObjectKey, uid: &Uid) -> Result<(), ClusterError> {
        build::cancel(&self.hub, key, uid).await
    }

    /// The last lines of a container's log, so many at most, and of 1 MiB.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or has no such log.
    pub async fn log_tail(&self, pod: &ObjectKey, container: &str, lines: u32) -> Result<Vec<Clean>, ClusterError> {
        build::tail(&self.hub, pod, container, lines).await
    }

    /// The builds of an app that its ledger tells of.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn build_records(&self, app: &AppKey) -> Result<Records, ClusterError> {
        build::records(&self.hub, app).await
    }

    /// Notes builds that are over in the app's ledger, each once.
    ///
    /// # Errors
    /// Nothing may be written, or the server cannot be reached or refuses.
    pub async fn note_builds(&self, app: &AppKey, done: &[Record]) -> Result<(), ClusterError> {
        build::remember(&self.hub, app, done).await
    }

    /// The versions that a StatefulSet, DaemonSet or CloneSet has revisions of, oldest first.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or the object is gone.
    pub async fn history(&self, object: &ResourceRef) -> Result<Vec<Told>, ClusterError> {
        act::history(&self.hub, object).await
    }

    /// The `ScaledObject` of KEDA that decides how many instances a workload has, where there is one.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn scaler(&self, object: &ResourceRef) -> Result<Option<Scaler>, ClusterError> {
        act::scaler(&self.hub, object).await
    }

    /// The secrets that a workload's images are pulled with: its own, else its service account's.
    ///
    /// # Errors
    /// The server cannot be reached, or the workload may not be read; a secret that may not be read is none.
    pub async fn pull_secrets(&self, object: &ResourceRef) -> Result<PullSecrets, ClusterError> {
        secrets::of_workload(&self.hub.door, object).await
    }

    /// Asks what the user may do; rights the server does not answer for are left out.
    pub async fn review(&self, rights: &[Right]) -> Access {
        questions::review(&self.hub.door, rights).await
    }

    /// The names of all its namespaces; `None` where they may not be listed, or are too many to be read at once.
    pub async fn namespaces(&self) -> Option<Vec<Clean>> {
        tasks::all_namespaces(&self.hub).await
    }

    /// Events about one object, newest first. `kind` as manifests spell it.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn events_about(&self, kind: &str, key: &ObjectKey, uid: &Uid) -> Result<Vec<Event>, ClusterError> {
        questions::events_about(&self.hub, kind, key, uid).await
    }

    /// The newest events of a namespace, or of all where it is empty.
    ///
    /// # Errors
    /// The server cannot be reached or refuses.
    pub async fn recent_events(&self, namespace: &str, limit: usize) -> Result<Vec<Event>, ClusterError> {
        questions::recent_events(&self.hub, namespace, limit).await
    }

    /// Who changed the template of an object last; `None` where the server does not say.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or no longer has the object.
    pub async fn changed_by(&self, object: &ResourceRef) -> Result<Option<Author>, ClusterError> {
        questions::changed_by(&self.hub.door, object).await
    }

    /// An object as YAML, line by line, without managed fields and the last applied configuration.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or no longer has the object.
    pub async fn object_text(&self, object: &ResourceRef) -> Result<Vec<Clean>, ClusterError> {
        questions::object_text(&self.hub.door, object).await
    }
}
