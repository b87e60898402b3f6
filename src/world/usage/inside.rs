//! An instance is the sum of its containers where only they were measured.

use crate::domain::Container;
use crate::metrics::{Figure, Millis, Resolution, Subject, Total, series};
use crate::world::ClusterView;

impl ClusterView {
    /// A figure of a subject now; an instance's own, else what its containers that run use together, if it is known of
    /// each of them.
    pub fn used(&self, subject: &Subject, figure: Figure, now: Millis) -> Option<f64> {
        let measured = |subject: &Subject| self.usage.now(subject, figure, now);
        measured(subject).or_else(|| {
            let running = self.inside(subject, figure, |container| container.state.is_running());
            let sum: Total = running.iter().map(measured).collect();
            sum.value().filter(|_| sum.is_whole())
        })
    }

    /// What a subject used, a slot each, newest last; an instance's own, and where that is not known what its containers
    /// used together that anything is known of.
    pub fn used_line(
        &self,
        subject: &Subject,
        figure: Figure,
        at: Resolution,
        until: Millis,
        slots: u32,
    ) -> Vec<Option<f64>> {
        let read = |subject: &Subject| self.usage.line(subject, figure, at, until, slots);
        let own = read(subject);
        if own.iter().all(Option::is_some) {
            return own;
        }
        let inside = self.inside(subject, figure, |_| true);
        let parts: Vec<_> = inside
            .iter()
            .map(read)
            .filter(|line| line.iter().any(Option::is_some))
            .collect();
        if parts.is_empty() {
            return own;
        }
        let totals = series::add_up(parts.iter().map(Vec::as_slice), slots as usize);
        let sums = totals
            .into_iter()
            .map(|total| total.value().filter(|_| total.is_whole()));
        own.into_iter().zip(sums).map(|(own, sum)| own.or(sum)).collect()
    }

    /// The containers that an instance is the sum of: its network is counted for it alone, and of shares a sum says
    /// nothing.
    fn inside(&self, subject: &Subject, figure: Figure, which: impl Fn(&Container) -> bool) -> Vec<Subject> {
        let Subject::Pod(key) = subject else { return Vec::new() };
        let adds_up = figure.adds_up() && !figure.is_network();
        let Some(pod) = self.pod(key).filter(|_| adds_up) else {
            return Vec::new();
        };
        let containers = pod.containers.iter().filter(|container| which(container));
        containers
            .map(|container| Subject::Container(key.clone(), container.name.clone()))
            .collect()
    }
}
