//! A program without a terminal: actions go in, frames come out as text.

use pilothouse::domain::{Batch, Change, ClusterId, ClusterReport, Kind, Object, Timestamp, Workload};
use pilothouse::input::Keymap;
use pilothouse::message::{Action, Effect, Message};
use pilothouse::model::{Model, Settings};
use pilothouse::theme::Theme;
use pilothouse::update::update;
use pilothouse::view::{Viewports, draw};
use pilothouse::world::World;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The program in a test.
pub(crate) struct Bench {
    pub(crate) model: Model,
    pub(crate) theme: Theme,
    viewports: Viewports,
}

pub(crate) fn settings() -> Settings {
    Settings {
        clock_offset_minutes: 480,
        bindings: Keymap::shipped("default").unwrap().table(),
        ..Settings::default()
    }
}

impl Bench {
    pub(crate) fn new(world: World, now: Timestamp) -> Self {
        let mut bench = Self {
            model: Model::new(world, settings(), now),
            theme: Theme::shipped("dark"),
            viewports: Viewports::default(),
        };
        bench.send(Message::Tick(now, super::fleet::moment(0)));
        bench
    }

    /// The program over the small fleet.
    pub(crate) fn fleet() -> Self {
        Self::new(super::fleet::world(), super::fleet::now())
    }

    pub(crate) fn act(&mut self, actions: &[Action]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for &action in actions {
            effects.extend(update(&mut self.model, Message::Act(action)));
        }
        effects
    }

    pub(crate) fn send(&mut self, message: Message) -> Vec<Effect> {
        update(&mut self.model, message)
    }

    /// A Deployment is told as it is now.
    pub(crate) fn tell_deployment(&mut self, cluster: ClusterId, workload: Workload) {
        let batch = Batch {
            kind: Kind::Deployment,
            namespace: "".into(),
            generation: 1,
            changes: vec![Change::Upsert(Object::Workload(Box::new(workload)))],
            sweep: false,
        };
        self.send(Message::Cluster(cluster, ClusterReport::Batch(batch)));
    }

    pub(crate) fn text(&mut self, text: &str) {
        for c in text.chars() {
            let _ = update(&mut self.model, Message::Text(c));
        }
    }

    /// Filters the list, with the field closed after.
    pub(crate) fn filter(&mut self, text: &str) {
        self.act(&[Action::Filter, Action::EraseAll]);
        self.text(text);
        self.act(&[Action::Accept]);
    }

    pub(crate) fn buffer(&mut self, width: u16, height: u16) -> Buffer {
        let _ = update(&mut self.model, Message::Resize { width, height });
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        draw(&self.model, &self.theme, &mut self.viewports, &mut buffer, area);
        self.model.seen();
        buffer
    }

    pub(crate) fn frame(&mut self, width: u16, height: u16) -> String {
        text(&self.buffer(width, height))
    }
}

/// What each list is called and shown by.
pub(crate) const LISTS: [(&str, Action); 5] = [
    ("fleet", Action::ShowFleet),
    ("locations", Action::ShowLocations),
    ("apps", Action::ShowApps),
    ("instances", Action::ShowInstances),
    ("nodes", Action::ShowNodes),
];

/// What `lead` leads to from a bench, drawn in these sizes: each with its name.
pub(crate) fn frames(
    name: &str,
    sizes: &[(u16, u16)],
    start: impl Fn() -> Bench,
    lead: impl Fn(&mut Bench),
) -> Vec<(String, String)> {
    let frame = |&(width, height): &(u16, u16)| {
        let mut bench = start();
        lead(&mut bench);
        (format!("{name}-{width}x{height}"), bench.frame(width, height))
    };
    sizes.iter().map(frame).collect()
}

/// A buffer's text, line by line, without trailing blanks.
pub(crate) fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let line: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
