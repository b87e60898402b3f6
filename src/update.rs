//! Everything that happens goes through here: a message in, effects out; pure and total.

mod authors;
mod building;
mod commits;
mod goto;
mod last_lines;
mod list;
mod logs;
mod measure;
mod overlay;
mod release;

use crate::domain::access::Right;
use crate::domain::observation::{Batch, Change, ClusterReport, Object};
use crate::domain::{Access, Clean, ClusterId, Event, Kind, Link, Moment, ResourceRef, Timestamp, Verb};
use crate::message::{Action, Effect, Message, Severity, Trouble};
use crate::model::Model;
use crate::notice::Notices;
use crate::overlays::Overlay;
use crate::screens::ScreenKind;

/// Takes a message in and answers with what is to be done.
#[must_use]
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let pending = matches!(message, Message::Pending(..));
    let from_person = pending || is_from_person(&message);
    if from_person && !pending && model.pending.take().is_some() {
        model.touch();
    }
    let visited = (from_person && !pending).then(|| begin(model));
    let mut effects = take(model, message);
    if let Some((_, told)) = visited.filter(|(kind, _)| model.trail.top().kind != *kind) {
        model.notices.move_on(&told, model.visit);
        model.visit += 1;
    }
    effects.extend(logs::accompany(model));
    effects.extend(release::accompany(model));
    effects.extend(building::accompany(model));
    logs::warn_of_part(model, &mut effects);
    release::wait(model, &mut effects);
    let now = model.now;
    model.settle(now);
    effects
}

/// Takes one message in.
fn take(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Act(action) => act(model, action),
        Message::Text(_) | Message::Paste(_) | Message::Unbound(_) | Message::Pending(..) if model.is_too_small() => {
            Vec::new()
        }
        Message::Text(c) => overlay::insert(model, c.encode_utf8(&mut [0; 4])),
        // A paste decides nothing, and says nothing that does.
        Message::Paste(_) if matches!(model.overlays.last(), Some(Overlay::Confirm(_) | Overlay::Building(_))) => {
            Vec::new()
        }
        Message::Paste(text) => overlay::insert(model, &text),
        Message::Unbound(keys) => unbound(model, &keys),
        Message::Pending(keys, next) => {
            let releases = next.iter().any(|(_, action)| action.step().is_some());
            model.pending = Some((keys, next));
            model.touch();
            if releases { release::review(model) } else { Vec::new() }
        }
        Message::Cluster(id, report) => {
            let review = review(model, &id, &report);
            reported(model, &id, report);
            review
        }
        Message::Metrics(id, report) => {
            model.world.measured(&id, report);
            Vec::new()
        }
        Message::Log(news) => logs::arrived(model, &news),
        Message::Saving(news) => logs::saving_told(model, news),
        Message::Tick(now, moment) => tick(model, now, moment),
        Message::Resize { width, height } => {
            model.size = (width, height);
            model.touch();
            Vec::new()
        }
        Message::Events(object, result) => {
            events_arrived(model, &object, result);
            Vec::new()
        }
        Message::Access(id, access) => allowed(model, &id, access),
        Message::Ledger(cluster, app, read) => release::remember(model, (&cluster, &app), read),
        Message::History(object, read) => release::history(model, &object, read),
        Message::Scaler(object, read) => release::scaler(model, &object, read),
        Message::Author(object, generation, author) => authors::arrived(model, (&object, generation), author),
        Message::Tags(image, read) => commits::tagged(model, &image, read),
        Message::Commits(app, wanted, read) => commits::arrived(model, (&app, &wanted), read),
        Message::Claimed(id, app, claim) => release::claimed(model, id, app, &claim),
        Message::Prepared(ticket, result) => release::prepared(model, ticket, result),
        Message::BuildPrepared(ticket, result) => building::prepared(model, ticket, result),
        Message::BuildBegun(ticket, result) => building::begun(model, ticket, result),
        Message::JobLog(id, job, read) => release::job_log(model, &id, &job, read),
        Message::CarriedOut(ticket, result) => release::carried_out(model, ticket, &result),
        Message::LastLines(workload, ended, read) => last_lines::arrived(model, (&workload, &ended), read),
        Message::Notice(trouble) => {
            model.tell(trouble);
            Vec::new()
        }
        Message::Logged => logged(model),
        Message::Resumed(now, moment) => resumed(model, now, moment),
    }
}

