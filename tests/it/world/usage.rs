//! What containers use: fresh or unknown, never zero; sums that say how much of them is known.

use pilothouse::metrics::source::{Report, Source, Supply, Wanted};
use pilothouse::metrics::{Figure, Figures, Measured, Millis, Span, Subject, Total};
use pilothouse::world::Usage;

use super::*;

fn millis(seconds: i64) -> Millis {
    at(seconds).timestamp_millis()
}

fn of_pod(name: &str) -> Subject {
    Subject::Pod(ObjectKey::new("gift", name))
}

impl Fleet {
    fn supply(&mut self, current: Option<Source>) -> &mut Self {
        let supply = Supply {
            current,
            ..Supply::default()
        };
        self.0.measured(&cluster(), Report::Supply(supply));
        self
    }

    /// Nodes off screen are asked so many seconds apart.
    fn seldom(&mut self, seconds: i64) -> &mut Self {
        let mut supply = self.usage().supply().clone();
        supply.pace.rest_ms = seconds * 1000;
        self.0.measured(&cluster(), Report::Supply(supply));
        self
    }

    fn measured(&mut self, subject: Subject, seconds: i64, figures: &[(Figure, f64)]) -> &mut Self {
        let mut known = Figures::default();
        for (figure, value) in figures {
            known.set(*figure, *value);
        }
        let item = Measured {
            subject,
            span: Span {
                from: millis(seconds - 10),
                to: millis(seconds),
            },
            figures: known,
        };
        let report = Report::Measured {
            at: millis(seconds),
            items: vec![item],
        };
        self.0.measured(&cluster(), report);
        self
    }

    fn usage(&self) -> &Usage {
        &self.0.clusters()[0].usage
    }

    fn now(&self, name: &str, figure: Figure, seconds: i64) -> Option<f64> {
        self.usage().now(&of_pod(name), figure, millis(seconds))
    }

    fn cores(&self, subject: &Subject) -> Option<Total> {
        self.usage().sums(subject)?.get(Figure::Cpu)
    }
}

fn fleet() -> Fleet {
    let mut fleet = Fleet::new();
    fleet.feed(Kind::Node, Feed::Live);
    for name in ["n1", "n2"] {
        fleet.node(node(name, "bj", NodeHealth::Ready));
    }
    fleet.pod(pod("web", 0, Some("n1"), true));
    fleet.pod(pod("web", 1, Some("n2"), true));
    fleet.supply(Some(Source::Cadvisor));
    fleet
}

fn total(sum: f64, known: u32, of: u32) -> Total {
    Total {
        sum,
        known,
        of,
        ..Total::default()
    }
}

#[test]
fn what_was_not_measured_lately_is_unknown() {
    let mut fleet = fleet();
    fleet.measured(of_pod("web-0"), 300, &[(Figure::Cpu, 0.5)]);
    assert_eq!(fleet.now("web-0", Figure::Cpu, 310), Some(0.5));
    assert_eq!(fleet.now("web-0", Figure::Cpu, 450), Some(0.5));
    assert_eq!(fleet.now("web-0", Figure::Cpu, 451), None);
    assert_eq!(fleet.now("web-1", Figure::Cpu, 310), None);
}

#[test]
fn what_is_on_screen_is_known_no_longer_where_the_others_are_asked_seldom() {
    let mut fleet = fleet();
    fleet.seldom(1_500);
    fleet.measured(of_pod("web-0"), 300, &[(Figure::Cpu, 0.5)]);
    fleet.measured(of_pod("web-1"), 300, &[(Figure::Cpu, 0.5)]);
    let wanted = Wanted {
        pods: [ObjectKey::new("gift", "web-0")].into(),
        ..Wanted::default()
    };
    fleet.0.show(&cluster(), &wanted);
    assert_eq!(
        fleet.now("web-0", Figure::Cpu, 900),
        Some(0.5),
        "until it is measured anew"
    );
    fleet.measured(of_pod("web-0"), 900, &[(Figure::Cpu, 0.25)]);
    assert_eq!(fleet.now("web-0", Figure::Cpu, 1_050), Some(0.25));
    assert_eq!(fleet.now("web-0", Figure::Cpu, 1_051), None, "its node fails");
    assert_eq!(fleet.now("web-1", Figure::Cpu, 1_051), Some(0.5), "off screen");
}

