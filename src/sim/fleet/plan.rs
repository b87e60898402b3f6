//! Which clusters a fleet has, and which apps are in each.

use super::apps::{App, Appetite, Story};
use super::build::Builder;
use super::extras;
use super::machines::{Group, Maker, Site};
use super::names::app;
use crate::sim::controllers::random::Random;
use crate::sim::load::Language;

/// One cluster before it is made.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) sites: Vec<(Site, Vec<Group>)>,
    pub(crate) apps: Vec<App>,
    pub(crate) stateful: Vec<App>,
    pub(crate) daemons: Vec<App>,
    /// Team and name of jobs that have ended, and how many hours ago they began.
    pub(crate) jobs: Vec<(&'static str, &'static str, i64)>,
    /// The node that died some minutes ago.
    pub(crate) dead: Option<&'static str>,
    pub(crate) measured: Measured,
}

/// Where the figures of a cluster come from, beside the node proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    /// Prometheus, as a Service.
    Prometheus,
    /// The node proxy alone.
    Cadvisor,
    /// `metrics.k8s.io`, for a user without the right to the node proxy.
    MetricsApi,
}

const IDC_A: Site = site("idc-bj-a", "bj-a", "cn-beijing", Maker::Own, (100, 32), 10);
const IDC_B: Site = site("idc-bj-b", "bj-b", "cn-beijing", Maker::Own, (100, 16), 20);
const ALIYUN: Site = site("aliyun-h", "ali-h", "cn-beijing", Maker::Aliyun, (120, 16), 30);
const MIXED_OWN: Site = site("mixed-sh", "sh-idc", "cn-shanghai", Maker::Own, (40, 16), 40);
const MIXED_CLOUD: Site = site("mixed-sh", "sh-ali", "cn-shanghai", Maker::Aliyun, (40, 16), 50);

const fn site(
    location: &'static str,
    prefix: &'static str,
    region: &'static str,
    maker: Maker,
    (machines, cores): (usize, i64),
    net: u8,
) -> Site {
    Site {
        location,
        prefix,
        region,
        maker,
        machines,
        cores,
        memory_gib: cores * 4,
        net,
    }
}

/// A location and the share of all generated apps it carries, in thousandths of their CPU.
const SHARES: [(&str, i64); 4] = [
    ("idc-bj-a", 455),
    ("idc-bj-b", 268),
    ("aliyun-h", 150),
    ("mixed-sh", 127),
];

/// How many apps the demo has, and how many of them the generator makes.
pub(crate) const APPS: usize = 700;
const GENERATED: usize = APPS - 8 - 10 - 2;
/// How many instances the generated apps have together.
const INSTANCES: i64 = 4740;

/// The three clusters of the demo.
pub(crate) fn demo(seed: u64) -> Vec<Plan> {
    let mut random = Random::new(seed ^ 0xf1ee7);
    let mut apps = heroes();
    apps.extend(spread((GENERATED, INSTANCES), &SHARES, true, &mut random));
    let at = |locations: &[&str]| -> Vec<App> {
        apps.iter()
            .filter(|app| locations.contains(&app.location))
            .cloned()
            .collect()
    };
    let exclusive = Group {
        name: "pay",
        machines: 4,
        exclusive: Some("checkout"),
    };
    let large = Group {
        name: "mem",
        machines: 7,
        exclusive: None,
    };
    let plan = |name, sites: Vec<(Site, Vec<Group>)>, apps, location| Plan {
        name,
        sites,
        apps,
        stateful: stateful(location),
        daemons: daemons(location),
        jobs: Vec::new(),
        dead: None,
        measured: Measured::Cadvisor,
    };
    let mut idc = plan(
        "idc-bj",
        vec![(IDC_A, vec![exclusive]), (IDC_B, vec![large])],
        at(&["idc-bj-a", "idc-bj-b"]),
        "idc-bj-a",
    );
    idc.dead = Some("bj-b-047");
    idc.measured = Measured::Prometheus;
    idc.jobs = vec![
        ("data", "export-daily", 9),
        ("pay", "reconcile-daily", 8),
        ("ads", "report-daily", 7),
        ("user", "visitor-cleanup", 5),
    ];
    let mut aliyun = plan("aliyun", vec![(ALIYUN, Vec::new())], at(&["aliyun-h"]), "aliyun-h");
    aliyun.jobs = vec![("video", "transcode-backfill", 11), ("search", "index-rebuild", 6)];
    let mut mixed = plan(
        "mixed-sh",
        vec![(MIXED_OWN, Vec::new()), (MIXED_CLOUD, Vec::new())],
        at(&["mixed-sh"]),
        "mixed-sh",
    );
    mixed.measured = Measured::MetricsApi;
    vec![idc, aliyun, mixed]
}

