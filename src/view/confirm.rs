//! What waits for a yes: where, what, from which version to which, what it comes to, what to know before.

mod version;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::how_many::way;
use super::picker::frame;
use super::pieces::{Pieces, field, put, width};
use super::style::role;
use crate::domain::text::folded;
use crate::message::{Action, Mode, Severity};
use crate::model::Model;
use crate::overlays::Confirm;
use crate::overlays::confirm::{Blank, Fate, Place, Stage, TAKE_OVER};
use crate::release::Prepared;
use crate::release::live::Method;
use crate::release::outlook::outlook;
use crate::release::step::Step;
use crate::screens::words;
use crate::theme::{Role, Theme};
use version::of_version;

/// A line of what is shown.
type Line = (Role, String);

pub(super) fn draw(model: &Model, confirm: &Confirm, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let Some(place) = confirm.place() else { return };
    let columns = body.width.saturating_sub(2).min(108);
    let room = usize::from(columns.saturating_sub(4));
    let mut lines = lines(model, confirm, place, room);
    let decision = decision(model, confirm, theme);
    let most = usize::from(body.height.saturating_sub(4)).max(1);
    if lines.len() > most {
        let hidden = lines.len() - (most - 1);
        lines.truncate(most - 1);
        let key = model.keys_of(model.mode(), Action::ShowDifferences).unwrap_or("–");
        lines.push((
            Role::Warning,
            format!("… {} more: {key} shows all", words::counted(hidden, "line")),
        ));
    }
    let height = (lines.len() as u16 + 4).min(body.height);
    let area = Rect::new(
        body.x + (body.width - columns) / 2,
        body.y + (body.height - height) / 3,
        columns,
        height,
    );
    let title = format!("{} · {}", place.step.title(), place.app);
    let inside = frame(theme, buffer, area, &title);
    tag(theme, buffer, area, (confirm, place));
    for ((style, text), y) in lines.iter().zip(inside.y..inside.bottom()) {
        put(
            buffer,
            (inside.x + 1, y),
            inside.right(),
            &vec![(text.clone(), theme.style(*style))],
        );
    }
    let y = inside.bottom().saturating_sub(1);
    let x = inside.right().saturating_sub(width(&decision) + 1).max(inside.x + 1);
    put(buffer, (x, y), inside.right(), &decision);
}

/// The cluster with its tag, at the right end of the frame.
fn tag(theme: &Theme, buffer: &mut Buffer, area: Rect, (confirm, place): (&Confirm, &Place)) {
    let shown: Vec<&Place> = if confirm.is_together() {
        confirm.places().iter().collect()
    } else {
        vec![place]
    };
    let mut pieces: Pieces = Vec::new();
    let mut told = Vec::new();
    for place in shown {
        if told.contains(&&place.object.cluster) {
            continue;
        }
        told.push(&place.object.cluster);
        if let Some(tag) = &place.tag {
            pieces.push((format!(" {tag} "), theme.style(role(words::tag(tag)))));
        }
        pieces.push((format!(" {} ", place.object.cluster), theme.style(Role::Strong)));
    }
    let x = area.right().saturating_sub(width(&pieces) + 2);
    put(buffer, (x, area.y), area.right(), &pieces);
}

fn lines(model: &Model, confirm: &Confirm, place: &Place, room: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut add = |style: Role, text: String| {
        lines.extend(folded(&text, room).into_iter().map(|text| (style, text)));
    };
    if let Some(note) = confirm.note() {
        add(Role::Warning, note.to_string());
    }
    if confirm.places().len() > 1 && !confirm.is_together() {
        for (number, other) in confirm.places().iter().enumerate() {
            let (style, text) = fate(confirm, number, other);
            add(style, text);
        }
    }
    if confirm.is_together() {
        together(model, confirm, &mut add);
        let (style, text) = stage(model, confirm, place);
        add(style, text);
        return lines;
    }
    add(
        Role::Text,
        format!("{} {} in {}", place.object.kind, place.object.key, place.object.cluster),
    );
    let prepared = match confirm.stage() {
        Stage::Ready { prepared, .. } => Some(prepared.as_ref()),
        _ => None,
    };
    for (style, text) in of_version(place, prepared) {
        add(style, text);
    }
    for (style, text) in reach(confirm, place) {
        add(style, text);
    }
    if let Some(reason) = &confirm.why().reason {
        add(Role::Muted, format!("reason: {reason}"));
    }
    if let Some(job) = prepared.and_then(Prepared::job) {
        add(Role::Text, format!("first: the job {job}, which has to end well"));
    }
    against(confirm, prepared, &mut add);
    if let Some(trouble) = &place.trouble {
        add(Role::Bad, format!("✖ {trouble}"));
    }
    for warning in prepared.map_or(&[][..], |prepared| &prepared.warnings) {
        add(Role::Warning, format!("▲ {}", warning.words()));
    }
    for text in wrote(model, place) {
        add(Role::Muted, text);
    }
    let (style, text) = stage(model, confirm, place);
    add(style, text);
    lines
}