#[test]
fn network_that_was_measured_before_the_rest_counts_too() {
    let mut fleet = fleet();
    for shown in [vec![], vec![ObjectKey::new("gift", "web-0")]] {
        let wanted = Wanted {
            pods: shown.into(),
            ..Wanted::default()
        };
        fleet.0.show(&cluster(), &wanted);
        fleet.measured(of_pod("web-0"), 300, &[(Figure::Cpu, 0.5)]);
        fleet.measured(of_pod("web-0"), 290, &[(Figure::NetworkReceiveBytes, 1e6)]);
        assert_eq!(fleet.now("web-0", Figure::NetworkReceiveBytes, 310), Some(1e6));
        fleet.measured(of_pod("web-0"), 280, &[(Figure::NetworkReceiveBytes, 7.0)]);
        assert_eq!(fleet.now("web-0", Figure::NetworkReceiveBytes, 310), Some(1e6), "older");
        assert_eq!(
            fleet.now("web-0", Figure::NetworkReceiveBytes, 445),
            None,
            "each has its time"
        );
        assert_eq!(fleet.now("web-0", Figure::Cpu, 445), Some(0.5));
    }
}

#[test]
fn sums_say_how_much_of_them_is_known() {
    let mut fleet = fleet();
    fleet.measured(of_pod("web-0"), 300, &[(Figure::Cpu, 0.5)]);
    fleet.0.add_up(at(301));
    let web = Subject::App(app("web"));
    assert_eq!(fleet.cores(&web), Some(total(0.5, 1, 2)));
    assert_eq!(fleet.cores(&Subject::Location("bj".into())), Some(total(0.5, 1, 2)));
    assert_eq!(fleet.cores(&Subject::Node("n2".into())), Some(total(0.0, 0, 1)));
    assert_eq!(
        fleet.cores(&Subject::Node("n2".into())).unwrap().value(),
        None,
        "never 0"
    );
    fleet.measured(of_pod("web-1"), 302, &[(Figure::Cpu, 0.25)]);
    fleet.0.add_up(at(303));
    assert_eq!(fleet.cores(&web), Some(total(0.5, 1, 2)), "not time for another round");
    fleet.0.add_up(at(316));
    assert_eq!(fleet.cores(&web), Some(total(0.75, 2, 2)));
}

#[test]
fn nothing_is_known_on_a_node_that_is_not_heard_of_nor_of_what_has_ended() {
    let mut fleet = fleet();
    for name in ["web-0", "web-1"] {
        fleet.measured(of_pod(name), 300, &[(Figure::Cpu, 0.5)]);
    }
    fleet.node(node("n1", "bj", NodeHealth::Unknown));
    let mut ended = pod("web", 1, Some("n2"), false);
    ended.phase = PodPhase::Succeeded;
    fleet.pod(ended);
    fleet.0.add_up(at(301));
    assert_eq!(fleet.cores(&Subject::App(app("web"))), Some(total(0.0, 0, 1)));
    assert_eq!(fleet.now("web-0", Figure::Cpu, 301), None);
    assert_eq!(fleet.now("web-1", Figure::Cpu, 301), None);
}

#[test]
fn another_instance_of_the_same_name_begins_with_nothing() {
    let mut fleet = fleet();
    fleet.measured(of_pod("web-0"), 300, &[(Figure::Cpu, 0.5)]);
    let mut next = pod("web", 0, Some("n2"), true);
    next.uid = Uid::parse("another");
    next.created = Some(at(305));
    fleet.pod(next);
    assert_eq!(fleet.now("web-0", Figure::Cpu, 306), None);
    fleet.measured(of_pod("web-0"), 304, &[(Figure::Cpu, 0.5)]);
    assert_eq!(
        fleet.now("web-0", Figure::Cpu, 306),
        None,
        "measured of the one before it"
    );
    fleet.measured(of_pod("web-0"), 316, &[(Figure::Cpu, 0.1)]);
    assert!(fleet.now("web-0", Figure::Cpu, 317).is_some());
}

