//! Any bytes, cut anywhere, as a kubelet's text: the cut changes nothing, and no figure is nonsense.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pilothouse::metrics::Meter;
use pilothouse::metrics::cadvisor::{Collector, read};
use pilothouse::metrics::exposition::Scanner;
use pilothouse::metrics::rate::Spacing;

fuzz_target!(|input: (u8, Vec<u8>, Vec<u8>)| {
    let (size, first, second) = input;
    let whole = read(&first, 0);
    let (mut collector, mut scanner) = (Collector::new(0), Scanner::default());
    for chunk in first.chunks(usize::from(size) + 1) {
        scanner.push(chunk, &mut collector);
    }
    assert_eq!(collector.finish(scanner.finish()), whole);
    let mut meter = Meter::default();
    let node = "node".into();
    for (scrape, received) in [(whole, 0), (read(&second, 0), 15_000)] {
        for measured in meter.take(&node, &scrape, received, Spacing::of(15_000)) {
            assert!(measured.figures.known().all(|(_, value)| value.is_finite() && value >= 0.0));
        }
    }
});
