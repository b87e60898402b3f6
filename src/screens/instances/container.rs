//! A container as a row of its own, below its instance.

use crate::domain::{Container, Pod, Version};
use crate::listing::{Cell, ColumnId, Tone, Value};
use crate::metrics::Subject;
use crate::screens::context::Context;
use crate::screens::figures::{self, Whose};
use crate::screens::{containers, words};
use crate::world::ClusterView;

/// A container of an instance that is open.
#[derive(Debug)]
pub(super) struct Inside<'a> {
    pub(super) cluster: &'a ClusterView,
    pub(super) pod: &'a Pod,
    pub(super) container: &'a Container,
}

impl Inside<'_> {
    /// What is its own in a column; `None` where its instance's stands for it, which a filter may ask for.
    pub(super) fn value(&self, ctx: &Context<'_>, column: ColumnId) -> Option<Value<'static>> {
        let container = self.container;
        Some(match column {
            ColumnId::Name => Value::text(container.name.to_string()),
            ColumnId::Used(figure) if figure.is_network() => Value::Absent,
            ColumnId::Used(figure) => {
                let subject = Subject::Container(self.pod.key.clone(), container.name.clone());
                Whose::one(self.cluster, subject).value(ctx, figure)
            }
            ColumnId::Restarts => Value::Number(i64::from(container.restarts)),
            ColumnId::Cpu => Value::Number(container.requests.cpu.0),
            ColumnId::Memory => Value::Number(container.requests.memory.0),
            ColumnId::CpuLimit => Value::number(container.limits.0),
            ColumnId::MemoryLimit => Value::number(container.limits.1),
            ColumnId::Age => {
                let now = self.cluster.time(ctx.clock);
                Value::number(words::seconds_since(containers::since(container), now))
            }
            ColumnId::Ready => Value::Absent,
            ColumnId::State | ColumnId::Version | ColumnId::Image => self.cell(ctx, column).value(),
            _ => return None,
        })
    }

    /// What it shows; what is its instance's is not told again.
    pub(super) fn cell(&self, ctx: &Context<'_>, column: ColumnId) -> Cell {
        let container = self.container;
        match column {
            ColumnId::Name => Cell::muted("└ ").and(container.name.as_str(), Tone::Plain),
            ColumnId::State if self.cluster.standing(self.pod).lost => Cell::new("? unknown: node lost", Tone::Unknown),
            ColumnId::State => containers::state(container),
            ColumnId::Used(figure) => figures::of_container(ctx, self.cluster, &self.pod.key, container, figure),
            ColumnId::Restarts => Cell::count(i64::from(container.restarts)),
            ColumnId::Cpu => words::requested(container.requests).0,
            ColumnId::Memory => words::requested(container.requests).1,
            ColumnId::CpuLimit => words::limits(container.limits).0,
            ColumnId::MemoryLimit => words::limits(container.limits).1,
            ColumnId::Age => words::age(containers::since(container), self.cluster.time(ctx.now)),
            ColumnId::Version => Cell::muted(Version::of_image(&container.image).short()),
            ColumnId::Image => Cell::plain(container.image.as_str()),
            _ => Cell::empty(),
        }
    }

    /// Whether one of its own words satisfies the test.
    pub(super) fn any_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let container = self.container;
        test(&container.name) || test(&container.image) || test(&containers::state(container).text())
    }
}
