//! The line under the header: what the list is, how it is sorted and filtered, what it is limited to.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pieces::{field, put};
use super::style::role;
use super::table::Drawn;
use crate::domain::quantity::thousands;
use crate::listing::{Column, Source};
use crate::model::Model;
use crate::overlays::Overlay;
use crate::screens::{Context, Screen, ScreenKind, growth, words};
use crate::theme::{Role, Theme};
use crate::widgets::line;
use crate::world::Scope;

/// Draws the title; `drawn` is what became of the list under it.
pub(super) fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer, body: Rect, drawn: Drawn) {
    let line = Rect::new(body.x, body.y, body.width, 1);
    match model.overlays.last() {
        Some(Overlay::Filter { field, .. }) => filter(model, theme, buffer, line, field.parts()),
        _ => title(model, theme, buffer, line, drawn),
    }
}

fn title(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect, drawn: Drawn) {
    let screen = model.screen();
    let muted = theme.style(Role::Muted);
    let scope = scope_words(&model.scope_here());
    let scope_x = area.right().saturating_sub(line::width(&scope) + 1);
    let scope_here = model.scope_here();
    let mut pieces = told(model, theme);
    let is_scoped = !scope_here.is_everything();
    let width: u16 = pieces.iter().map(|(text, _)| line::width(text)).sum();
    let end = if is_scoped { scope_x } else { area.right() };
    let mut room = end.saturating_sub(area.x + width + 4);
    let growth = drawn.has_growth.then(|| growth_words(&model.context(&scope_here)));
    for notes in remarks(drawn, !scope_here.namespaces.is_empty(), growth) {
        if let Some(note) = notes.into_iter().find(|note| line::width(note) + 3 <= room) {
            room -= line::width(&note) + 3;
            pieces.push((format!("   {note}"), muted));
        }
    }
    let end = line::draw(
        buffer,
        (area.x + 2, area.y),
        area.right(),
        pieces.iter().map(|(text, style)| (text.as_str(), *style)),
    );
    if scope_x > end + 1 && !matches!(screen.kind, ScreenKind::Log | ScreenKind::Activity) {
        line::draw(buffer, (scope_x, area.y), area.right(), [(scope.as_str(), muted)]);
    }
}

/// What the list is, how it is sorted and filtered, what is marked.
fn told(model: &Model, theme: &Theme) -> Vec<(String, Style)> {
    let screen = model.screen();
    let muted = theme.style(Role::Muted);
    let mut pieces: Vec<(String, Style)> = Vec::new();
    let scope_here = model.scope_here();
    let source = screen.rows.source(model.context(&scope_here));
    let sections = screen.list.sections(&*source);
    let (shown, total) = counted(screen, &*source);
    let nouns = screen.kind.noun();
    let noun = if shown == 1 { nouns.0 } else { nouns.1 };
    if screen.kind == ScreenKind::Log {
        pieces.push(("the log of this program".to_owned(), theme.style(Role::Title)));
    } else if screen.shows_charts() {
        pieces.push(("charts".to_owned(), theme.style(Role::Title)));
    } else {
        let told = if sections.is_empty() {
            format!("{} {noun}", thousands(shown as i64))
        } else {
            let each = sections
                .iter()
                .map(|(name, count)| format!("{} {name}", thousands(*count as i64)));
            format!("{}: {}", nouns.1, each.collect::<Vec<_>>().join(", "))
        };
        pieces.push((told, theme.style(Role::Title)));
        if shown != total {
            pieces.push((format!(" of {}", thousands(total as i64)), muted));
        }
    }
    if let Some(sort) = screen.list.sort().filter(|_| !screen.shows_charts()) {
        let columns = source.all_columns();
        let name = columns.iter().find(|c| c.id == sort.column);
        let name = name.map_or_else(String::new, Column::told);
        let arrow = if sort.descending { "↓" } else { "↑" };
        pieces.push((format!("   sort {name} {arrow}"), muted));
        if screen.sorted_blindly(model.context(&scope_here)).is_some() {
            pieces.push((", not read yet".to_owned(), theme.style(Role::Accent)));
        }
    }
    let text = screen.list.filter().text();
    if !text.is_empty() {
        pieces.push(("   filter ".to_owned(), muted));
        pieces.push((text.to_owned(), theme.style(Role::Accent)));
    }
    let marked = screen.list.marks().len();
    if marked > 0 {
        let told = match marked.saturating_sub(screen.list.marks_shown(&*source)) {
            0 => format!("   {marked} marked"),
            hidden => format!("   {marked} marked, {hidden} hidden"),
        };
        pieces.push((told, theme.style(Role::Marked)));
    }
    pieces
}

/// How many rows there are, with the filter and without; the containers of instances that are open do not count.
fn counted(screen: &Screen, source: &dyn Source) -> (usize, usize) {
    let list = &screen.list;
    if screen.folds.is_empty() || matches!(screen.kind, ScreenKind::App(_)) {
        return (list.rows().len(), list.total());
    }
    let count = |rows: &mut dyn Iterator<Item = u32>| rows.filter(|row| source.depth(*row) == 0).count();
    let all = u32::try_from(source.len()).unwrap_or(u32::MAX);
    (count(&mut list.rows().iter().copied()), count(&mut (0..all)))
}

