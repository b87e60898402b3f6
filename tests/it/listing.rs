//! Lists hold for any rows: filters select what they say, sorting is an order, the cursor stays on its object.

use pilothouse::domain::{AppKey, Clean};
use pilothouse::listing::{Cell, Column, ColumnId, Filter, List, RowKey, Sort, Source, Unit, Value};
use proptest::prelude::*;

static COLUMNS: [Column; 4] = [
    Column::text(ColumnId::Name, "NAME", &["name"], (5, 10), 0),
    Column::number(ColumnId::Cpu, "CPU", &["cpu"], 5, 1, Unit::Cpu),
    Column::number(ColumnId::Age, "AGE", &["age"], 5, 1, Unit::Age),
    Column::number(ColumnId::Ready, "READY", &["ready"], 5, 1, Unit::Cpu),
];

#[derive(Clone, Debug)]
struct Row {
    name: String,
    cpu: Option<i64>,
    age: i64,
    ready: i64,
    depth: usize,
}

#[derive(Clone, Debug)]
struct Rows(Vec<Row>);

impl Source for Rows {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn key(&self, row: u32) -> Option<RowKey> {
        let row = self.0.get(row as usize)?;
        Some(RowKey::App(AppKey {
            namespace: Clean::default(),
            name: row.name.as_str().into(),
        }))
    }
    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        let row = &self.0[row as usize];
        match column {
            ColumnId::Name => Value::text(row.name.as_str()),
            ColumnId::Cpu => Value::number(row.cpu),
            ColumnId::Age => Value::Number(row.age),
            ColumnId::Ready => Value::Number(row.ready),
            _ => Value::Absent,
        }
    }
    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        match column {
            ColumnId::Age => Cell::plain(format!("{}m", self.0[row as usize].age)),
            _ => Cell::empty(),
        }
    }
    fn any_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        test(&self.0[row as usize].name)
    }
    fn depth(&self, row: u32) -> usize {
        self.0[row as usize].depth
    }
    fn label(&self, row: u32, key: &str) -> Option<&str> {
        (key == "name").then(|| self.0[row as usize].name.as_str())
    }
}

fn small() -> Rows {
    let row = |name: &str, cpu: Option<i64>, age: i64, ready: i64| Row {
        name: name.into(),
        cpu,
        age,
        ready,
        depth: 0,
    };
    Rows(vec![
        row("Api", Some(250), 30, 100),
        row("billing", None, 7200, 0),
        row("live-gift", Some(2000), 90_000, 2000),
        row("live-rank", Some(500), 600, 900),
    ])
}

fn matching(filter: &str) -> (Vec<String>, Option<String>) {
    let rows = small();
    let mut list = List::new(None);
    list.derive(&rows);
    list.set_filter(Filter::parse(filter, &COLUMNS), &rows);
    let names = list
        .rows()
        .iter()
        .map(|&row| rows.0[row as usize].name.clone())
        .collect();
    (names, list.filter().problem().map(str::to_owned))
}

#[test]
fn who_asks_for_the_first_row_gets_it_once_it_is_known_unless_the_cursor_was_moved() {
    let mut unknown = small();
    unknown.0.iter_mut().for_each(|row| row.cpu = None);
    let most = Sort {
        column: ColumnId::Cpu,
        descending: true,
    };
    for (is_moved, named) in [(false, "live-gift"), (true, "billing")] {
        let mut list = List::new(None);
        list.derive(&unknown);
        list.sort_to_first(most, &unknown);
        if is_moved {
            list.step(1, &unknown);
        }
        list.derive(&unknown);
        // Once it is known the cursor stays on its object.
        let mut known = small();
        list.derive(&known);
        known.0[0].cpu = Some(9_000);
        list.derive(&known);
        let at = list.selected_row().map(|row| known.0[row as usize].name.as_str());
        assert_eq!(at, Some(named), "moved: {is_moved}");
    }
}

#[test]
fn another_order_leaves_the_cursor_though_the_first_row_was_asked_for() {
    let mut unknown = small();
    unknown.0.iter_mut().for_each(|row| row.cpu = None);
    let by = |column| Sort {
        column,
        descending: true,
    };
    for is_later in [false, true] {
        let mut list = List::new(None);
        list.derive(&unknown);
        list.sort_to_first(by(ColumnId::Cpu), &unknown);
        let before = list.selected().cloned();
        if is_later {
            list.sort_later(Some(by(ColumnId::Name)));
        } else {
            list.set_sort(by(ColumnId::Name), &unknown);
        }
        list.derive(&unknown);
        assert_eq!(list.selected().cloned(), before, "later: {is_later}");
        assert!(list.place() > 0, "the last by name: {is_later}");
    }
}

#[test]
fn filters_select_what_they_say() {
    let all: &[&str] = &["Api", "billing", "live-gift", "live-rank"];
    for (filter, names) in [
        ("", all),
        ("live", &["live-gift", "live-rank"]),
        ("API", &["Api"]),
        ("api", &["Api"]),
        ("live gift", &["live-gift"]),
        ("!live", &["Api", "billing"]),
        ("live !gift", &["live-rank"]),
        ("~lvgft", &["live-gift"]),
        ("!~lvgft", &["Api", "billing", "live-rank"]),
        ("cpu>=500m", &["live-gift", "live-rank"]),
        ("cpu<1", &["Api", "live-rank"]),
        ("cpu=2", &["live-gift"]),
        ("cpu!=2", &["Api", "live-rank"]),
        ("age<2h", &["Api", "live-rank"]),
        ("age>1d", &["live-gift"]),
        ("age>1h30m", &["billing", "live-gift"]),
        ("name=live", &["live-gift", "live-rank"]),
        ("name!=live", &["Api", "billing"]),
        ("ready<cpu", &["Api"]),
        ("ready>cpu", &["live-rank"]),
        ("-l name=billing", &["billing"]),
        ("-lname!=billing", &["Api", "live-gift", "live-rank"]),
        ("-l name,!other", all),
        ("-l !name", &[]),
        ("-lname=billing", &["billing"]),
        // No column, no option: text.
        ("-live", &[]),
        ("live-rank:", &[]),
        ("Error:", &[]),
        ("nginx:1.25", &[]),
        ("name:gift", &["live-gift"]),
        ("!cpu>1", &["Api", "billing", "live-rank"]),
    ] {
        assert_eq!(
            matching(filter),
            (names.iter().map(|&n| n.to_owned()).collect(), None),
            "{filter}"
        );
    }
}

