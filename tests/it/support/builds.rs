//! Builds of the small fleet: one runs, one fails at compile, one waits for a node, two are done, one was cancelled.

use pilothouse::domain::container::{ContainerRole, Exit};
use pilothouse::domain::{
    BuildFacts, BuildRun, Change, Clean, ClusterId, ClusterReport, Container, ContainerState, JobEnd, Kind, Object,
    ObjectKey, Pod, PodPhase, Terms, Timestamp, Uid, Workload,
};
use pilothouse::world::World;

use super::fleet::{ago, list, now, world as fleet};
use super::objects;

pub(crate) const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const COMMITS: [&str; 7] = [
    "c04d21b9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3b",
    "77ab0e1c2a77ab0e4f5d6a7b8c9d0e1f2a3bc04d",
    "5d6a7b8c9d0e1f2a3bc04d21b9f31c2a77ab0e4f",
    "0e1f2a3bc04d21b9f31c2a77ab0e4f5d6a7b8c9d",
    "9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3bc04d21b",
    "a77ab0e4f5d6a7b8c9d0e1f2a3bc04d21b9f31c2",
    "7b8c9d0e1f2a3bc04d21b9f31c2a77ab0e4f5d6a",
];
const STAGES: [&str; 3] = ["clone", "compile", "package"];
const HOUR: i64 = 3600;

/// How a build of the fixture stands.
#[derive(Clone, Copy)]
enum Story {
    /// No node takes it.
    Waits,
    Compiles,
    FailsAtCompile,
    Done,
}

struct Built {
    team: &'static str,
    app: &'static str,
    commit: &'static str,
    /// Seconds ago it was asked for, and that it took.
    asked: i64,
    took: i64,
    story: Story,
    leaving: bool,
}

impl Built {
    fn name(&self) -> String {
        pilothouse::build::name::name(self.app, self.commit, 1)
    }

    fn ended(&self) -> Option<Timestamp> {
        matches!(self.story, Story::FailsAtCompile | Story::Done)
            .then(|| ago(self.asked - self.took))
            .flatten()
    }

    fn job(&self) -> Workload {
        let outcome = match self.story {
            Story::Waits | Story::Compiles => None,
            Story::Done => Some(JobEnd::Complete),
            Story::FailsAtCompile => Some(JobEnd::Failed {
                reason: "BackoffLimitExceeded".into(),
                message: "Job has reached the specified backoff limit".into(),
            }),
        };
        let facts = BuildFacts {
            app: self.app.into(),
            commit: self.commit.into(),
            repo: format!("git.example/{}/{}", self.team, self.app).into(),
            reference: Some("main".into()),
            image: format!(
                "registry.example/{}/{}:{}",
                self.team,
                self.app,
                pilothouse::build::name::short(self.commit)
            )
            .into(),
            by: Some("li.na".into()),
            builder: Some("buildkit".into()),
            containers: STAGES.map(Clean::from).into(),
            began: ago(self.asked - 2),
            ended: self.ended(),
            outcome,
            leaving: self.leaving,
        };
        Workload {
            kind: Kind::Job,
            key: ObjectKey::new(self.team, self.name()),
            uid: Uid::parse(&self.name()),
            app: self.name().into(),
            labels: [].into(),
            created: ago(self.asked),
            terms: Terms::Build(Box::new(facts)),
            ..objects::workload(&super::fleet::APPS[0])
        }
    }

    /// Of its containers.
    fn states(&self) -> [ContainerState; 3] {
        let done = |code: i32, reason: &str| {
            ContainerState::Terminated(Exit {
                code,
                reason: reason.into(),
                ..Exit::default()
            })
        };
        let waits = || ContainerState::Waiting {
            reason: "PodInitializing".into(),
            message: "".into(),
        };
        match self.story {
            Story::Waits => [waits(), waits(), waits()],
            Story::Compiles => [
                done(0, "Completed"),
                ContainerState::Running {
                    since: ago(self.asked - 20),
                },
                waits(),
            ],
            Story::FailsAtCompile => [done(0, "Completed"), done(2, "Error"), waits()],
            Story::Done => [done(0, "Completed"), done(0, "Completed"), done(0, "Completed")],
        }
    }

