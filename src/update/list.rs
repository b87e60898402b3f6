//! What is done with the list on screen: moving, sorting, marking, copying.

use crate::listing::{RowKey, Sort};
use crate::message::{Action, Effect, Mode, Trouble};
use crate::metrics::Figure;
use crate::model::Model;
use crate::model::sorting::sort_column;
use crate::screens::{Screen, charts};

/// Does what concerns the list alone; says whether it was that.
pub(super) fn act(model: &mut Model, action: Action) -> bool {
    let page = model.page();
    match action {
        Action::CursorUp => step(model, -1),
        Action::CursorDown => step(model, 1),
        Action::PageUp => step(model, -page),
        Action::PageDown => step(model, page),
        Action::HalfPageUp => step(model, -(page / 2).max(1)),
        Action::HalfPageDown => step(model, (page / 2).max(1)),
        Action::Top => step(model, isize::MIN),
        Action::Bottom => step(model, isize::MAX),
        Action::ColumnsLeft | Action::ColumnsRight if model.trail.top().shows_charts() => point(model, action),
        Action::ChartReach => {
            let charts = &mut model.trail.top_mut().charts;
            let next = charts.reach.next();
            charts.back = charts.back.and_then(|back| charts.reach.moved(back, next));
            charts.reach = next;
        }
        Action::ChartNext => next_chart(model),
        Action::ColumnsLeft => model.shift = model.shift.min(most_shift(model)).saturating_sub(1),
        Action::ColumnsRight => model.shift = (model.shift + 1).min(most_shift(model)),
        Action::Wide => widen(model),
        Action::FactsUp | Action::FactsDown => {
            let most = model.facts_most();
            let top = &mut model.trail.top_mut().facts_top;
            *top = match action {
                Action::FactsUp => (*top).min(most).saturating_sub(1),
                _ => (*top + 1).min(most),
            };
        }
        Action::Mark => {
            model.trail.top_mut().list.toggle_mark();
            step(model, 1);
        }
        Action::MarkRange => with_list(model, super::super::listing::List::mark_range),
        Action::ClearMarks => model.trail.top_mut().list.clear_marks(),
        Action::ClearFilter => {
            let scope = model.scope_here();
            model.with_screen(&scope, |screen, ctx| screen.set_filter("", ctx));
        }
        Action::SortNext => sort_next(model),
        Action::SortReverse => {
            let sort = model.trail.top().list.sort();
            if let Some(sort) = sort {
                with_list(model, |list, source| list.set_sort(sort.reversed(), source));
            }
        }
        Action::SortByName | Action::SortByAge | Action::SortByStatus | Action::SortByNamespace => {
            sort_by(model, action);
        }
        Action::SortByGrowth => show_growth(model),
        Action::Expand => expand(model),
        _ => return false,
    }
    true
}

/// Shows all columns, or those again that say most; on a narrow screen the others come from the right.
fn widen(model: &mut Model) {
    model.wide = !model.wide;
    let text = if model.wide {
        let right = model.keys_of(Mode::Screen, Action::ColumnsRight).unwrap_or("right");
        format!("all columns; {right} brings those that have no room")
    } else {
        "the columns that say most".to_owned()
    };
    model.tell(Trouble::info(text));
}

/// Brings the charts that follow those in sight; after the last the first.
fn next_chart(model: &mut Model) {
    let step = charts::in_sight(model.size.0, model.size.1.saturating_sub(8)).2;
    let charts = &mut model.trail.top_mut().charts;
    let next = charts.first + step;
    charts.first = if next >= charts::MOST { 0 } else { next };
}

/// Reads charts at an earlier or a later moment; after the newest it follows what is newest.
fn point(model: &mut Model, action: Action) {
    let charts = &mut model.trail.top_mut().charts;
    let most = charts.reach.slots().saturating_sub(1);
    charts.back = match (charts.back, action) {
        (None, Action::ColumnsLeft) => Some(0),
        (Some(back), Action::ColumnsLeft) => Some((back + 1).min(most)),
        (Some(0) | None, _) => None,
        (Some(back), _) => Some(back - 1),
    };
}

fn with_list<T>(model: &mut Model, act: impl FnOnce(&mut crate::listing::List, &dyn crate::listing::Source) -> T) -> T {
    let scope = model.scope_here();
    model.with_screen(&scope, |screen, ctx| screen.with_list(ctx, act))
}