/// The program goes on: what is shown is of another time.
fn resumed(model: &mut Model, now: Timestamp, moment: Moment) -> Vec<Effect> {
    model.pass_time(now, moment);
    model.touch();
    Vec::new()
}

/// The server said what one may do.
fn allowed(model: &mut Model, id: &ClusterId, access: Access) -> Vec<Effect> {
    model.world.apply(id, ClusterReport::Access(access), model.now);
    model.touch();
    Vec::new()
}

/// Lets go what was told on another screen, for a key was pressed on this one; gives where one is and what is told.
fn begin(model: &mut Model) -> (ScreenKind, Notices) {
    if model.notices.leave(model.visit) {
        model.touch();
    }
    (model.trail.top().kind.clone(), model.notices.clone())
}

/// Time has passed.
fn tick(model: &mut Model, now: Timestamp, moment: Moment) -> Vec<Effect> {
    if model.pass_time(now, moment) {
        model.touch();
    }
    model.world.add_up(now);
    model.world.forget_assumed(now);
    let mut effects = measure::wanted(model);
    effects.extend(logs::tick(model));
    effects.extend(release::tick(model, now));
    effects.extend(authors::wanted(model));
    effects.extend(last_lines::wanted(model));
    effects
}

/// Whether a person pressed or pasted something that counts.
fn is_from_person(message: &Message) -> bool {
    matches!(
        message,
        Message::Act(_) | Message::Text(_) | Message::Paste(_) | Message::Unbound(_)
    )
}

/// Our own log has new lines: only its screen shows them.
fn logged(model: &mut Model) -> Vec<Effect> {
    if model.screen().kind == ScreenKind::Log {
        model.touch();
    }
    Vec::new()
}

/// What is done with the program itself, whatever is on the screen.
const fn of_program(action: Action) -> Option<Effect> {
    match action {
        Action::Quit => Some(Effect::Quit),
        Action::Suspend => Some(Effect::Suspend),
        Action::Redraw => Some(Effect::Redraw),
        _ => None,
    }
}

/// Something a person asked for.
fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(effect) = of_program(action) {
        return vec![effect];
    }
    if model.is_too_small() {
        // What is not seen is not done.
        return Vec::new();
    }
    match model.overlays.last() {
        Some(Overlay::Help { .. }) => overlay::read(model, action),
        Some(Overlay::Filter { .. }) => overlay::type_filter(model, action),
        Some(Overlay::LogField { .. }) => logs::type_field(model, action),
        Some(Overlay::LogLine(_)) => logs::read_line(model, action),
        Some(Overlay::Picker(_)) => overlay::pick(model, action),
        Some(Overlay::HowMany(_)) => release::count(model, action),
        Some(Overlay::Confirm(_)) => release::decide(model, action),
        Some(Overlay::Building(_)) => building::decide(model, action),
        None => on_screen(model, action),
    }
}

/// An action on the screen itself; also what the palette chooses.
fn on_screen(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(effects) = logs::act(model, action) {
        return effects;
    }
    if let Some(effects) = release::act(model, action) {
        return effects;
    }
    if let Some(reason) = model.refusal(action) {
        if action == Action::Back {
            if model.notices.dismiss() {
                model.touch();
            }
            return Vec::new();
        }
        model.tell(Trouble::info(format!("{}: {reason}", action.label())));
        return Vec::new();
    }
    let action = match action {
        // As in k9s: the filter goes first.
        Action::Back if !model.screen().list.filter().text().is_empty() => Action::ClearFilter,
        other => other,
    };
    if list::act(model, action) || goto::act(model, action) || overlay::open(model, action) {
        model.touch();
        return Vec::new();
    }
    match action {
        Action::Open => goto::open(model),
        Action::Detail => goto::detail(model),
        Action::EventsOf => goto::events_of(model),
        Action::Build => commits::open(model, false),
        Action::BuildGray => building::gray(model),
        Action::RetryBuild => building::retry(model),
        Action::NodeOf => goto::node_of(model),
        Action::Charts => goto::charts(model),
        Action::Logs | Action::PreviousLogs => {
            logs::open(model, action == Action::PreviousLogs);
            Vec::new()
        }
        Action::DivideLogs => {
            logs::divide(model);
            Vec::new()
        }
        Action::CopyName | Action::CopyRow => list::copy(model, action),
        Action::Reconnect => {
            for id in model
                .world
                .clusters()
                .iter()
                .map(|c| c.id.0.clone())
                .collect::<Vec<_>>()
            {
                model.record("reconnect", id);
            }
            model.tell(Trouble::info("trying all clusters again"));
            vec![Effect::Reconnect]
        }
        _ => of_program(action).into_iter().collect(),
    }
}

