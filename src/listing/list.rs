//! A list: rows in order, filtered, with the cursor and the marks on objects, not on places.

use std::collections::BTreeSet;

use super::cell::Cell;
use super::column::{Column, ColumnId, Unit};
use super::filter::Filter;
use super::order::{Sort, order};
use super::value::Value;
use crate::domain::{AppKey, Clean, ClusterId, Kind, ObjectKey, ResourceRef};
use crate::metrics::Figure;

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    Cluster(ClusterId),
    /// A cluster and the name of the location there.
    Location(ClusterId, Clean),
    App(AppKey),
    Object(ResourceRef),
    /// A container of an instance.
    Container(ResourceRef, Clean),
    /// An app's instances in one cluster that no workload is known for.
    Loose(ClusterId, Clean),
    /// A watch of a cluster: its kind and namespace (empty: all).
    Feed(ClusterId, Kind, Clean),
    /// A build, by the name of its object: what the ledger tells of it is the same one.
    Build(ClusterId, ObjectKey),
    /// A line of the activity log, by its number.
    Entry(u64),
}

/// How a list reads rows. Rows are numbered in the order of their keys.
pub trait Source {
    /// The columns that are declared for it.
    fn columns(&self) -> &'static [Column];
    /// The figure that a person chose to see and to sort by.
    fn figure(&self) -> Option<Figure> {
        None
    }
    /// All columns, with one of the chosen figure, before the others of what is used, if it has none yet.
    fn all_columns(&self) -> Vec<Column> {
        let mut all = self.columns().to_vec();
        let chosen = self.figure().map(|figure| Column::figure(figure, 0));
        if let Some(chosen) = chosen.filter(|chosen| all.iter().all(|column| column.id != chosen.id)) {
            let place = all.iter().position(|column| matches!(column.id, ColumnId::Used(_)));
            all.insert(place.unwrap_or(all.len()), chosen);
        }
        all
    }
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn key(&self, row: u32) -> Option<RowKey>;
    fn value(&self, row: u32, column: ColumnId) -> Value<'_>;
    fn cell(&self, row: u32, column: ColumnId) -> Cell;
    /// Whether any of the words a person sees in the row, or would look for, satisfies `test`.
    fn any_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let mut words = self
            .columns()
            .iter()
            .filter(|c| c.unit == Unit::Text && self.shows(c.id));
        words.any(|c| test(&self.cell(row, c.id).text()))
    }
    /// The words of `any_text` that are kept ready where a list is very long: in lower case, one a line.
    fn words(&self, _row: u32) -> Option<&str> {
        None
    }
    /// The same as `any_text` for those that are not in `words`.
    fn any_other_text(&self, _row: u32, _test: &mut dyn FnMut(&str) -> bool) -> bool {
        false
    }
    /// The same for everything that is written in the row, numbers too.
    fn any_cell(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let all = self.all_columns();
        let mut shown = all.iter().filter(|c| self.shows(c.id));
        shown.any(|c| test(&self.cell(row, c.id).text()))
    }
    /// Whether rows can be told apart by labels.
    fn has_labels(&self) -> bool {
        false
    }
    /// Whether that is the row's key.
    fn is(&self, row: u32, key: &RowKey) -> bool {
        self.key(row).as_ref() == Some(key)
    }
    fn label(&self, _row: u32, _key: &str) -> Option<&str> {
        None
    }
    /// How deep in a tree the row is, from 0; every row of a plain list is at 0.
    fn depth(&self, _row: u32) -> usize {
        0
    }
    /// The part of the list the row is in, where it has parts, one after the other in their own order.
    fn section(&self, _row: u32) -> Option<&'static str> {
        None
    }
    /// What is known of the row is old.
    fn is_stale(&self, _row: u32) -> bool {
        false
    }
    /// Whether a column says anything here, such as the cluster among several.
    fn shows(&self, _column: ColumnId) -> bool {
        true
    }
}