/// What a new instance of the place wrote last that ended.
fn wrote(model: &Model, place: &Place) -> Vec<String> {
    let last = || {
        let view = model.world.cluster(&place.object.cluster)?;
        let workload = view.workload(place.object.kind, &place.object.key)?;
        view.last_lines_of(workload, &view.ended_of(workload)?)
    };
    let Some(last) = last() else { return Vec::new() };
    let lines = last.lines().iter().map(|line| format!("  {line}"));
    last.title().into_iter().chain(lines).collect()
}

/// What keeps it from being written as it is, and what was said to that.
fn against(confirm: &Confirm, prepared: Option<&Prepared>, add: &mut impl FnMut(Role, String)) {
    let overridden = confirm.why().overridden.as_ref();
    let style = overridden.map_or(Role::Bad, |_| Role::Warning);
    for against in prepared.map_or(&[][..], |prepared| &prepared.against) {
        add(style, format!("✖ {}", against.words()));
    }
    if let Some(holder) = confirm.holder() {
        add(Role::Bad, format!("✖ {}", holder.words()));
    }
    if let Some(from) = confirm.taken_over() {
        add(Role::Warning, format!("taken over from {from}"));
    }
    if let Some(overridden) = overridden {
        add(Role::Warning, format!("overridden: {overridden}"));
    }
}

/// How many instances it comes to, by which way, and where nothing changes.
fn reach(confirm: &Confirm, place: &Place) -> Vec<Line> {
    let instances = format!("instances: {}", outlook(&place.step, place.counts));
    let mut lines = vec![(Role::Text, instances)];
    lines.extend(told_way(place).map(|way| (Role::Text, way.to_owned())));
    lines.extend(untouched(confirm));
    lines
}

/// How new instances come; a hold beside is what goes without saying.
fn told_way(place: &Place) -> Option<&'static str> {
    let method = match &place.step {
        Step::Start(new) => new.method,
        Step::Rollback(back) => back.gray?.1,
        _ => return None,
    };
    (method != Method::Surge && !place.counts.in_place).then(|| way(method))
}

/// All places that one yes is said to: from how many to how many, what is written where, how far it is.
fn together(model: &Model, confirm: &Confirm, add: &mut impl FnMut(Role, String)) {
    let scaled = confirm
        .places()
        .iter()
        .filter_map(|place| match (&place.step, &place.fate) {
            (Step::Scale(to), Fate::Ahead | Fate::There(_)) => Some((place.counts.desired, *to)),
            _ => None,
        });
    let (now, all) = scaled.fold((0, 0), |(now, all), (from, to)| (now + from, all + to));
    if now != all {
        add(Role::Strong, format!("{now} → {all} instances in these"));
    }
    for place in confirm.places() {
        let name = format!(
            "{} {} {}",
            place.object.cluster, place.object.kind, place.object.key.name
        );
        let (role, text) = match (&place.fate, &place.step) {
            (Fate::Skipped(reason), _) => (Role::Muted, format!("○ {name}: left out, {reason}")),
            (Fate::Failed(why), _) => (Role::Bad, format!("✖ {name}: {why}")),
            (Fate::There(_), Step::Scale(to)) => (Role::Busy, format!("● {name}: {}", arrival(model, place, *to))),
            (Fate::There(words), _) => (Role::Good, format!("● {name}: {words}")),
            (Fate::Ahead, step) => (Role::Text, format!("▸ {name}: {}", outlook(step, place.counts))),
        };
        add(role, text);
        if place.fate == Fate::Ahead {
            for about in &place.about {
                add(Role::Muted, format!("    {about}"));
            }
        }
    }
    let mut told = Vec::new();
    for prepared in confirm.tried() {
        for warning in &prepared.warnings {
            let words = warning.words();
            if !told.contains(&words) {
                add(Role::Warning, format!("▲ {words}"));
                told.push(words);
            }
        }
    }
    if let Some((style, text)) = untouched(confirm) {
        add(style, text);
    }
}

/// How far new instances are, and since when they are waited for.
fn arrival(model: &Model, place: &Place, to: i64) -> String {
    let view = model.world.cluster(&place.object.cluster);
    let found = view.and_then(|view| Some((view, view.workload(place.object.kind, &place.object.key)?)));
    found.map_or_else(
        || "gone".to_owned(),
        |(view, workload)| view.arrival(workload).words(to),
    )
}

