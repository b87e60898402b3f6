//! Recorded text of a real kubelet, and text as it should not be.

use super::*;

const FIRST: &[u8] = include_bytes!("../../../tests/fixtures/metrics/cadvisor-1.txt");

fn container(scrape: &Scrape, pod: &str, name: &str) -> Reading {
    let place = Place::Container(ObjectKey::new("default", pod), name.into());
    scrape.readings.iter().find(|r| r.place == place).cloned().unwrap()
}

/// A line of pod `p`, container `c`, run `id`.
fn line(family: &str, id: &str, more: &str, value: &str, at: Millis) -> String {
    format!("{family}{{container=\"c\",id=\"{id}\",image=\"i\",{more}namespace=\"n\",pod=\"p\"}} {value} {at}\n")
}

#[test]
fn a_real_kubelet_gives_one_reading_a_place() {
    let scrape = read(FIRST, 0);
    assert_eq!((scrape.counts.bad, scrape.duplicates, scrape.left_out), (0, 0, 0));
    let count = |f: fn(&Place) -> bool| scrape.readings.iter().filter(|r| f(&r.place)).count();
    assert_eq!(count(|p| matches!(p, Place::Node)), 1);
    assert_eq!(count(|p| matches!(p, Place::Pod(_))), 3);
    assert_eq!(count(|p| matches!(p, Place::Sandbox(_))), 3);
    assert_eq!(count(|p| matches!(p, Place::Container(..))), 6);
    let web = container(&scrape, "feed-6855df779d-x6jtv", "web");
    assert_eq!(web.at, 1_795_360_865_361);
    for (family, value) in [
        (Family::CpuUsage, Some(3.467_803_309)),
        (Family::MemoryUsage, Some(790_528.0)),
        (Family::Threads, Some(2.0)),
        (Family::OomEvents, Some(0.0)),
        (Family::NetworkReceiveBytes, None),
        (Family::FsReads, None),
        (Family::CfsPeriods, None),
    ] {
        assert_eq!(web.values.get(family), value, "{family:?}");
    }
}

#[test]
fn only_the_sandbox_has_the_pods_network_and_only_that() {
    let scrape = read(FIRST, 0);
    let key = || ObjectKey::new("default", "feed-6855df779d-mrsnf");
    let of = |place| &scrape.readings.iter().find(|r| r.place == place).unwrap().values;
    let sandbox = of(Place::Sandbox(key()));
    assert_eq!(sandbox.get(Family::NetworkReceiveBytes), Some(2006.0));
    assert_eq!((sandbox.get(Family::CpuUsage), sandbox.len()), (None, 8));
    let pod = of(Place::Pod(key()));
    assert_eq!(pod.get(Family::CpuUsage), Some(5.980_382_056));
    assert_eq!(pod.get(Family::NetworkReceiveBytes), None);
    let node = of(Place::Node);
    assert_eq!(node.get(Family::MemoryUsage), Some(6.398_312_448e9));
    assert_eq!(
        node.get(Family::NetworkReceiveBytes),
        None,
        "its interfaces count packets twice"
    );
}

#[test]
fn it_does_not_matter_how_the_text_arrives() {
    let whole = read(FIRST, 0);
    for size in [1, 7, 1000] {
        let mut collector = Collector::new(0);
        let mut scanner = Scanner::default();
        FIRST.chunks(size).for_each(|chunk| scanner.push(chunk, &mut collector));
        assert_eq!(collector.finish(scanner.finish()), whole);
    }
}

#[test]
fn a_run_that_ended_does_not_hide_the_next() {
    let text = line("container_memory_rss", "/old", "", "9", 1000)
        + &line("container_memory_rss", "/new", "", "1", 2000)
        + &line("container_memory_cache", "/old", "", "9", 1000);
    let scrape = read(text.as_bytes(), 0);
    assert_eq!((scrape.readings.len(), scrape.duplicates, scrape.left_out), (1, 1, 2));
    let kept = &scrape.readings[0];
    assert_eq!((kept.at, kept.values.get(Family::MemoryRss)), (2000, Some(1.0)));
    assert_eq!(kept.values.get(Family::MemoryCache), None, "two runs are not mixed");
}