/// The state of a list on screen.
#[derive(Clone, Debug)]
pub struct List {
    filter: Filter,
    sort: Option<Sort>,
    /// All rows in order; kept so that a letter typed in the filter sorts nothing.
    ordered: Vec<u32>,
    visible: Vec<u32>,
    cursor: Option<RowKey>,
    place: usize,
    marks: BTreeSet<RowKey>,
    last_mark: Option<RowKey>,
    /// The first row was asked for, and what the rows are sorted by is not known yet.
    awaits_first: bool,
}

impl List {
    /// A list that begins in this order; without one rows stay in the order of their keys.
    pub fn new(sort: Option<Sort>) -> Self {
        Self {
            filter: Filter::default(),
            sort,
            ordered: Vec::new(),
            visible: Vec::new(),
            cursor: None,
            place: 0,
            marks: BTreeSet::new(),
            last_mark: None,
            awaits_first: false,
        }
    }

    /// Sorts and filters all rows anew; the cursor stays on its object, marks of what is gone go.
    pub fn derive(&mut self, source: &dyn Source) {
        self.ordered = match self.sort {
            Some(sort) => order(source, sort),
            None => (0..source.len() as u32).collect(),
        };
        if !self.marks.is_empty() {
            let there: BTreeSet<RowKey> = (0..source.len() as u32).filter_map(|row| source.key(row)).collect();
            self.marks.retain(|mark| there.contains(mark));
        }
        if self.awaits_first {
            (self.cursor, self.place) = (None, 0);
        }
        self.refilter(source);
        self.awaits_first &= !self.knows_first(source);
    }

    /// Whether it is known what the first row is sorted by: what is known comes first.
    fn knows_first(&self, source: &dyn Source) -> bool {
        let first = self.visible.first().zip(self.sort);
        first.is_none_or(|(&row, sort)| source.value(row, sort.column) != Value::Absent)
    }

    /// Sorts, and puts the cursor on the first row; on the one that turns out to be the first where that is not
    /// known yet, unless the cursor is moved before.
    pub fn sort_to_first(&mut self, sort: Sort, source: &dyn Source) {
        self.set_sort(sort, source);
        self.step(isize::MIN, source);
        self.awaits_first = !self.knows_first(source);
    }

    fn refilter(&mut self, source: &dyn Source) {
        self.visible.clone_from(&self.ordered);
        self.narrow(source);
    }

    /// Keeps of the rows shown those that the filter lets through, with the rows above them in their branch.
    fn narrow(&mut self, source: &dyn Source) {
        if !self.filter.is_empty() {
            let matcher = self.filter.matcher();
            let mut kept = Vec::new();
            // From the last row up: a row stays by itself, or because a row below it in its branch does.
            let mut below = 0;
            for &row in self.visible.iter().rev() {
                let depth = source.depth(row);
                if matcher.holds(source, row) {
                    below = below.max(depth);
                } else if depth >= below {
                    continue;
                }
                below = below.min(depth);
                kept.push(row);
            }
            kept.reverse();
            self.visible = kept;
        }
        self.anchor(source);
    }

    /// Finds the cursor's object again; if it vanished, the cursor takes the row that moved to its place.
    fn anchor(&mut self, source: &dyn Source) {
        if let Some(cursor) = &self.cursor {
            if self.visible.get(self.place).is_some_and(|&row| source.is(row, cursor)) {
                return;
            }
            let found = self.visible.iter().position(|&row| source.is(row, cursor));
            if let Some(place) = found {
                self.place = place;
                return;
            }
        }
        self.go(self.place, source);
    }

    /// Puts the cursor on a place, or on the last one before it that there is.
    pub fn go(&mut self, place: usize, source: &dyn Source) {
        self.place = place.min(self.visible.len().saturating_sub(1));
        // An empty list keeps its cursor: the rows may be on their way back.
        if let Some(&row) = self.visible.get(self.place) {
            self.cursor = source.key(row);
        }
    }

    pub fn step(&mut self, rows: isize, source: &dyn Source) {
        self.awaits_first = false;
        self.go(self.place.saturating_add_signed(rows), source);
    }