#[test]
fn an_instance_on_its_nodes_network_has_no_traffic_of_its_own() {
    let mut fleet = fleet();
    let mut proxy = pod("proxy", 0, Some("n1"), true);
    proxy.host_network = true;
    fleet.pod(proxy);
    let figures = [(Figure::Cpu, 0.5), (Figure::NetworkReceiveBytes, 1e9)];
    fleet.measured(of_pod("proxy-0"), 300, &figures);
    assert_eq!(fleet.now("proxy-0", Figure::Cpu, 301), Some(0.5));
    assert_eq!(fleet.now("proxy-0", Figure::NetworkReceiveBytes, 301), None);
}

#[test]
fn sums_end_when_no_source_is_left() {
    let mut fleet = fleet();
    fleet.measured(of_pod("web-0"), 300, &[(Figure::Cpu, 0.5)]);
    fleet.0.add_up(at(301));
    fleet.supply(None);
    fleet.0.add_up(at(452));
    assert_eq!(fleet.cores(&Subject::App(app("web"))).and_then(Total::value), None);
    fleet.0.add_up(at(470));
    let version = fleet.0.version();
    fleet.0.add_up(at(490));
    assert_eq!(fleet.0.version(), version, "nothing changes, nothing is drawn");
}

#[test]
fn what_a_list_is_sorted_by_is_kept_of_everything() {
    let mut fleet = fleet();
    let ask = |fleet: &mut Fleet, figure| {
        let wanted = Wanted {
            figure,
            ..Wanted::default()
        };
        fleet.0.show(&cluster(), &wanted);
    };
    let web = Subject::App(app("web"));
    let sum = |fleet: &Fleet, figure| fleet.usage().sums(&web).and_then(|sums| sums.get(figure));
    let figures = [(Figure::Cpu, 0.5), (Figure::MemoryRss, 7.0), (Figure::Threads, 40.0)];
    fleet.measured(of_pod("web-0"), 300, &figures);
    assert_eq!(fleet.now("web-0", Figure::MemoryRss, 301), None, "nobody asked");
    ask(&mut fleet, Some(Figure::MemoryRss));
    fleet.measured(of_pod("web-0"), 310, &figures);
    assert_eq!(fleet.now("web-0", Figure::MemoryRss, 311), Some(7.0));
    assert_eq!(fleet.now("web-1", Figure::MemoryRss, 311), None, "never 0");
    fleet.0.add_up(at(316));
    assert_eq!(sum(&fleet, Figure::MemoryRss), Some(total(7.0, 1, 2)));
    assert_eq!(sum(&fleet, Figure::Threads), None);
    ask(&mut fleet, Some(Figure::Threads));
    assert_eq!(
        fleet.now("web-0", Figure::Threads, 317),
        None,
        "not the value of another"
    );
    fleet.measured(of_pod("web-0"), 320, &figures);
    assert_eq!(fleet.now("web-0", Figure::Threads, 321), Some(40.0));
    assert_eq!(fleet.now("web-0", Figure::MemoryRss, 321), None);
    fleet.0.add_up(at(332));
    assert_eq!(sum(&fleet, Figure::Threads), Some(total(40.0, 1, 2)));
    ask(&mut fleet, Some(Figure::Cpu));
    fleet.measured(of_pod("web-0"), 330, &figures);
    fleet.0.add_up(at(350));
    assert_eq!(sum(&fleet, Figure::Cpu), Some(total(0.5, 1, 2)), "counted once");
}

#[test]
fn only_what_is_on_screen_is_drawn_anew() {
    let mut fleet = fleet();
    let version = fleet.0.version();
    fleet.measured(of_pod("web-0"), 300, &[(Figure::Cpu, 0.5)]);
    assert_eq!(fleet.0.version(), version);
    let wanted = Wanted {
        pods: [ObjectKey::new("gift", "web-0")].into(),
        ..Wanted::default()
    };
    fleet.0.show(&cluster(), &wanted);
    fleet.measured(of_pod("web-0"), 310, &[(Figure::Cpu, 0.5)]);
    assert!(fleet.0.version() > version);
}