fn fate(confirm: &Confirm, number: usize, place: &Place) -> Line {
    let is_here = number == confirm.at();
    let name = format!("{} {}", place.object.cluster, place.object.key);
    let (style, text) = match &place.fate {
        Fate::There(words) => (Role::Good, format!("● {name}: {words}")),
        Fate::Skipped(reason) => (Role::Muted, format!("○ {name}: left out, {reason}")),
        Fate::Failed(why) => (Role::Bad, format!("✖ {name}: {why}")),
        Fate::Ahead if is_here => (Role::Accent, format!("▸ {name}")),
        Fate::Ahead => (Role::Muted, format!("◌ {name}: after that")),
    };
    (style, text)
}

/// Clusters with the same app that nothing is written to.
fn untouched(confirm: &Confirm) -> Option<Line> {
    let names: Vec<&str> = confirm
        .untouched()
        .iter()
        .map(crate::domain::ClusterId::as_str)
        .collect();
    (!names.is_empty()).then(|| (Role::Muted, format!("untouched: {}", names.join(", "))))
}

fn stage(model: &Model, confirm: &Confirm, place: &Place) -> Line {
    match confirm.stage() {
        Stage::Asking => (Role::Busy, "the server tries it without effect …".into()),
        Stage::Ready { prepared, .. } => {
            let all = confirm
                .tried()
                .map(|prepared| prepared.differences.len())
                .sum::<usize>();
            let places = if confirm.is_together() {
                all
            } else {
                prepared.differences.len()
            };
            let count = words::counted(places, "place");
            let key = model.keys_of(model.mode(), Action::ShowDifferences);
            let key = key.map_or_else(String::new, |key| format!(" ({key} shows them)"));
            (
                Role::Muted,
                format!("tried by the server without effect: it changes {count} of the object, nothing else{key}"),
            )
        }
        Stage::Writing => {
            let text = confirm.job().map_or_else(
                || "being written …".to_owned(),
                |job| {
                    let since = confirm.written.map_or(0, |written| (model.now - written).num_seconds());
                    let key = model.keys_of(model.mode(), Action::JobLog);
                    let key = key.map_or_else(String::new, |key| format!(" ({key} shows its log)"));
                    format!(
                        "the job {job} runs first, since {since} s{key}: written once it ended well, nothing if it fails"
                    )
                },
            );
            (Role::Busy, text)
        }
        Stage::Following { .. } if confirm.is_together() => {
            let since = confirm.written.map_or(0, |written| (model.now - written).num_seconds());
            (
                Role::Busy,
                format!("written {since} s ago; followed until all are ready, esc leaves it"),
            )
        }
        Stage::Following { .. } => {
            let now = model.release_now(&place.object);
            let how = now.map_or_else(|| "?".into(), |(_, phase)| crate::model::release::words(&phase));
            (Role::Busy, format!("written; it is followed until it is there: {how}"))
        }
        Stage::Failed(trouble) => {
            let style = match trouble.severity {
                Severity::Info => Role::Text,
                Severity::Warning => Role::Warning,
                Severity::Error => Role::Bad,
            };
            let hint = trouble
                .hint
                .as_ref()
                .map_or_else(String::new, |hint| format!("; {hint}"));
            (style, format!("✖ {}{hint}", trouble.text))
        }
    }
}

/// What is to be typed.
fn asked(blank: Blank, confirm: &Confirm) -> String {
    match blank {
        Blank::Reason if confirm.asks_reason() => "why? type the reason first  ".into(),
        Blank::Reason => "why?  ".into(),
        Blank::Override => "type why it is written all the same  ".into(),
        Blank::TakeOver => format!("wait, or type {TAKE_OVER}  "),
        Blank::Name => format!("type {} to write it  ", confirm.named().unwrap_or_default()),
    }
}

/// No, unless a person says yes.
fn decision(model: &Model, confirm: &Confirm, theme: &Theme) -> Pieces {
    if let Some(blank) = confirm.blank() {
        let mut pieces = vec![(asked(blank, confirm), theme.style(Role::Warning))];
        pieces.extend(field(theme, "› ", confirm.field.parts()));
        return pieces;
    }
    match confirm.stage() {
        Stage::Ready { .. } => {
            let yes = model.keys_of(Mode::Confirm, Action::Write).unwrap_or("–");
            vec![
                ("[ no ]".into(), theme.style(Role::Selected)),
                (format!("    yes ({yes})"), theme.style(Role::Key)),
            ]
        }
        _ => Vec::new(),
    }
}
