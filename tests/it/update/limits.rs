//! What limits a list: the filter as it is typed and left, the scope.

use super::{crumbs, selected};
use crate::support::screen::Bench;
use pilothouse::message::{Action, Message, Mode};
use pilothouse::screens::ScreenKind;

#[test]
fn pasted_text_is_text_only() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    assert_eq!(bench.send(Message::Paste("q\n:quit\n".into())), []);
    assert!(matches!(bench.model.screen().kind, ScreenKind::Apps));
    bench.act(&[Action::Filter]);
    bench.send(Message::Paste("feed\nrank".into()));
    assert_eq!(bench.model.screen().list.filter().text(), "feed rank");
    assert_eq!(bench.model.mode(), Mode::Prompt);
}

#[test]
fn leaving_the_filter_brings_the_former_one_back() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter("feed");
    bench.act(&[Action::Filter]);
    bench.text(" rank");
    assert_eq!(bench.model.screen().list.rows().len(), 1);
    bench.act(&[Action::Cancel]);
    assert_eq!(bench.model.screen().list.filter().text(), "feed");
    assert_eq!(bench.model.screen().list.rows().len(), 2);
}

#[test]
fn scope_limits_every_list() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowNodes, Action::ScopeClusters]);
    bench.text("ali");
    bench.act(&[Action::Accept]);
    assert_eq!(bench.model.screen().list.total(), 5);
    bench.act(&[Action::ShowApps]);
    assert_eq!(bench.model.screen().list.total(), 6);
    bench.act(&[Action::ScopeNamespaces, Action::Mark, Action::Mark, Action::Accept]);
    assert_eq!(bench.model.scope_here().namespaces.len(), 2);
    bench.act(&[Action::ScopeAll]);
    assert_eq!(bench.model.screen().list.total(), 14);
}

#[test]
fn leaving_the_filter_comes_back_to_the_row_it_began_on() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps, Action::CursorDown, Action::CursorDown]);
    let before = selected(&mut bench);
    bench.act(&[Action::Filter]);
    bench.text("feed/rank");
    assert_eq!(selected(&mut bench), "feed/rank");
    bench.act(&[Action::Cancel]);
    assert_eq!(selected(&mut bench), before);
}

#[test]
fn back_clears_the_filter_first() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::Open, Action::Open]);
    bench.filter("push");
    let crumb = crumbs(&mut bench);
    bench.act(&[Action::Back]);
    assert_eq!(bench.model.screen().list.filter().text(), "");
    assert_eq!((crumbs(&mut bench), selected(&mut bench)), (crumb, "im/push".into()));
    bench.act(&[Action::Back]);
    assert_eq!(crumbs(&mut bench), "fleet › idc-bj");
}

#[test]
fn a_scope_is_what_was_chosen_and_nothing_by_accident() {
    use Action::{Accept, Mark, ScopeNamespaces, ShowApps};
    let picked = |bench: &Bench| -> Vec<String> {
        let namespaces = bench.model.scope_here().namespaces;
        namespaces.iter().map(ToString::to_string).collect()
    };
    let mut bench = Bench::fleet();
    bench.act(&[ShowApps, ScopeNamespaces, Mark, Mark, Accept]);
    assert_eq!(picked(&bench), ["feed", "gift"]);
    bench.act(&[ScopeNamespaces, Accept]);
    assert_eq!(picked(&bench), ["feed", "gift"], "looked at, not touched");
    bench.act(&[ScopeNamespaces]);
    bench.text("no such namespace");
    bench.act(&[Accept]);
    assert_eq!(bench.model.mode(), Mode::Picker, "nothing matches: nothing is taken");
    bench.act(&[Action::EraseAll]);
    bench.text("im");
    bench.act(&[Accept]);
    assert_eq!(picked(&bench), ["im"], "typed to find another");
    bench.act(&[ScopeNamespaces, Action::CursorDown, Accept]);
    assert_eq!(picked(&bench), ["ops"], "one gives way to the one that is gone to");
    bench.act(&[ScopeNamespaces, Mark, Accept]);
    assert_eq!(picked(&bench), [""; 0], "the last mark taken away limits nothing");
}

#[test]
fn help_and_columns_scroll_back_at_once_from_their_end() {
    use Action::{Bottom, CursorDown, CursorUp, Help};
    for size in [(80, 24), (120, 24), (60, 15)] {
        let mut bench = Bench::fleet();
        bench.frame(size.0, size.1);
        bench.act(&[Help, Bottom]);
        let end = bench.frame(size.0, size.1);
        assert!(end.contains("to the view before this one"), "{end}");
        bench.act(&[CursorDown, CursorDown, CursorDown]);
        assert_eq!(bench.frame(size.0, size.1), end);
        bench.act(&[CursorUp]);
        assert_ne!(bench.frame(size.0, size.1), end, "{size:?}");
    }
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowNodes]);
    bench.frame(80, 24);
    bench.act(&[Action::ColumnsRight; 40]);
    let end = bench.frame(80, 24);
    bench.act(&[Action::ColumnsLeft]);
    assert_ne!(bench.frame(80, 24), end);
    // Whatever is scrolled past, a row says what it is.
    bench.act(&[Action::ShowLocations]);
    bench.act(&[Action::ColumnsRight; 9]);
    let frame = bench.frame(80, 24);
    assert!(frame.contains("LOCATION") && frame.contains("idc-bj-a"), "{frame}");
}

#[test]
fn an_empty_list_points_to_no_key_that_refuses() {
    let mut bench = Bench::fleet();
    let all = "a shows everything again";
    bench.act(&[Action::ShowInstances]);
    bench.act(&[Action::ScopeNamespaces]);
    bench.text("video");
    bench.act(&[Action::Accept, Action::ScopeClusters]);
    bench.text("idc-bj");
    bench.act(&[Action::Accept]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("no instances here") && frame.contains(all), "{frame}");
    let mut bench = Bench::fleet();
    let id = pilothouse::domain::ClusterId::new("aliyun");
    bench.send(Message::Cluster(
        id,
        pilothouse::domain::ClusterReport::Batch(pilothouse::domain::Batch {
            kind: pilothouse::domain::Kind::Node,
            namespace: "".into(),
            generation: 2,
            changes: vec![],
            sweep: true,
        }),
    ));
    bench.act(&[Action::CursorDown, Action::Open]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("no locations here") && !frame.contains(all), "{frame}");
    bench.act(&[Action::ScopeAll]);
    assert!(bench.frame(120, 40).contains("nothing is limited"));
}

#[test]
fn where_keys_are_text_no_key_is_pointed_to() {
    let mut bench = Bench::fleet();
    let told = |bench: &mut Bench| {
        bench.send(Message::Unbound("F9".into()));
        bench.frame(120, 40)
    };
    assert!(told(&mut bench).contains("? shows the keys that work here"));
    let mut bench = Bench::fleet();
    bench.act(&[Action::Filter]);
    let frame = told(&mut bench);
    assert!(
        frame.contains("F9 does nothing here") && !frame.contains("shows the keys"),
        "{frame}"
    );
}