#[test]
fn a_wrong_filter_says_why_and_the_rest_counts() {
    for (filter, says, rows) in [
        ("cpu>much live", "write cores, such as 500m or 2", 2),
        ("size>3", "no column 'size' here; there are name cpu age ready", 4),
        ("age>3x", "such as 30s, 15m, 2h or 3d", 4),
        ("age>", "is compared with a time", 4),
        ("name>3", "compare it with = or !=", 4),
        ("!", "'!' needs what it excludes", 4),
        ("-l", "'-l' needs a label", 4),
        ("~", "'~' needs letters", 4),
    ] {
        let (names, problem) = matching(filter);
        assert!(
            problem.as_deref().is_some_and(|p| p.contains(says)),
            "{filter}: {problem:?}"
        );
        assert_eq!(names.len(), rows, "{filter}");
    }
}

fn rows() -> impl Strategy<Value = Rows> {
    let row = ("[a-c]{1,3}", prop::option::of(0..5_i64), 0..5_i64, 0..5_i64);
    // Long ones differ behind what a comparison looks at first.
    let name = prop_oneof!["[a-c]{1,4}", "a{14,18}[a-c]{0,3}"];
    prop::collection::btree_map(name, row, 0..40).prop_map(|rows| {
        let rows = rows.into_iter();
        Rows(
            rows.map(|(name, (_, cpu, age, ready))| Row {
                name,
                cpu,
                age,
                ready,
                depth: 0,
            })
            .collect(),
        )
    })
}

proptest! {
    #[test]
    fn sorting_is_stable_total_and_puts_the_unknown_last(rows in rows(), descending: bool, by_name: bool) {
        let column = if by_name { ColumnId::Name } else { ColumnId::Cpu };
        let mut list = List::new(Some(Sort { column, descending }));
        list.derive(&rows);
        let order = list.rows().to_vec();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..rows.len() as u32).collect::<Vec<_>>(), "every row once");
        for pair in order.windows(2) {
            let (a, b) = (rows.value(pair[0], column), rows.value(pair[1], column));
            let in_order = match (&a, &b) {
                (Value::Absent, Value::Absent) => pair[0] < pair[1],
                (Value::Absent, _) => false,
                (_, Value::Absent) => true,
                _ if a == b => pair[0] < pair[1],
                _ => (a < b) != descending,
            };
            prop_assert!(in_order, "{a:?} before {b:?}");
        }
    }

    #[test]
    fn a_filter_and_its_opposite_share_out_the_rows(rows in rows(), text in "[a-c]{1,2}") {
        let count = |filter: &str| {
            let mut list = List::new(None);
            list.derive(&rows);
            list.set_filter(Filter::parse(filter, &COLUMNS), &rows);
            list.rows().len()
        };
        prop_assert_eq!(count(&text) + count(&format!("!{text}")), rows.len());
        let twice = [text.as_str(), text.as_str()].join(" ");
        prop_assert_eq!(count(&twice), count(&text));
    }

    #[test]
    fn a_filter_typed_letter_by_letter_selects_what_it_selects_at_once(
        mut rows in rows(), in_tree: bool, text in "([!~]?[a-c0-2m]{1,3}|cpu>1| ){1,3}", back in 0..4_usize,
    ) {
        if in_tree {
            rows.0.iter_mut().for_each(|row| row.depth = row.ready as usize % 3);
        }
        let parse = |text: &str| Filter::parse(text, &COLUMNS);
        let mut typed = List::new(None);
        typed.derive(&rows);
        for end in (1..=text.len()).chain(text.len().saturating_sub(back)..=text.len()) {
            typed.set_filter(parse(text.get(..end).unwrap()), &rows);
        }
        let mut pasted = List::new(None);
        pasted.derive(&rows);
        pasted.set_filter(parse(&text), &rows);
        prop_assert_eq!(typed.rows(), pasted.rows());
    }

    #[test]
    fn the_cursor_keeps_its_object_or_takes_a_row_that_is_there(
        before in rows(), after in rows(), place in 0..40_usize, descending: bool,
    ) {
        let mut list = List::new(None);
        list.derive(&before);
        list.go(place, &before);
        let object = list.selected().cloned();
        list.set_sort(Sort { column: ColumnId::Cpu, descending }, &before);
        prop_assert_eq!(list.selected().cloned(), object.clone(), "sorting moves rows, not the cursor");
        list.derive(&after);
        let there = (0..after.len() as u32).any(|row| after.key(row) == object);
        match list.selected_row() {
            None => prop_assert!(after.0.is_empty()),
            Some(row) => {
                prop_assert_eq!(after.key(row), list.selected().cloned());
                prop_assert!(!there || after.key(row) == object, "an object that lives keeps the cursor");
            }
        }
    }

    #[test]
    fn any_text_is_a_filter(text in ".{0,40}") {
        let _ = matching(&text);
    }
}
