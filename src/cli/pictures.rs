//! Pictures of the demo for README: fixed scenes of a fixed fleet at a fixed time, drawn by the program itself.

mod figures;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use chrono::DateTime;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::Failure;
use super::args::Args;
use super::fleet::block_on;
use super::simulated;
use super::watch;
use crate::config::Config;
use crate::domain::cluster::Identity;
use crate::domain::{ClusterReport, Kind, Moment, Timestamp};
use crate::input::Keymap;
use crate::logs::{News, Request, What};
use crate::message::{Action, Effect, Message};
use crate::model::{Model, Settings};
use crate::runtime::Exit;
use crate::theme::Theme;
use crate::update::update;
use crate::view::{Viewports, draw};
use crate::widgets::svg::{Paper, render};
use crate::world::World;

/// When the pictures were taken: the start of an evening peak, 18:40 in the company's time.
const MOMENT: i64 = 1_790_073_600;

/// Minutes east of UTC where the company is.
const OFFSET: i32 = 480;

/// One picture: its name, theme and size, and the way there from the first screen.
struct Scene {
    name: &'static str,
    theme: &'static str,
    size: (u16, u16),
    way: &'static [Step],
}

enum Step {
    Do(Action),
    Type(&'static str),
}

use Step::{Do, Type};

const SCENES: [Scene; 12] = [
    Scene {
        name: "fleet",
        theme: "dark",
        size: (140, 15),
        way: &[Do(Action::ShowFleet)],
    },
    Scene {
        name: "locations",
        theme: "dark",
        size: (140, 15),
        way: &[Do(Action::ShowLocations)],
    },
    Scene {
        name: "apps",
        theme: "dark",
        size: (140, 30),
        way: &[Do(Action::ShowApps)],
    },
    Scene {
        name: "app",
        theme: "dark",
        size: (140, 34),
        way: &[
            Do(Action::ShowApps),
            Do(Action::Filter),
            Type("live-gift"),
            Do(Action::Accept),
            Do(Action::Open),
        ],
    },
    Scene {
        name: "instances",
        theme: "dark",
        size: (140, 15),
        way: &[
            Do(Action::ShowInstances),
            Do(Action::Filter),
            Type("status=CrashLoopBackOff"),
        ],
    },
    Scene {
        name: "node",
        theme: "dark",
        size: (140, 34),
        way: &[Do(Action::ShowNodes), Do(Action::Open)],
    },
    Scene {
        name: "container",
        theme: "dark",
        size: (140, 40),
        way: &[
            Do(Action::ShowInstances),
            Do(Action::Filter),
            Type("live-gift status=Running"),
            Do(Action::Accept),
            Do(Action::Open),
            Do(Action::Open),
        ],
    },
    Scene {
        name: "grown",
        theme: "dark",
        size: (170, 20),
        way: &[Do(Action::ShowApps), Do(Action::SortByGrowth)],
    },
    Scene {
        name: "logs",
        theme: "dark",
        size: (140, 30),
        way: &[
            Do(Action::ShowApps),
            Do(Action::Filter),
            Type("live-gift"),
            Do(Action::Accept),
            Do(Action::Logs),
        ],
    },
    Scene {
        name: "divided",
        theme: "dark",
        size: (160, 24),
        way: &[
            Do(Action::ShowApps),
            Do(Action::Filter),
            Type("im/push"),
            Do(Action::Accept),
            Do(Action::DivideLogs),
        ],
    },
    Scene {
        name: "palette",
        theme: "dark",
        size: (120, 24),
        way: &[Do(Action::ShowApps), Do(Action::Palette), Type("gift")],
    },
    Scene {
        name: "light",
        theme: "light",
        size: (140, 24),
        way: &[Do(Action::ShowApps)],
    },
];

/// `pilothouse demo screenshot`
pub(super) fn write(folder: &Path, out: &mut dyn Write) -> Result<Exit, Failure> {
    std::fs::create_dir_all(folder)?;
    for (name, picture) in pictures()? {
        let path = folder.join(format!("{name}.svg"));
        std::fs::write(&path, picture)?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(Exit(Exit::DONE))
}

/// Every picture by name, as SVG. The same program gives the same pictures.
///
/// # Errors
/// The simulated clusters did not answer, which is a bug.
pub fn pictures() -> Result<Vec<(&'static str, String)>, Failure> {
    let now: Timestamp = DateTime::from_timestamp(MOMENT, 0).unwrap_or_default();
    block_on(async {
        let fleet = simulated::Fleet::still(now);
        let known = known(&fleet).await?;
        let uses = fleet
            .clusters()
            .await?
            .into_iter()
            .map(|(_, simulation)| simulation.uses());
        let members: Vec<figures::Member> = known.clusters.iter().cloned().zip(uses).collect();
        let mut world = in_step(known.world, now);
        figures::past(&mut world, &members, now).await;
        let mut drawn = Vec::new();
        for scene in &SCENES {
            let picture;
            (picture, world) = draw_scene(scene, world, &members, now).await;
            drawn.push((scene.name, picture));
        }
        known.cancel.cancel();
        Ok(drawn)
    })?
}

/// The demo's fleet, watched by the code that watches real ones.
async fn known(fleet: &simulated::Fleet) -> Result<watch::Known, Failure> {
    let members = simulated::members_of(fleet, &Args::default(), &Config::default());
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !kind.is_custom()).collect();
    let known = watch::until_known(&members, &kinds, Duration::from_mins(1)).await;
    match known.missing.first_key_value() {
        None => Ok(known),
        Some((cluster, gaps)) => Err(Failure::failed(
            format!("{cluster}: {}", gaps.first().map_or("no answer", |gap| gap.as_str())),
            "",
        )),
    }
}

/// The same world with the clusters' clocks as the pictures': it was watched by this machine's, which says today.
fn in_step(mut world: World, now: Timestamp) -> World {
    let identities = world.clusters().iter().map(|cluster| {
        let identity = Identity {
            clock_skew: Some(0),
            ..cluster.identity.clone()
        };
        (cluster.id.clone(), identity)
    });
    for (id, identity) in identities.collect::<Vec<_>>() {
        world.apply(&id, ClusterReport::Identity(identity), now);
    }
    world
}

/// Draws a scene; gives the world back for the next.
async fn draw_scene(scene: &Scene, world: World, members: &[figures::Member], now: Timestamp) -> (String, World) {
    let settings = Settings {
        clock_offset_minutes: OFFSET,
        bindings: Keymap::shipped("default").unwrap_or_default().table(),
        demo: true,
        ..Settings::default()
    };
    let (width, height) = scene.size;
    let mut model = Model::new(world, settings, now);
    let (mut shown, mut logs) = (BTreeSet::new(), Vec::new());
    let mut tell = |model: &mut Model, message| {
        for effect in update(model, message) {
            match effect {
                Effect::Measure(id, wanted) => {
                    shown.retain(|(of, _)| *of != id);
                    shown.extend(wanted.pods.iter().map(|pod| (id.clone(), pod.clone())));
                }
                Effect::ReadLog(request) => logs.push(*request),
                // Nothing else is done behind a picture.
                _ => {}
            }
        }
    };
    tell(&mut model, Message::Resize { width, height });
    for step in scene.way {
        match step {
            Do(action) => tell(&mut model, Message::Act(*action)),
            Type(text) => text.chars().for_each(|c| tell(&mut model, Message::Text(c))),
        }
    }
    // What is wanted is said once a second.
    tell(&mut model, Message::Tick(now, Moment::default()));
    figures::closely(&mut model, members, &shown, now);
    for request in logs {
        for news in read(members, request).await {
            let _ = update(&mut model, Message::Log(news));
        }
    }
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(
        &model,
        &Theme::shipped(scene.theme),
        &mut Viewports::default(),
        &mut buffer,
        area,
    );
    let paper = if scene.theme == "light" {
        Paper::LIGHT
    } else {
        Paper::DARK
    };
    (
        render(&buffer, &format!("pilothouse: {}", scene.name), paper),
        model.world,
    )
}

/// What a log holds now: as if more were still to come.
async fn read(members: &[figures::Member], mut request: Request) -> Vec<News> {
    request.follow = false;
    let Some((cluster, _)) = members
        .iter()
        .find(|(cluster, _)| *cluster.id() == request.slot.cluster)
    else {
        return Vec::new();
    };
    let (sender, mut pieces) = mpsc::channel(1 << 12);
    // A log that cannot be read is an empty one.
    drop(cluster.read_log(&request, &sender).await);
    drop(sender);
    let mut news = Vec::new();
    while let Some(piece) = pieces.recv().await {
        news.push(News {
            slot: request.slot.clone(),
            number: request.number,
            what: What::Piece(piece),
        });
    }
    news
}