    fn pod(&self) -> Pod {
        let states = self.states();
        let roles = [ContainerRole::Init, ContainerRole::Init, ContainerRole::Main];
        let containers = STAGES
            .iter()
            .zip(roles)
            .zip(states)
            .map(|((name, role), state)| Container {
                name: (*name).into(),
                role,
                state,
                ..Container::default()
            });
        let run = |(name, (from, to)): (&str, (i64, i64))| BuildRun {
            container: name.into(),
            began: ago(self.asked - from),
            ended: ago(self.asked - to),
            message: if name == "package" { DIGEST.into() } else { "".into() },
        };
        let times = [(4, 20), (20, self.took * 2 / 3), (self.took * 2 / 3, self.took)];
        let so_far = match self.story {
            Story::Waits => 0,
            Story::Compiles | Story::FailsAtCompile => 2,
            Story::Done => 3,
        };
        let is_homeless = matches!(self.story, Story::Waits);
        Pod {
            key: ObjectKey::new(self.team, format!("{}-x7k2p", self.name())),
            uid: Uid::parse(&format!("{}-x7k2p", self.name())),
            app: self.name().into(),
            workload: Some((Kind::Job, self.name().into())),
            owner: Some(("Job".into(), self.name().into())),
            node: (!is_homeless).then(|| "idc-bj-node-001".into()),
            phase: match self.story {
                Story::Waits | Story::Compiles => PodPhase::Pending,
                Story::FailsAtCompile => PodPhase::Failed,
                Story::Done => PodPhase::Succeeded,
            },
            reason: is_homeless.then(|| "Unschedulable".into()),
            message: is_homeless.then(|| "0/8 nodes are available: 8 Insufficient memory".into()),
            created: ago(self.asked),
            containers: containers.collect(),
            runs: Some(STAGES.into_iter().zip(times).take(so_far).map(run).collect()),
            ..Pod::default()
        }
    }
}

fn all() -> Vec<Built> {
    let built = |(team, app), commit: usize, (asked, took), story| Built {
        team,
        app,
        commit: COMMITS[commit],
        asked,
        took,
        story,
        leaving: false,
    };
    let gift = ("gift", "live-gift");
    vec![
        built(gift, 0, (95, 0), Story::Compiles),
        built(gift, 1, (3 * HOUR, 190), Story::Done),
        built(gift, 2, (26 * HOUR, 214), Story::Done),
        built(("feed", "rank"), 3, (40 * 60, 61), Story::FailsAtCompile),
        built(("search", "query"), 4, (150, 0), Story::Waits),
        built(("gift", "billing"), 6, (12 * 60, 180), Story::Done),
        Built {
            leaving: true,
            ..built(("feed", "timeline"), 5, (30, 0), Story::Compiles)
        },
    ]
}

/// The build that waited for a node is done now.
pub(crate) fn finish(bench: &mut super::screen::Bench) {
    let mut built = all().swap_remove(4);
    (built.took, built.story) = (140, Story::Done);
    let batch = |kind, object| pilothouse::domain::Batch {
        kind,
        namespace: "".into(),
        generation: 1,
        changes: vec![Change::Upsert(object)],
        sweep: false,
    };
    for (kind, object) in [
        (Kind::Pod, Object::Pod(Box::new(built.pod()))),
        (Kind::Job, Object::Workload(Box::new(built.job()))),
    ] {
        let report = ClusterReport::Batch(batch(kind, object));
        bench.send(pilothouse::message::Message::Cluster(ClusterId::new("idc-bj"), report));
    }
}

/// The small fleet with builds in its first cluster.
pub(crate) fn world() -> World {
    let mut world = fleet();
    let builds = all();
    let jobs = builds.iter().map(|built| Object::Workload(Box::new(built.job())));
    list(&mut world, "idc-bj", Kind::Job, jobs.collect());
    let pods = builds
        .iter()
        .map(|built| Change::Upsert(Object::Pod(Box::new(built.pod()))));
    let batch = pilothouse::domain::Batch {
        kind: Kind::Pod,
        namespace: "".into(),
        generation: 1,
        changes: pods.collect(),
        sweep: false,
    };
    world.apply(&ClusterId::new("idc-bj"), ClusterReport::Batch(batch), now());
    world
}