/// How many columns can be hidden to the left: names stay, and of the others the last.
fn most_shift(model: &mut Model) -> usize {
    let others = with_list(model, |_, source| {
        let columns = source.all_columns();
        columns.iter().filter(|c| source.shows(c.id) && !c.stays()).count()
    });
    others.saturating_sub(1)
}

/// Puts the cursor on an object.
pub(super) fn seek(model: &mut Model, key: RowKey) {
    with_list(model, |list, source| list.seek(key, source));
}

fn step(model: &mut Model, rows: isize) {
    with_list(model, |list, source| list.step(rows, source));
}

/// Sorts by the column a key stands for; by the same one again the other way round.
fn sort_by(model: &mut Model, action: Action) {
    with_list(model, |list, source| {
        if let Some(column) = sort_column(action, source.columns()) {
            let sort = match list.sort() {
                Some(sort) if sort.column == column.id => sort.reversed(),
                _ => Sort::by(column),
            };
            list.set_sort(sort, source);
        }
    });
}

/// Asks which grew most: the answer is the first row, however often it is asked.
fn show_growth(model: &mut Model) {
    with_list(model, |list, source| {
        if let Some(column) = sort_column(Action::SortByGrowth, source.columns()) {
            list.sort_to_first(Sort::by(column), source);
        }
    });
}

/// Shows a figure in a column of its own, most first; the same one again, or none, takes the column away.
pub(super) fn show_figure(model: &mut Model, figure: Option<Figure>) {
    let figure = figure.filter(|figure| model.trail.top().figure != Some(*figure));
    model.trail.top_mut().show_figure(figure);
    model.figure = figure;
    model.derive();
    if let Some(figure) = figure.filter(|figure| !Figure::BACKGROUND.contains(figure)) {
        let text = format!("{}: it is kept of everything from now on", figure.name());
        model.tell(Trouble::info(text));
    }
}

fn sort_next(model: &mut Model) {
    let wide = model.wide;
    with_list(model, |list, source| {
        let mut columns = source.all_columns();
        columns.retain(|c| source.shows(c.id) && (wide || !c.wide));
        let here = list
            .sort()
            .and_then(|sort| columns.iter().position(|c| c.id == sort.column));
        let next = here.map_or(0, |place| (place + 1) % columns.len().max(1));
        if let Some(column) = columns.get(next) {
            list.set_sort(Sort::by(column), source);
        }
    });
}

/// Opens or closes the branch under the cursor.
fn expand(model: &mut Model) {
    let screen: &mut Screen = model.trail.top_mut();
    let Some(key) = screen.list.selected().cloned() else {
        return;
    };
    if !screen.kind.has_branches() || matches!(key, RowKey::Container(..)) {
        return;
    }
    if !screen.folds.remove(&key) {
        screen.folds.insert(key);
    }
    model.derive();
}

/// Copies names of the marked rows, or of the one under the cursor, or the row as it is shown.
pub(super) fn copy(model: &mut Model, action: Action) -> Vec<Effect> {
    let marks: Vec<RowKey> = model.trail.top().list.marks().iter().cloned().collect();
    let text = if action == Action::CopyRow {
        with_list(model, |list, source| {
            let row = list.selected_row()?;
            let columns = source.all_columns();
            let cells = columns.iter().filter(|c| source.shows(c.id));
            Some(
                cells
                    .map(|c| source.cell(row, c.id).text())
                    .collect::<Vec<_>>()
                    .join("\t"),
            )
        })
    } else if marks.is_empty() {
        model.trail.top().list.selected().map(name)
    } else {
        Some(marks.iter().map(name).collect::<Vec<_>>().join("\n"))
    };
    let Some(text) = text else { return Vec::new() };
    let told = match text.lines().count() {
        0 | 1 => format!("copied {text}"),
        lines => format!("copied {lines} names"),
    };
    model.tell(Trouble::info(told.replace('\t', "  ")));
    vec![Effect::Copy(text)]
}

fn name(key: &RowKey) -> String {
    match key {
        RowKey::Cluster(id) => id.to_string(),
        RowKey::Location(_, name) | RowKey::Container(_, name) | RowKey::Loose(_, name) => name.to_string(),
        RowKey::App(app) => app.name.to_string(),
        RowKey::Object(object) => object.key.name.to_string(),
        RowKey::Build(_, key) => key.name.to_string(),
        RowKey::Feed(_, kind, _) => kind.plural().to_owned(),
        RowKey::Entry(number) => number.to_string(),
    }
}
