//! The program without a terminal: keys go in, what they ask for is done on simulated clusters, frames come out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use pilothouse::cluster::{Measuring, Rules, Target};
use pilothouse::domain::Timestamp;
use pilothouse::input::key::Sequence;
use pilothouse::input::keymap::{Keymap, Outcome, Pressed};
use pilothouse::message::{Effect, Message};
use pilothouse::metrics::source::Choice;
use pilothouse::model::Model;
use pilothouse::runtime::activity::ActivityLog;
use pilothouse::runtime::tasks::Tasks;
use pilothouse::runtime::{Handles, Perform, fleet};
use pilothouse::sim::{SimBody, Simulation};
use pilothouse::theme::Theme;
use pilothouse::view::{Viewports, draw};
use pilothouse::world::{ClusterSetup, World};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::{DEPLOYMENT, Sent, Wire, pass, send, with_app};
use crate::support::fleet::moment;
use crate::support::screen::{settings, text};

/// Longer than any phase takes; time is simulated.
const PATIENCE: Duration = Duration::from_mins(5);

/// One simulated cluster behind its wire.
pub(super) struct Server {
    pub(super) simulation: Simulation,
    wire: Arc<Mutex<Wire>>,
    /// Writes that are no dry runs wait for it, where there is one.
    pub(super) gate: Arc<Mutex<Option<Arc<Notify>>>>,
}

impl Server {
    /// What was sent to Deployments that is no dry run.
    pub(super) fn written(&self) -> Vec<Sent> {
        let wire = self.wire.lock().unwrap();
        let all = wire.sent.iter();
        let real = all.filter(|sent| sent.path.contains("/deployments/") && !sent.path.contains("dryRun"));
        real.cloned().collect()
    }

    /// Whether anything at all was sent that could change something.
    pub(super) fn is_untouched(&self) -> bool {
        self.wire.lock().unwrap().sent.is_empty()
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        send(&self.simulation, "GET", path, "application/json", &Value::Null)
            .await
            .1
    }

    pub(super) async fn deployment(&self) -> Value {
        self.get(DEPLOYMENT).await
    }

    /// Somebody else changes the Deployment.
    pub(super) async fn patch(&self, patch: &Value) {
        self.patch_as("somebody", patch).await;
    }

    /// The same with a tool that says its name.
    pub(super) async fn patch_as(&self, manager: &str, patch: &Value) {
        let path = format!("{DEPLOYMENT}?fieldManager={manager}");
        let (code, _) = send(&self.simulation, "PATCH", &path, "application/json-patch+json", patch).await;
        assert_eq!(code, 200);
    }

    /// Instances in all, of the newest template, ready.
    pub(super) async fn counts(&self) -> [i64; 3] {
        let deployment = self.deployment().await;
        ["replicas", "updatedReplicas", "readyReplicas"].map(|field| deployment["status"][field].as_i64().unwrap_or(0))
    }

    pub(super) async fn image(&self) -> String {
        let image = "/spec/template/spec/containers/0/image";
        self.deployment()
            .await
            .pointer(image)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// The program over its clusters.
pub(super) struct Driven {
    pub(super) model: Model,
    pub(super) servers: Vec<Server>,
    keymap: Keymap,
    pressed: Pressed,
    perform: Perform,
    tasks: Tasks,
    messages: mpsc::Receiver<Message>,
    viewports: Viewports,
    began: (Instant, Timestamp),
    size: (u16, u16),
    pub(super) folder: tempfile::TempDir,
    pub(super) quit: bool,
}

/// How a cluster is set up, by its name.
pub(super) type SetUp = fn(&str) -> ClusterSetup;

impl Driven {
    /// The program over a cluster with an app of ten instances, on the list of apps.
    pub(super) async fn new() -> Self {
        Self::over(&["sim"], ClusterSetup::named, false).await
    }

    /// The same over several clusters; `forbidden`: the server says that one may not patch.
    pub(super) async fn over(names: &[&str], set_up: SetUp, forbidden: bool) -> Self {
        let mut servers = Vec::new();
        let mut members = Vec::new();
        let setups: Vec<ClusterSetup> = names.iter().map(|name| set_up(name)).collect();
        for setup in &setups {
            let server = Server {
                simulation: with_app().await,
                wire: Arc::default(),
                gate: Arc::default(),
            };
            let (simulation, wire) = (server.simulation.clone(), Arc::clone(&server.wire));
            let gate = Arc::clone(&server.gate);
            let target = Target::in_process(setup.id.clone(), move |request| {
                let (simulation, wire, gate) = (simulation.clone(), Arc::clone(&wire), Arc::clone(&gate));
                async move { answer(&simulation, &wire, (&gate, forbidden), request).await }
            });
            let target = target
                .with_seed(7)
                .with_readonly(setup.readonly)
                .with_freezes(setup.freezes.clone());
            let measuring = Measuring {
                choice: Choice::Off,
                ..Measuring::default()
            };
            members.push((target, Arc::new(Rules::default()), measuring));
            servers.push(server);
        }
        let (sender, messages) = mpsc::channel(1024);
        let handles = Handles {
            messages: sender,
            runtime: tokio::runtime::Handle::current(),
        };
        let folder = tempfile::tempdir().unwrap();
        let activity = ActivityLog::open(Some(&folder.path().join("activity.jsonl")), "oncall@jump1".into());
        let beside = fleet::Beside::default();
        let mut driven = Self {
            model: Model::new(World::new(setups), settings(), Utc::now()),
            perform: fleet::start(members, beside, folder.path().into(), activity, &handles),
            servers,
            keymap: Keymap::shipped("default").unwrap(),
            pressed: Pressed::default(),
            tasks: Tasks::default(),
            messages,
            viewports: Viewports::default(),
            began: (Instant::now(), Utc::now()),
            size: (120, 40),
            folder,
            quit: false,
        };
        driven.update(Message::Resize { width: 120, height: 40 });
        driven.press("3");
        let all = format!("{0}/{0}", 10 * names.len());
        driven
            .until("all are there", |frame| {
                frame.contains(&all) && frame.contains("● stable")
            })
            .await;
        driven
    }

    fn update(&mut self, message: Message) {
        for effect in pilothouse::update::update(&mut self.model, message) {
            self.quit |= effect == Effect::Quit;
            if let Some(work) = (self.perform)(effect) {
                self.tasks.start(work);
            }
        }
    }

    /// Presses keys one after the other, without a look in between.
    pub(super) fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let key = Sequence::parse(key).unwrap().0.remove(0);
            let (outcome, keys) = self.pressed.next(&self.keymap, self.model.mode(), key);
            self.update(match outcome {
                Outcome::Bound(action) => Message::Act(action),
                Outcome::Text(c) => Message::Text(c),
                Outcome::Unbound => Message::Unbound(keys.to_string()),
                Outcome::Pending(following) => {
                    let following = following.into_iter().map(|(keys, action)| (keys.to_string(), action));
                    Message::Pending(keys.to_string(), following.collect())
                }
            });
        }
    }