fn unbound(model: &mut Model, keys: &str) -> Vec<Effect> {
    if model.mode() == crate::message::Mode::Confirm {
        return Vec::new();
    }
    let help = model.keys_of(model.mode(), Action::Help).map(str::to_owned);
    let hint = help.map(|help| format!("{help} shows the keys that work here").into());
    model.tell(Trouble {
        hint,
        ..Trouble::info(format!("{keys} does nothing here"))
    });
    Vec::new()
}

fn reported(model: &mut Model, id: &ClusterId, report: ClusterReport) {
    if let ClusterReport::Notice(text) = &report {
        model.tell(Trouble::info(format!("{id}: {text}")));
        model.record_said(id, text.clone());
    }
    let shown_at_once = matches!(
        report,
        ClusterReport::Link(_) | ClusterReport::Identity(_) | ClusterReport::Feed(..)
    );
    if let ClusterReport::Link(link) = &report {
        finish_reconnect(model, id, link);
    }
    let (now, before) = (model.now, model.world.version());
    model.world.apply(id, report, now);
    if shown_at_once && model.world.version() != before {
        model.touch();
    }
}

/// What to ask the server about our rights, once it answers at all and once it is known which namespaces may be
/// seen: what the line of keys greys rests on it.
fn review(model: &Model, id: &ClusterId, report: &ClusterReport) -> Vec<Effect> {
    let Some(cluster) = model.world.cluster(id) else {
        return Vec::new();
    };
    let watched = match report {
        ClusterReport::Link(Link::Live) if !cluster.link.is_live() => cluster.watched.clone(),
        ClusterReport::Scope(Some(namespaces)) => Some(namespaces.clone()),
        _ => return Vec::new(),
    };
    let namespaces = watched.into_iter().flatten().chain([Clean::default()]);
    let rights = namespaces.map(|namespace| Right::on(Verb::List, Kind::Event, &namespace));
    vec![Effect::Review(id.clone(), rights.collect())]
}

/// Says in the activity log what came of trying again.
fn finish_reconnect(model: &mut Model, id: &ClusterId, link: &Link) {
    let outcome = match link {
        Link::Connecting { reason: None } => return,
        Link::Live | Link::Unstable { .. } => (Severity::Info, "live".into()),
        Link::Stale { reason, .. } | Link::Unreachable { reason } | Link::Connecting { reason: Some(reason) } => {
            (Severity::Warning, reason.clone())
        }
        Link::Denied { reason, .. } => (Severity::Error, reason.clone()),
    };
    model.conclude("reconnect", &id.0, outcome);
}

fn events_arrived(model: &mut Model, object: &ResourceRef, result: Result<Vec<Event>, Trouble>) {
    let target = goto::target(object);
    match result {
        Ok(events) => {
            let told = match events.len() {
                0 => "the server has none".to_owned(),
                1 => "1 event".to_owned(),
                n => format!("{n} events"),
            };
            model.conclude(goto::LOAD_EVENTS, &target, (Severity::Info, told.into()));
            let changes = events
                .into_iter()
                .map(|e| Change::Upsert(Object::Event(Box::new(e))))
                .collect();
            let batch = Batch {
                kind: Kind::Event,
                namespace: object.key.namespace.clone(),
                generation: 0,
                changes,
                sweep: false,
            };
            let now = model.now;
            model.world.apply(&object.cluster, ClusterReport::Batch(batch), now);
            model.derive();
        }
        Err(trouble) => {
            model.conclude(goto::LOAD_EVENTS, &target, (trouble.severity, trouble.text.clone()));
            model.tell(trouble);
        }
    }
}
