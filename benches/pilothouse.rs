//! Benchmarks of what a key press and a frame cost.

mod derive;

criterion::criterion_group!(benches, derive::lists);
criterion::criterion_main!(benches);