    pub(super) fn type_in(&mut self, typed: &str) {
        for c in typed.chars() {
            self.update(Message::Text(c));
        }
    }

    pub(super) fn paste(&mut self, pasted: &str) {
        self.update(Message::Paste(pasted.to_owned()));
    }

    /// Draws what a person sees now.
    pub(super) fn frame(&mut self) -> String {
        let (width, height) = self.size;
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        draw(
            &self.model,
            &Theme::shipped("dark"),
            &mut self.viewports,
            &mut buffer,
            area,
        );
        self.model.seen();
        text(&buffer)
    }

    /// The frame in another size, without its first line, where the time is.
    pub(super) fn frame_of(&mut self, (width, height): (u16, u16)) -> String {
        self.size = (width, height);
        self.update(Message::Resize { width, height });
        let frame = self.frame();
        frame.split_once('\n').unwrap().1.to_owned()
    }

    /// Lets time pass until a frame is as it should be.
    pub(super) async fn until(&mut self, what: &str, is_met: impl Fn(&str) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let frame = self.frame();
            if is_met(&frame) {
                return;
            }
            assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}\n{frame}");
            self.step().await;
        }
    }

    /// Lets so much time pass.
    pub(super) async fn rest(&mut self, how_long: Duration) {
        let end = Instant::now() + how_long;
        while Instant::now() < end {
            self.frame();
            self.step().await;
        }
    }

    /// Takes what comes next, or a second that passes.
    async fn step(&mut self) {
        let message = tokio::select! {
            biased;
            message = self.messages.recv() => message,
            answer = self.tasks.next() => answer,
            () = tokio::time::sleep(Duration::from_secs(1)) => None,
        };
        if let Some(message) = message {
            self.update(message);
        }
        let passed = i64::try_from(self.began.0.elapsed().as_secs()).unwrap();
        self.update(Message::Tick(
            self.began.1 + chrono::TimeDelta::seconds(passed),
            moment(passed),
        ));
    }

    /// The lines of the activity log that tell writes.
    pub(super) fn attempts(&self) -> Vec<Value> {
        let file = self.folder.path().join("activity.jsonl");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["attempt"].is_object()).collect()
    }
}

async fn answer(
    simulation: &Simulation,
    wire: &Mutex<Wire>,
    (gate, forbidden): (&Mutex<Option<Arc<Notify>>>, bool),
    request: http::Request<Bytes>,
) -> std::io::Result<http::Response<SimBody>> {
    let asked = String::from_utf8_lossy(request.body()).into_owned();
    if forbidden && request.uri().path().ends_with("selfsubjectaccessreviews") && asked.contains("\"patch\"") {
        let body = json!({"status": {"allowed": false}}).to_string();
        let answer = http::Response::builder()
            .status(201)
            .header("content-type", "application/json");
        return Ok(answer.body(SimBody::whole(body)).unwrap());
    }
    let is_write = request.method() == "PATCH" && !request.uri().to_string().contains("dryRun");
    let held = gate.lock().unwrap().clone().filter(|_| is_write);
    if let Some(held) = held {
        held.notified().await;
    }
    pass(simulation, wire, request).await
}