fn usual(team: &'static str, name: &str, language: Language, replicas: i64, location: &'static str) -> App {
    App {
        team,
        name: name.to_owned(),
        language,
        scale: 1,
        replicas,
        location,
        pinned: location.starts_with("idc"),
        group: None,
        exclusive: false,
        versions: 3,
        hours: 24 * 3,
        story: Story::Quiet,
        appetite: Appetite::Usual,
    }
}

/// The apps the story is about.
fn heroes() -> Vec<App> {
    use Language::{Go, Java, Python};
    vec![
        usual("feed", "timeline", Java, 120, "idc-bj-a"),
        App {
            hours: 24 * 3,
            ..usual("feed", "timeline", Java, 30, "aliyun-h")
        },
        App {
            hours: 24 * 40,
            versions: 2,
            ..usual("feed", "rank", Java, 24, "idc-bj-a")
        },
        App {
            story: Story::Gray {
                instances: 4,
                minutes: 9,
            },
            hours: 24 * 6,
            ..usual("gift", "live-gift", Java, 42, "idc-bj-a")
        },
        App {
            story: Story::GrayFails {
                instances: 2,
                minutes: 72,
                restarts: 18,
            },
            hours: 24 * 11,
            ..usual("im", "push", Go, 60, "idc-bj-a")
        },
        App {
            story: Story::NoRoom(2),
            group: Some("mem"),
            hours: 24 * 2,
            ..usual("user", "profile", Java, 58, "idc-bj-b")
        },
        App {
            hours: 30,
            appetite: Appetite::Surges,
            ..usual("live", "danmaku", Go, 36, "aliyun-h")
        },
        App {
            group: Some("pay"),
            exclusive: true,
            hours: 24 * 9,
            ..usual("pay", "checkout", Java, 16, "idc-bj-a")
        },
        App {
            story: Story::Restarts(660),
            hours: 24 * 5,
            ..usual("search", "spell", Python, 2, "mixed-sh")
        },
    ]
}

