//! Why a release is as it is: what is wrong with it, who says that its version is bad, who began it.

use super::{ReleaseRow, Releases};
use crate::release::Author;
use crate::screens::{states, words};
use crate::world::Said;
use crate::world::bad::texts;

impl<'a> Releases<'a> {
    fn author(&self, row: &ReleaseRow) -> Option<&'a Author> {
        match row {
            ReleaseRow::Flight { cluster, workload, .. } => self.ctx.world.cluster(cluster)?.author_of(workload),
            ReleaseRow::Past { .. } => None,
        }
    }

    pub(super) fn why(&self, row: &ReleaseRow) -> String {
        let why = self.phase(row).and_then(|phase| {
            let now = self.ctx.now_in(row.cluster());
            states::why_and_who(&phase, self.author(row), now)
        });
        let why = why.map(|(why, _)| why);
        let lacks = self.lacks(row);
        let bad = self.bad(row).map(|said| said.words().to_string());
        let begun = match row {
            ReleaseRow::Flight { cluster, workload, .. } => {
                let driver = workload.driver.filter(|_| why.is_none());
                let view = self.ctx.world.cluster(cluster);
                let began = view.and_then(|view| view.beginning(workload));
                let began = began.map(|began| words::begun(&began, &self.ctx));
                driver.map(|driver| format!("released by {}", driver.name())).or(began)
            }
            ReleaseRow::Past { .. } => None,
        };
        let all: Vec<String> = [why, lacks, self.wrote(row), bad, begun]
            .into_iter()
            .flatten()
            .collect();
        all.join(" · ")
    }

    /// What its new instances lack beyond what its phase says.
    fn lacks(&self, row: &ReleaseRow) -> Option<String> {
        match row {
            ReleaseRow::Flight { release, .. } => release.lacks(&self.phase(row)?),
            ReleaseRow::Past { .. } => None,
        }
    }

    /// The last line of one of them that ended, as far as it was read.
    fn wrote(&self, row: &ReleaseRow) -> Option<String> {
        let ReleaseRow::Flight {
            cluster,
            workload,
            release,
        } = row
        else {
            return None;
        };
        let view = self.ctx.world.cluster(cluster)?;
        let last = view.last_lines_of(workload, release.symptoms.ended.as_ref()?)?;
        last.lines().last().map(|line| format!("wrote last: {line}"))
    }

    /// Who says that the version of a row is bad.
    pub(super) fn bad(&self, row: &ReleaseRow) -> Option<Said<'a>> {
        let (world, id) = (self.ctx.world, row.cluster());
        match row {
            ReleaseRow::Flight { workload, .. } => world.bad_now(world.cluster(id)?, workload),
            ReleaseRow::Past { app, revision, .. } => {
                let (kind, name) = revision.workload.as_ref()?;
                world.bad((id, app, (*kind, name)), &texts(&revision.images))
            }
        }
    }
}