/// Over which time growth is told, or how long that takes yet.
fn growth_words(ctx: &Context<'_>) -> String {
    match growth::span(ctx) {
        Some(span) if span.is_whole() => format!("growth in {} min", span.apart),
        Some(span) => format!("growth in {} min so far", span.apart),
        None => format!(
            "growth needs {} min, {}has {}",
            growth::Span::LEAST,
            growth::latest(ctx).map_or_else(String::new, |id| format!("{id} ")),
            growth::measured(ctx).unwrap_or(0)
        ),
    }
}

/// What there is to say of the columns, each in words that are first long, then short.
fn remarks(drawn: Drawn, has_namespaces: bool, growth: Option<String>) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    if drawn.has_room && has_namespaces {
        all.push(vec!["requested and room: all namespaces".to_owned()]);
    }
    if drawn.has_room {
        all.push(vec![
            "* instances of 500m and 512 MiB that still fit".to_owned(),
            "* of 500m, 512 MiB each".to_owned(),
        ]);
    }
    all.extend(growth.map(|told| vec![told]));
    if drawn.hidden > 0 {
        let word = if drawn.hidden == 1 { "column" } else { "columns" };
        all.push(vec![
            format!("→ {} more {word}", drawn.hidden),
            format!("→ {} more", drawn.hidden),
        ]);
    }
    all
}

fn scope_words(scope: &Scope) -> String {
    fn some<T: ToString>(set: &std::collections::BTreeSet<T>, all: &str, many: &str) -> String {
        match set.len() {
            0 => all.to_owned(),
            1 | 2 => set.iter().map(T::to_string).collect::<Vec<_>>().join(", "),
            n => format!("{n} {many}"),
        }
    }
    let locations: std::collections::BTreeSet<&str> = scope.locations.iter().map(|l| l.name.as_str()).collect();
    let mut parts = vec![some(&scope.clusters, "all clusters", "clusters")];
    if !locations.is_empty() {
        parts.push(some(&locations, "", "locations"));
    }
    parts.push(some(&scope.namespaces, "all namespaces", "namespaces"));
    format!("scope {}", parts.join(" · "))
}

fn filter(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect, (before, after): (&str, &str)) {
    let list = &model.screen().list;
    // A long filter shows its end: that is where one types.
    let keep = usize::from(area.width / 2);
    let skip = before.chars().count().saturating_sub(keep);
    let tail: String = before.chars().skip(skip).collect();
    let end = area.right();
    let x = put(buffer, (area.x + 2, area.y), end, &field(theme, "/ ", (&tail, after)));
    let told = match list.filter().problem() {
        Some(problem) => (format!("   ▲ {problem}"), theme.style(Role::Warning)),
        None if before.is_empty() && after.is_empty() => (
            "   text  !not  ~fuzzy  -l label=value  column>value".to_owned(),
            theme.style(Role::Muted),
        ),
        None => (
            format!(
                "   {} of {}",
                thousands(list.rows().len() as i64),
                thousands(list.total() as i64)
            ),
            theme.style(Role::Muted),
        ),
    };
    line::draw(buffer, (x, area.y), end, [(told.0.as_str(), told.1)]);
}

/// What watches that are not live say, cluster by cluster, in one line.
pub(super) fn notes(model: &Model, theme: &Theme, buffer: &mut Buffer, body: Rect, mut y: u16) -> u16 {
    let screen = model.screen();
    let scope = model.scope_here();
    let mut notes: Vec<(String, Style)> = Vec::new();
    for cluster in model.world.clusters_in(&scope) {
        let several = model.world.clusters().len() > 1;
        let name = if several {
            format!("{}: ", cluster.id)
        } else {
            String::new()
        };
        let told = screen
            .kind
            .feeds()
            .iter()
            .flat_map(|&kind| cluster.feeds_of(kind).map(move |(_, feed)| (kind, feed)))
            .filter_map(|(kind, feed)| words::feed(kind, feed));
        notes.extend(told.map(|(text, tone)| (format!("{name}{text}"), theme.style(role(tone)))));
    }
    notes.dedup();
    if notes.is_empty() {
        return y;
    }
    let count = notes.len();
    let mut pieces: Vec<(String, Style)> = Vec::new();
    for (place, (text, style)) in notes.into_iter().take(3).enumerate() {
        if place > 0 {
            pieces.push(("   ".to_owned(), style));
        }
        pieces.push((text, style));
    }
    if count > 3 {
        pieces.push((format!("   and {} more", count - 3), theme.style(Role::Muted)));
    }
    line::draw(
        buffer,
        (body.x + 2, y),
        body.right().saturating_sub(1),
        pieces.iter().map(|(text, style)| (text.as_str(), *style)),
    );
    y += 1;
    y
}
