//! A number of instances in all: how it is divided among the workloads that are aimed at, in numbers and in words.

use super::{Draft, in_percent};
use crate::domain::{ClusterId, ResourceRef};
use crate::release::scale::{Amount, Division, Room, divide, lacks_room};

impl Draft {
    /// Why what is asked for cannot be divided.
    pub fn undivided(&self, amount: Amount) -> Option<String> {
        if let (Amount::To(all), Some(lost)) = (amount, self.unreached.first()) {
            return Some(format!(
                "{all} are of all clusters together, and {lost} does not answer: say how many more, such as +12, or choose one cluster"
            ));
        }
        let unknown = self.open().find(|aim| aim.room.fits.is_none())?;
        let cluster = &unknown.object.cluster;
        lacks_room(self.of_open(amount), &self.rooms()).then(|| {
            format!("they are divided by the room there is, which is not known of {cluster}: choose one cluster")
        })
    }

    fn rooms(&self) -> Vec<Room> {
        self.open().map(|aim| aim.room.clone()).collect()
    }

    /// What is left of a number in all for those that it can be taken on: the others keep theirs.
    fn of_open(&self, amount: Amount) -> Amount {
        let others = self.aims.iter().filter(|aim| aim.refused.is_some());
        match amount {
            Amount::To(all) => Amount::To((all - others.map(|aim| aim.counts.desired).sum::<i64>()).max(0)),
            Amount::By(_) | Amount::ByPercent(_) => amount,
        }
    }

    /// How many each workload gets of what is asked for; those that it cannot be taken on keep theirs.
    pub fn division(&self, amount: Amount) -> (Vec<(ResourceRef, i64)>, Division) {
        let division = divide(self.of_open(amount), &self.rooms());
        let objects = self.open().map(|aim| aim.object.clone());
        (objects.zip(division.to.iter().copied()).collect(), division)
    }

    /// What a number comes to, in words: in all, of each workload, and what has no room.
    pub fn scaled_to(&self, amount: Amount) -> Vec<(bool, String)> {
        let (division, whole) = self.division(amount);
        let now: i64 = self.open().map(|aim| aim.counts.desired).sum();
        let all: i64 = division.iter().map(|(_, to)| to).sum();
        let mut lines = vec![(true, format!("{now} → {all} instances{}", in_percent(now, all)))];
        for (aim, (_, to)) in self.open().zip(division) {
            let more = to - aim.counts.desired;
            let name = format!("{} {}", aim.object.cluster, aim.object.key.name);
            lines.push((true, format!("{name}: {} → {to} ({more:+})", aim.counts.desired)));
            lines.extend(aim.about.iter().map(|about| (true, format!("  {about}"))));
        }
        lines.extend(self.left_out().map(|told| (false, told)));
        lines.extend(self.undivided(amount).map(|why| (false, why)));
        lines.extend(whole.doubts().into_iter().map(|doubt| (false, doubt)));
        lines
    }

    /// What a number is not of, and why.
    fn left_out(&self) -> impl Iterator<Item = String> {
        let refused = self.aims.iter().filter_map(|aim| {
            let why = aim.refused.as_ref()?;
            Some(format!(
                "{} {} is left out: {why}",
                aim.object.cluster, aim.object.key.name
            ))
        });
        let has_aim = |id: &&ClusterId| self.aims.iter().any(|aim| aim.object.cluster == **id);
        let unreached = self.unreached.iter().filter(move |id| !has_aim(id));
        refused.chain(unreached.map(|id| format!("{id} is left out, whatever it has of it: it does not answer")))
    }
}