#[test]
fn a_series_that_comes_twice_counts_once() {
    let text = line("container_memory_rss", "/a", "", "5", 1000)
        + &line("container_memory_rss", "/a", "", "7", 1000)
        + &line("container_fs_reads_bytes_total", "/a", "device=\"vda\",", "1e3", 1000)
        + &line("container_fs_reads_bytes_total", "/a", "device=\"vdb\",", "20", 1000)
        + &line("container_fs_reads_bytes_total", "/a", "device=\"vda\",", "1e3", 1000);
    let scrape = read(text.as_bytes(), 0);
    let values = &scrape.readings[0].values;
    assert_eq!(values.get(Family::MemoryRss), Some(5.0));
    assert_eq!(values.get(Family::FsReads), Some(1020.0), "devices are added up");
    assert_eq!(scrape.left_out, 2);
}

#[test]
fn values_of_two_measurements_are_not_mixed() {
    let text = line("container_memory_rss", "/a", "", "5", 1000)
        + &line("container_memory_cache", "/a", "", "6", 2000)
        + &line("container_threads", "/a", "", "7", 1000);
    let scrape = read(text.as_bytes(), 0);
    let kept = &scrape.readings[0];
    assert_eq!((kept.at, kept.values.len()), (2000, 1));
    assert_eq!(scrape.left_out, 1);
}

#[test]
fn what_is_no_amount_is_absent() {
    let text = line("container_memory_rss", "/a", "", "NaN", 1000)
        + &line("container_memory_cache", "/a", "", "+Inf", 1000)
        + &line("container_threads", "/a", "", "-1", 1000)
        + &line("container_memory_usage_bytes", "/a", "", "3", 1000);
    let scrape = read(text.as_bytes(), 0);
    assert_eq!(scrape.readings[0].values.len(), 1);
    assert_eq!((scrape.counts.bad, scrape.left_out), (0, 3));
}

#[test]
fn a_cpu_by_itself_is_not_the_container() {
    let text = line("container_cpu_usage_seconds_total", "/a", "cpu=\"cpu00\",", "1", 1000)
        + &line("container_cpu_usage_seconds_total", "/a", "cpu=\"total\",", "3", 1000);
    let scrape = read(text.as_bytes(), 0);
    assert_eq!(scrape.readings[0].values.get(Family::CpuUsage), Some(3.0));
}

#[test]
fn text_without_times_or_paths_is_read_as_of_its_coming() {
    let text = "container_threads{container=\"c\",namespace=\"n\",pod=\"p\",image=\"i\"} 4\n\
                container_threads{container=\"d\",namespace=\"n\",pod=\"p\",image=\"i\"} 5\n\
                container_threads{container=\"POD\",namespace=\"n\",pod=\"p\",image=\"pause\"} 1\n\
                container_threads{id=\"/system.slice\"} 99\n";
    let scrape = read(text.as_bytes(), 77_000);
    let seen: Vec<_> = scrape
        .readings
        .iter()
        .map(|r| (r.at, r.values.get(Family::Threads)))
        .collect();
    assert_eq!(seen, [(77_000, Some(4.0)), (77_000, Some(5.0))]);
}

#[test]
fn names_are_made_harmless() {
    let text = line("container_threads", "/a", "", "1", 1000).replace("pod=\"p\"", "pod=\"\x1b[31m\\\"\"");
    let scrape = read(text.as_bytes(), 0);
    let expected = Place::Container(ObjectKey::new("n", "␛[31m\""), "c".into());
    assert_eq!(scrape.readings[0].place, expected);
}

#[test]
fn a_hostile_node_fills_no_memory() {
    let mut text = String::new();
    for i in 0..MAX_PLACES + 10 {
        text += &line("container_threads", &format!("/{i}"), "", "1", 1000);
    }
    let scrape = read(text.as_bytes(), 0);
    assert_eq!((scrape.readings.len(), scrape.duplicates), (1, MAX_PLACES - 1));
    let parts: String = (0..MAX_PARTS + 10)
        .map(|i| {
            line(
                "container_fs_reads_bytes_total",
                "/a",
                &format!("device=\"{i}\","),
                "1",
                1000,
            )
        })
        .collect();
    let threads = line("container_threads", "/a", "", "1", 1000);
    let scrape = read((parts + &threads).as_bytes(), 0);
    assert_eq!(
        scrape.readings[0].values.get(Family::FsReads),
        None,
        "a sum of some is not the sum"
    );
    assert_eq!(scrape.readings[0].values.get(Family::Threads), Some(1.0));
}