fn stateful(location: &'static str) -> Vec<App> {
    let names: &[(&'static str, &str, i64)] = match location {
        "idc-bj-a" => &[
            ("infra", "zookeeper", 5),
            ("infra", "kafka", 9),
            ("im", "session-store", 6),
            ("feed", "timeline-cache", 12),
        ],
        "aliyun-h" => &[
            ("infra", "kafka-mirror", 3),
            ("live", "room-state", 5),
            ("search", "index-store", 6),
        ],
        _ => &[
            ("infra", "etcd-config", 3),
            ("data", "clickhouse", 6),
            ("game", "match-state", 3),
        ],
    };
    names
        .iter()
        .map(|(team, name, replicas)| App {
            scale: 2,
            hours: 24 * 55,
            appetite: if *name == "index-store" {
                Appetite::Noisy
            } else {
                Appetite::Usual
            },
            ..usual(team, name, Language::Go, *replicas, location)
        })
        .collect()
}

fn daemons(location: &'static str) -> Vec<App> {
    ["node-agent", "net-agent"]
        .iter()
        .map(|name| App {
            pinned: false,
            hours: 24 * 80,
            scale: 0,
            ..usual("infra", name, Language::Go, 1, location)
        })
        .collect()
}

/// So many apps and instances with sizes after Pareto, shared out to locations by the CPU they ask for; some in
/// several clusters, if wanted.
fn spread(
    (count, instances): (usize, i64),
    shares: &[(&'static str, i64)],
    across: bool,
    random: &mut Random,
) -> Vec<App> {
    let heroes = heroes();
    let mut numbers = (0..).filter(|number| {
        let (team, name, _) = app(*number);
        !heroes.iter().any(|hero| hero.team == team.name && hero.name == name)
    });
    let weights: Vec<f64> = (0..count)
        .map(|_| (1.0 - random.fraction()).powf(-1.0 / 1.25).min(60.0))
        .collect();
    let total: f64 = weights.iter().sum();
    let mut loads: Vec<(i64, &'static str, i64)> = shares.iter().map(|(place, share)| (0, *place, *share)).collect();
    let mut apps = Vec::with_capacity(count);
    // Each has one instance; the rest is shared out by weight, and what rounding leaves goes on to the next.
    let rest = (instances - count as i64).max(0) as f64;
    let mut left_over = 0.0;
    for (index, weight) in weights.iter().enumerate() {
        let Some((team, name, language)) = numbers.next().map(app) else {
            break;
        };
        let share = weight / total * rest + left_over;
        left_over = share.fract();
        let replicas = 1 + share as i64;
        let cpu: i64 = language.parts().iter().map(|part| part.cpu).sum();
        // The location that is furthest behind its share.
        loads.sort_by_key(|(load, place, share)| (load * 1000 / share, *place));
        let Some((load, location, _)) = loads.first_mut() else {
            break;
        };
        let scale = if *location != "idc-bj-b" && index % 4 == 1 && replicas < 30 {
            2
        } else {
            1
        };
        *load += replicas * cpu * scale;
        let mut one = App {
            scale,
            versions: 1 + random.below(4) as usize,
            hours: 2 + random.below(24 * 60) as i64,
            ..usual(team.name, &name, language, replicas, location)
        };
        if let Some(other) = second(&one, index).filter(|_| across) {
            one.replicas -= other.replicas;
            apps.push(other);
        }
        apps.push(one);
    }
    apps
}

/// Every ninth app of several instances has some more in another cluster.
fn second(app: &App, index: usize) -> Option<App> {
    if index % 9 != 4 || app.replicas < 3 {
        return None;
    }
    let location = match app.location {
        "aliyun-h" => "mixed-sh",
        "mixed-sh" => "idc-bj-a",
        _ => "aliyun-h",
    };
    Some(App {
        location,
        pinned: location.starts_with("idc"),
        replicas: app.replicas / 3,
        ..app.clone()
    })
}

/// One plain cluster.
pub(crate) fn sized(seed: u64, nodes: usize, apps: usize, pods: usize) -> Plan {
    let mut random = Random::new(seed);
    let sites = [IDC_A, IDC_B, ALIYUN, MIXED_OWN];
    let machines = |index: usize| nodes / 4 + usize::from(index < nodes % 4);
    let shares: Vec<(&'static str, i64)> = sites
        .iter()
        .enumerate()
        .map(|(index, site)| (site.location, (machines(index) as i64).max(1)))
        .collect();
    let mut apps: Vec<App> = spread((apps, pods as i64), &shares, false, &mut random);
    for app in &mut apps {
        app.versions = 1;
        app.scale = 1;
        (app.pinned, app.group) = (false, None);
    }
    Plan {
        name: "sized",
        sites: sites
            .into_iter()
            .enumerate()
            .map(|(index, site)| {
                let roomy = Site {
                    machines: machines(index),
                    cores: 64,
                    memory_gib: 256,
                    ..site
                };
                (roomy, Vec::new())
            })
            .collect(),
        apps,
        stateful: Vec::new(),
        daemons: Vec::new(),
        jobs: Vec::new(),
        dead: None,
        measured: Measured::Cadvisor,
    }
}

/// Puts everything that runs into the cluster.
pub(crate) fn people(builder: &mut Builder, plan: &Plan) {
    for app in &plan.daemons {
        builder.daemon(app);
    }
    for app in &plan.stateful {
        builder.stateful(app);
    }
    for app in &plan.apps {
        builder.app(app);
    }
    for (team, name, hours) in &plan.jobs {
        extras::job(builder, team, name, *hours);
    }
    extras::policies(builder, &plan.apps);
    extras::quotas(builder);
    super::past::past(builder, plan);
}
