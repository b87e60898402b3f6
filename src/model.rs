//! The one owner of state: the world, the screens gone through, what lies over them, notices.
//!
//! [`Model::settle`] makes rows follow the world at a pace that their number allows; everything else
//! changes through [`crate::update::update`].

pub mod access;
mod activity;
mod authors;
mod builds;
pub(crate) mod commits;
mod events;
mod help;
pub(crate) mod instances;
mod intents;
pub mod logs;
mod meant;
pub mod release;
pub mod sorting;
pub mod trail;

use std::collections::{BTreeMap, BTreeSet};

use crate::build::sources::Sources;
use crate::domain::{AppKey, Clean, ClusterId, Link, Moment, ObjectKey, Timestamp};
use crate::logs::save::Progress;
use crate::message::{Action, Binding, Mode, Trouble};
use crate::metrics::source::Wanted;
use crate::metrics::{Figure, Thresholds};
use crate::notice::Notices;
use crate::overlays::{Draft, LogField, Overlay};
use crate::screens::activity::Entry;
use crate::screens::builds::is_any_under_way;
use crate::screens::{Context, Rows, Screen, ScreenKind};
use crate::world::{Scope, World};

pub use intents::BESIDE;
use logs::Logs;
use release::Writing;
pub use trail::Trail;

/// The least room the program is shown in: columns and lines. In less nothing but leaving works.
pub const LEAST: (u16, u16) = (60, 15);

/// What was decided before the program began.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Who gives the orders, such as `oncall@jump1`.
    pub person: Clean,
    /// Minutes east of UTC, for the clock.
    pub clock_offset_minutes: i32,
    /// The live keymap, in the order help shows it.
    pub bindings: Vec<Binding>,
    /// The scope to begin with.
    pub scope: Scope,
    /// The simulated clusters are shown.
    pub demo: bool,
    /// What is wrong in the configuration, the keymap and the theme.
    pub problems: Vec<Trouble>,
    /// From which share of its bound on use is high or critical.
    pub thresholds: Thresholds,
    /// Logs open at a time in one cluster, where fewer than [`crate::logs::plan::FOLLOW_LIMIT`] may be.
    pub follow_limit: Option<usize>,
    /// What the configuration says of the source of apps.
    pub sources: Sources,
}

/// Everything the program knows and shows.
#[derive(Debug)]
pub struct Model {
    pub(crate) world: World,
    pub(crate) settings: Settings,
    pub(crate) now: Timestamp,
    /// The same on the clock that nobody sets, for the ages of links.
    pub(crate) moment: Moment,
    pub(crate) size: (u16, u16),
    pub(crate) scope: Scope,
    pub(crate) trail: Trail,
    pub(crate) overlays: Vec<Overlay>,
    pub(crate) notices: Notices,
    pub(crate) activity: Vec<Entry>,
    pub(crate) entries: u64,
    pub(crate) wide: bool,
    /// Columns hidden to the left.
    pub(crate) shift: usize,
    /// Keys that begin a longer sequence, with what may follow.
    pub(crate) pending: Option<(String, Vec<(String, Action)>)>,
    /// What was last asked to be measured.
    pub(crate) wanted: BTreeMap<ClusterId, Wanted>,
    /// The figure that was chosen last, until it is not any more.
    pub(crate) figure: Option<Figure>,
    /// The logs on screen.
    pub(crate) logs: Option<Logs>,
    /// The number of the last request of logs that are closed.
    pub(crate) log_requests: u64,
    /// What was looked for in logs, filtered by, gone to: the last one last.
    pub(crate) typed: Vec<(LogField, String)>,
    /// A person was told that leaving now leaves a file that is not whole.
    pub(crate) is_loss_told: bool,
    /// Of what logs are being saved, and how far that is.
    pub(crate) saving: Option<(Clean, Progress)>,
    /// The number of the visit of the screen on top.
    pub(crate) visit: u64,
    /// The step of a release that a version is chosen for.
    pub(crate) draft: Option<Draft>,
    /// The commits that are picked from.
    pub(crate) picking: Option<commits::Picking>,
    /// Builds whose gray release is shown for a yes once they are done.
    pub(crate) gray_after: BTreeSet<(ClusterId, ObjectKey)>,
    /// Addresses of repositories that were typed, by their apps.
    pub(crate) repos: BTreeMap<AppKey, String>,
    /// The number of the last order to a cluster.
    pub(crate) tickets: u64,
    /// The app of what waits for a yes, which others see to be released from here.
    pub(crate) claimed: Option<(ClusterId, AppKey)>,
    /// Writes that are under way.
    pub(crate) writes: Vec<Writing>,
    /// Until when they are waited for by who wants to leave.
    pub(crate) leaving: Option<Timestamp>,
    derived_at: Option<Timestamp>,
    latest: Timestamp,
    version: u64,
}

