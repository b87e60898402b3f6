//! The text format, its edges, and bytes that are none of it.

use proptest::prelude::*;

use super::*;

/// Keeps what it is given, as text.
#[derive(Debug, Default, PartialEq)]
struct Seen(Vec<(&'static str, String, String, Option<Millis>)>);

impl Take for Seen {
    type Family = &'static str;
    type Labels<'a> = Vec<(&'a [u8], &'a [u8])>;

    fn family(name: &[u8]) -> Option<&'static str> {
        ["cpu_seconds_total", "memory"]
            .into_iter()
            .find(|known| known.as_bytes() == name)
    }
    fn label<'a>(labels: &mut Self::Labels<'a>, name: &'a [u8], value: &'a [u8]) {
        labels.push((name, value));
    }
    fn sample(&mut self, family: &'static str, labels: &Self::Labels<'_>, value: f64, at: Option<Millis>) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{}={}", String::from_utf8_lossy(name), unescape(value)))
            .collect();
        self.0.push((family, labels.join(","), value.to_string(), at));
    }
}

fn scan<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Seen, Counts) {
    let mut seen = Seen::default();
    let mut scanner = Scanner::default();
    for chunk in chunks {
        scanner.push(chunk, &mut seen);
    }
    (seen, scanner.finish())
}

fn one(line: &str) -> Option<(String, String, Option<Millis>)> {
    let (seen, counts) = scan([line.as_bytes(), b"\n"]);
    assert_eq!(counts.samples + counts.bad, counts.lines, "{line}");
    seen.0
        .into_iter()
        .next()
        .map(|(_, labels, value, at)| (labels, value, at))
}

#[test]
fn lines_are_read_as_the_format_has_them() {
    for (line, labels, value, at) in [
        ("memory 1", "", "1", None),
        (
            "memory 7.14752e+06 1795360864053",
            "",
            "7147520",
            Some(1_795_360_864_053),
        ),
        ("memory{} -3.5e-7 -5", "", "-0.00000035", Some(-5)),
        (r#"memory{pod="a",id="/"} 2"#, "pod=a,id=/", "2", None),
        (r#"memory { pod = "a" , } NaN"#, "pod=a", "NaN", None),
        ("\t memory\t+Inf 7\t\r", "", "inf", Some(7)),
        (r#"memory{pod="}{ \\\"\n,"} -Inf"#, "pod=}{ \\\"\n,", "-inf", None),
        (r#"memory 1 2 # {trace="x"} 0.5"#, "", "1", Some(2)),
        (r#"memory 1 # {trace="x"} 0.5"#, "", "1", None),
    ] {
        let expected = (labels.to_owned(), value.to_owned(), at);
        assert_eq!(one(line), Some(expected), "{line}");
    }
}

#[test]
fn bad_lines_are_counted_and_cost_no_other() {
    let bad = [
        "memory",
        "memory{",
        "memory{pod=\"a\"}",
        "memory{pod=\"a} 1",
        "memory{pod=a} 1",
        "memory{pod} 1",
        "memory{=\"a\"} 1",
        "memory{pod=\"a\"; id=\"b\"} 1",
        "memory one",
        "memory 1 2.5",
        "memory 1 2 3",
        "memory 1 99999999999999999999",
        "memory{pod=\"a\\",
        "memory{pod=\"a\"} 1_000",
    ];
    for line in bad {
        assert_eq!(one(line), None, "{line}");
    }
    let text = format!("memory 1\n{}\nmemory 2\n", bad.join("\n"));
    let (seen, counts) = scan([text.as_bytes()]);
    assert_eq!(seen.0.len(), 2);
    assert_eq!((counts.bad, counts.samples), (bad.len() as u64, 2));
    assert_eq!(counts.lines, bad.len() as u64 + 2);
}

#[test]
fn only_what_is_wanted_is_read() {
    let text = b"# HELP memory x\n# TYPE memory gauge\n\nmemory_more{a=\"\"} 1\nmemory 2\nmem 3\nmemory{} 4\ncpu_seconds_total 5\nmemory_more nonsense\n";
    let (seen, counts) = scan([&text[..]]);
    let values: Vec<_> = seen
        .0
        .iter()
        .map(|(family, _, value, _)| (*family, value.as_str()))
        .collect();
    assert_eq!(values, [("memory", "2"), ("memory", "4"), ("cpu_seconds_total", "5")]);
    assert_eq!((counts.lines, counts.samples, counts.bad), (6, 3, 0));
    assert_eq!(counts.bytes, text.len() as u64);
}

#[test]
fn a_body_that_was_cut_off_loses_its_last_line() {
    let (seen, counts) = scan([&b"memory 1\nmemory 2"[..]]);
    assert_eq!(seen.0.len(), 1, "the 2 may have been 25");
    assert_eq!(counts.bad, 1);
}

#[test]
fn a_line_without_an_end_does_not_fill_the_memory() {
    let long = vec![b'x'; 3 * MAX_LINE];
    let mut seen = Seen::default();
    let mut scanner = Scanner::default();
    for piece in long.chunks(1000) {
        scanner.push(piece, &mut seen);
        assert!(scanner.carry.capacity() <= 2 * MAX_LINE);
    }
    scanner.push(b"\nmemory 1\n", &mut seen);
    scanner.push(&long, &mut seen);
    scanner.push(b"\nmemory 2\n", &mut seen);
    let counts = scanner.finish();
    assert_eq!((seen.0.len(), counts.bad, counts.lines), (2, 2, 4));
}

proptest! {
    #[test]
    fn it_does_not_matter_where_the_chunks_are_cut(
        lines in prop::collection::vec(
            prop_oneof![
                Just("memory{pod=\"a\\\"b\",x=\"é\"} 7.1e+06 1795360864053".to_owned()),
                Just("# TYPE memory gauge".to_owned()),
                Just("other{pod=\"a\"} 1".to_owned()),
                "memory\\{[a-z]{1,3}=\"[ -~]{0,9}\"\\} [0-9]{1,4}",
                "[ -~]{0,20}",
            ],
            0..12,
        ),
        cuts in prop::collection::vec(1..40_usize, 1..30),
    ) {
        let text = lines.join("\n");
        let (mut chunks, mut rest) = (Vec::new(), text.as_bytes());
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            chunks.push(head);
            rest = tail;
        }
        prop_assert_eq!(scan(chunks), scan([text.as_bytes()]));
    }

    #[test]
    fn any_bytes_at_all_are_survived(
        pieces in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "(memory|cpu_seconds_total)?[{}=\"\\\\, \n0-9a-z.#+-]{0,30}".prop_map(String::into_bytes),
        ], 0..8),
    ) {
        let (seen, counts) = scan(pieces.iter().map(Vec::as_slice));
        prop_assert_eq!(seen.0.len() as u64, counts.samples);
        prop_assert!(counts.samples + counts.bad <= counts.lines + 1);
    }
}