    /// Puts the cursor on an object, now or as soon as it is there.
    pub fn seek(&mut self, key: RowKey, source: &dyn Source) {
        self.awaits_first = false;
        self.cursor = Some(key);
        self.anchor(source);
    }

    /// Filters anew; the cursor stays on its object if that is still shown, else it takes the first row.
    pub fn set_filter(&mut self, filter: Filter, source: &dyn Source) {
        let narrower = filter.narrows(&self.filter);
        self.filter = filter;
        self.place = 0;
        if narrower {
            self.narrow(source);
        } else {
            self.refilter(source);
        }
    }

    pub fn set_sort(&mut self, sort: Sort, source: &dyn Source) {
        self.awaits_first = false;
        self.sort = Some(sort);
        self.derive(source);
    }

    /// Takes an order for the next time that rows are made.
    pub fn sort_later(&mut self, sort: Option<Sort>) {
        self.awaits_first = false;
        self.sort = sort;
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    pub fn sort(&self) -> Option<Sort> {
        self.sort
    }

    /// The rows that are shown, in order.
    pub fn rows(&self) -> &[u32] {
        &self.visible
    }

    /// The rows within `page` rows of the cursor, those in sight among them.
    pub fn near(&self, page: usize) -> &[u32] {
        let from = self.place.saturating_sub(page);
        let to = self.visible.len().min(self.place.saturating_add(page));
        self.visible.get(from..to).unwrap_or_default()
    }

    /// How many rows there are without the filter.
    pub fn total(&self) -> usize {
        self.ordered.len()
    }

    /// The parts of the list with how many rows of each are shown; none where something else orders them.
    pub fn sections(&self, source: &dyn Source) -> Vec<(&'static str, usize)> {
        let mut sections: Vec<(&'static str, usize)> = Vec::new();
        for section in self.visible.iter().filter_map(|&row| source.section(row)) {
            match sections.last_mut().filter(|(last, _)| *last == section) {
                Some((_, count)) => *count += 1,
                None => sections.push((section, 1)),
            }
        }
        if self.sort.is_some() {
            sections.clear();
        }
        sections
    }

    /// The place of the cursor among the rows shown.
    pub fn place(&self) -> usize {
        self.place
    }

    /// The object under the cursor, as long as it is among the rows shown.
    pub fn selected(&self) -> Option<&RowKey> {
        self.cursor.as_ref().filter(|_| !self.visible.is_empty())
    }

    /// The row under the cursor.
    pub fn selected_row(&self) -> Option<u32> {
        self.visible.get(self.place).copied()
    }

    pub fn marks(&self) -> &BTreeSet<RowKey> {
        &self.marks
    }

    /// How many of the marked rows the filter lets through.
    pub fn marks_shown(&self, source: &dyn Source) -> usize {
        if self.marks.is_empty() || self.visible.len() == self.ordered.len() {
            return self.marks.len();
        }
        let keys = self.visible.iter().filter_map(|&row| source.key(row));
        keys.filter(|key| self.marks.contains(key)).count()
    }

    /// Marks the row under the cursor, or takes its mark away.
    pub fn toggle_mark(&mut self) {
        let Some(key) = self.selected().cloned() else {
            return;
        };
        if !self.marks.remove(&key) {
            self.marks.insert(key.clone());
        }
        self.last_mark = Some(key);
    }

    /// Marks everything from the last mark to the cursor.
    pub fn mark_range(&mut self, source: &dyn Source) {
        let from = self
            .last_mark
            .as_ref()
            .and_then(|key| self.visible.iter().position(|&row| source.is(row, key)))
            .unwrap_or(self.place);
        let (low, high) = (from.min(self.place), from.max(self.place));
        let rows = self.visible.get(low..=high).unwrap_or_default();
        self.marks.extend(rows.iter().filter_map(|&row| source.key(row)));
        self.last_mark = self.selected().cloned();
    }

    pub fn clear_marks(&mut self) {
        self.marks.clear();
        self.last_mark = None;
    }

    /// Forgets the rows, keeping what a person chose: for screens that are not on top.
    pub fn rest(&mut self) {
        self.ordered = Vec::new();
        self.visible = Vec::new();
    }
}