impl Model {
    /// A model that shows the fleet.
    pub fn new(world: World, settings: Settings, now: Timestamp) -> Self {
        let mut model = Self {
            world,
            scope: settings.scope.clone(),
            settings,
            now,
            moment: Moment::default(),
            size: (80, 24),
            trail: Trail::default(),
            overlays: Vec::new(),
            notices: Notices::default(),
            activity: Vec::new(),
            entries: 0,
            wide: false,
            shift: 0,
            pending: None,
            wanted: BTreeMap::new(),
            figure: None,
            logs: None,
            log_requests: 0,
            typed: Vec::new(),
            is_loss_told: false,
            saving: None,
            visit: 0,
            draft: None,
            picking: None,
            gray_after: BTreeSet::new(),
            repos: BTreeMap::new(),
            tickets: 0,
            claimed: None,
            writes: Vec::new(),
            leaving: None,
            derived_at: None,
            latest: now,
            version: 1,
        };
        model.settle(now);
        model
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn screen(&self) -> &Screen {
        self.trail.top()
    }

    /// Where keys go now.
    pub fn mode(&self) -> Mode {
        if self.is_too_small() {
            return Mode::Screen;
        }
        match self.overlays.last() {
            None if matches!(self.screen().kind, ScreenKind::Logs(_)) => Mode::Logs,
            None => Mode::Screen,
            Some(Overlay::Filter { .. } | Overlay::LogField { .. } | Overlay::HowMany(_)) => Mode::Prompt,
            Some(Overlay::Confirm(confirm)) if confirm.is_typing() => Mode::Prompt,
            Some(Overlay::Confirm(_) | Overlay::Building(_)) => Mode::Confirm,
            Some(Overlay::Picker(_)) => Mode::Picker,
            Some(Overlay::Help { .. } | Overlay::LogLine(_)) => Mode::Reader,
        }
    }

    /// Whether the terminal is too small to show what a key does.
    pub fn is_too_small(&self) -> bool {
        self.size.0 < LEAST.0 || self.size.1 < LEAST.1
    }

    /// Raised by whatever changes what is seen: a frame of the same version is the same frame.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Says that the next frame is different.
    pub(crate) fn touch(&mut self) {
        self.version += 1;
    }

    /// Lets the rows on screen follow the world, if they are behind and it is time; call it before a
    /// frame may be drawn. Says whether the next frame is different.
    ///
    /// The more rows there are, the longer the pause between: making them never takes more than a few
    /// percent of a core. A key that changes the list does not wait for this.
    pub fn settle(&mut self, now: Timestamp) -> bool {
        let before = self.version;
        // Messages carry no time: between two ticks the latest that was heard of counts.
        self.latest = self.latest.max(now);
        let now = self.latest;
        let scope = self.trail.top().scope(&self.scope);
        if self.trail.top().is_current(self.world.version(), &scope) {
            return false;
        }
        let due = match self.derived_at {
            Some(at) if self.trail.top().has_rows() => (now - at).num_milliseconds() >= self.pause_milliseconds(),
            _ => true,
        };
        if due {
            self.derived_at = Some(now);
            self.derive();
        }
        self.version != before
    }

    fn pause_milliseconds(&self) -> i64 {
        let rows = self.trail.top().list.total().max(self.world.instance_count() / 10) as i64;
        // Half a second at 6,000 rows: about one percent of a core.
        (rows / 12).min(2_000)
    }

    /// Makes the rows on screen anew, now.
    pub(crate) fn derive(&mut self) {
        let scope = self.trail.top().scope(&self.scope);
        self.with_screen(&scope, Screen::derive);
        self.touch();
    }

    /// Does something with the screen on top and what it may look at.
    pub(crate) fn with_screen<T>(&mut self, scope: &Scope, act: impl FnOnce(&mut Screen, Context<'_>) -> T) -> T {
        let ctx = Context {
            world: &self.world,
            scope,
            clock: self.now,
            now: minute(self.now),
            moment: self.moment,
            activity: &self.activity,
            problems: &self.settings.problems,
            thresholds: self.settings.thresholds,
            figure: self.trail.top().figure,
            clock_offset_minutes: self.settings.clock_offset_minutes,
        };
        act(self.trail.top_mut(), ctx)
    }

    /// The scope of the screen on top.
    pub fn scope_here(&self) -> Scope {
        self.trail.top().scope(&self.scope)
    }

    /// What the screen on top may look at.
    pub fn context<'a>(&'a self, scope: &'a Scope) -> Context<'a> {
        Context {
            world: &self.world,
            scope,
            clock: self.now,
            now: minute(self.now),
            moment: self.moment,
            activity: &self.activity,
            problems: &self.settings.problems,
            thresholds: self.settings.thresholds,
            figure: self.trail.top().figure,
            clock_offset_minutes: self.settings.clock_offset_minutes,
        }
    }

    /// Rows of a list that are seen at once, about.
    pub(crate) fn page(&self) -> isize {
        isize::try_from(self.size.1.saturating_sub(6)).unwrap_or(1).max(1)
    }

    /// How far the lines above the list can be scrolled: 0 if all of them are in sight.
    pub(crate) fn facts_most(&self) -> usize {
        let scope = self.scope_here();
        let all = crate::screens::facts::facts(&self.trail.top().kind, &self.context(&scope)).len();
        let in_sight = crate::screens::facts::in_sight(self.size.1.saturating_sub(2));
        if all <= in_sight { 0 } else { all + 1 - in_sight.max(2) }
    }

    /// The keys that are bound to an action here, the easiest to press of them.
    pub fn keys_of(&self, mode: Mode, action: Action) -> Option<&str> {
        let bindings = &self.settings.bindings;
        let is_own = |keys: &str| bindings.iter().any(|b| b.mode == mode && b.keys == keys);
        let is_in = |binding: &&Binding| {
            binding.mode == mode || (mode == Mode::Logs && binding.mode == Mode::Screen && !is_own(&binding.keys))
        };
        let bindings = bindings.iter().filter(is_in);
        bindings
            .filter(|binding| binding.action == action)
            .map(|binding| binding.keys.as_str())
            .min_by_key(|keys| (keys.contains("ctrl-") || keys.contains("alt-"), keys.len()))
    }

    /// Takes note of the time; says whether what is seen changes with it.
    pub(crate) fn pass_time(&mut self, now: Timestamp, moment: Moment) -> bool {
        let minute_turned = minute(now) != minute(self.now);
        let mut clusters = self.world.clusters().iter();
        let ageing = clusters.any(|cluster| matches!(cluster.link, Link::Stale { .. }));
        self.now = now;
        self.moment = moment;
        // A clock that was set back must not hold rows back.
        if self.latest > now + chrono::TimeDelta::seconds(5) {
            self.latest = now;
            self.derived_at = None;
        }
        let goes_on = match &self.trail.top().rows {
            Rows::Builds(rows) => is_any_under_way(rows),
            Rows::Stages(build) => build.as_ref().is_some_and(|build| !build.state.is_over()),
            _ => false,
        };
        let expired = self.notices.expire(now);
        if minute_turned {
            self.trail.top_mut().outdate();
        }
        minute_turned || ageing || goes_on || expired
    }
}

/// The minute a moment is in.
fn minute(at: Timestamp) -> Timestamp {
    let seconds = at.timestamp();
    Timestamp::from_timestamp(seconds - seconds.rem_euclid(60), 0).unwrap_or(at)
}
