//! How many instances are asked for of all clusters together, and how many of them each workload gets by the room it has.

use std::collections::BTreeMap;

use super::super::share::{self, Split};
use crate::domain::Clean;

/// How many instances are asked for, of all clusters together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    By(i64),
    ByPercent(f64),
    To(i64),
}

impl Amount {
    /// `+12`, `+50%` or `69`.
    ///
    /// # Errors
    /// How it has to be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        const HOW: &str = "write so many more, such as +12 or +50%, or how many in all, such as 69";
        let how = || HOW.to_owned();
        let text = text.trim();
        let Some(more) = text.strip_prefix('+') else {
            let all: i64 = text.parse().map_err(|_| how())?;
            return (0..=100_000).contains(&all).then_some(Self::To(all)).ok_or_else(how);
        };
        if let Some(percent) = more.strip_suffix('%') {
            let percent: f64 = percent.trim().parse().map_err(|_| how())?;
            return (percent > 0.0 && percent <= 1000.0)
                .then_some(Self::ByPercent(percent))
                .ok_or_else(how);
        }
        let more: i64 = more.parse().map_err(|_| how())?;
        (1..=100_000).contains(&more).then_some(Self::By(more)).ok_or_else(how)
    }

    /// How many that are in all, of so many now; a share counts up.
    pub fn of(self, now: i64) -> i64 {
        match self {
            Self::By(more) => now + more,
            Self::ByPercent(percent) => now + (now as f64 * percent / 100.0).ceil() as i64,
            Self::To(all) => all,
        }
    }
}

/// What a workload has, and where more of it have room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Workloads of one cluster share its room.
    pub cluster: Clean,
    pub now: i64,
    /// Below this it is not taken where fewer are divided.
    pub least: i64,
    /// How many more fit in all; `None`: nobody knows.
    pub fits: Option<i64>,
    /// How many more fit in each location that it may run in; none named: the whole cluster is one.
    pub places: Vec<(Clean, i64)>,
    /// How many more its namespace's quota lets in, where that is what stops them.
    pub quota: Option<i64>,
}

impl Room {
    /// Where its instances may go: each place with how many fit there.
    fn pools(&self) -> impl Iterator<Item = (Pool<'_>, i64)> {
        let whole = self.fits.filter(|_| self.places.is_empty());
        let whole = whole.map(|fits| (Pool::Place(&self.cluster, ""), fits));
        let places = self.places.iter();
        let places = places.map(|(name, fits)| (Pool::Place(&self.cluster, name.as_str()), *fits));
        whole.into_iter().chain(places).filter(|(_, fits)| *fits > 0)
    }

    fn quota(&self) -> Option<(Pool<'_>, i64)> {
        self.quota.map(|most| (Pool::Quota(&self.cluster), most))
    }
}

/// What several workloads draw from. One instance takes the share of it that it would have of a pool that it has alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pool<'a> {
    Place(&'a str, &'a str),
    /// Workloads of one app are of one namespace.
    Quota(&'a str),
}

/// How many each gets, in the order they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Division {
    pub to: Vec<i64>,
    /// What has room nowhere.
    pub unplaced: i64,
    /// What stays though fewer were asked for: none is taken below its least.
    pub kept: i64,
}

impl Division {
    /// What does not come to what was asked for, in words.
    pub fn doubts(&self) -> Vec<String> {
        let unplaced = format!("{} have room nowhere: they would wait for nodes", self.unplaced);
        let kept = format!(
            "{} stay: none is taken below what its autoscaler, owner or disruption budget keeps",
            self.kept
        );
        let all = [(self.unplaced, unplaced), (self.kept, kept)];
        all.into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(_, told)| told)
            .collect()
    }
}

/// Whether what is asked for cannot be divided because of some it is not known how many have room: more is wanted, and
/// there are several clusters to choose from. Those of one cluster share its room.
pub fn lacks_room(amount: Amount, rooms: &[Room]) -> bool {
    let now: i64 = rooms.iter().map(|room| room.now).sum();
    let is_across = rooms.windows(2).any(|pair| match pair {
        [one, other] => one.cluster != other.cluster,
        _ => false,
    });
    is_across && amount.of(now) > now && rooms.iter().any(|room| room.fits.is_none())
}

/// Divides what is asked for: more goes where there is room, by Webster's method, and each place is given away once;
/// less is taken evenly from those that have most, of none below its least. Where one workload has it all, it gets what
/// is asked for whether it fits or not, for its scheduler decides.
pub fn divide(amount: Amount, rooms: &[Room]) -> Division {
    if rooms.is_empty() {
        return Division::default();
    }
    let now: i64 = rooms.iter().map(|room| room.now).sum();
    let wanted = amount.of(now);
    if let [room] = rooms {
        return Division {
            to: vec![wanted],
            unplaced: room.fits.map_or(0, |fits| (wanted - room.now - fits).max(0)),
            kept: 0,
        };
    }
    if wanted >= now {
        more(wanted - now, rooms)
    } else {
        fewer(now - wanted, rooms)
    }
}

fn more(wanted: i64, rooms: &[Room]) -> Division {
    let wanted = u32::try_from(wanted.max(0)).unwrap_or(u32::MAX);
    let mut drawn: BTreeMap<Pool<'_>, f64> = BTreeMap::new();
    let weights: Vec<f64> = rooms.iter().map(|room| weight(room, rooms, wanted)).collect();
    let Split { seats, unplaced } = share::deal(wanted, &weights, |place| {
        rooms.get(place).is_some_and(|room| draws(room, &mut drawn))
    });
    Division {
        to: rooms
            .iter()
            .zip(seats)
            .map(|(room, more)| room.now + i64::from(more))
            .collect(),
        unplaced: unplaced.into(),
        kept: 0,
    }
}

/// How much room one has, each pool divided by those that share it; where nobody knows it, as much as is asked for.
fn weight(room: &Room, rooms: &[Room], wanted: u32) -> f64 {
    if room.fits.is_none() {
        return wanted.into();
    }
    let share = |(pool, fits): (Pool<'_>, i64)| {
        let sharing = rooms.iter().filter(|other| {
            let mut pools = other.pools().chain(other.quota());
            pools.any(|(own, _)| own == pool)
        });
        fits as f64 / sharing.count().max(1) as f64
    };
    let places: f64 = room.pools().map(share).sum();
    room.quota().map_or(places, |quota| places.min(share(quota)))
}

/// Takes the share of one instance: of the place that has most left for it, and of the quota.
fn draws<'a>(room: &'a Room, drawn: &mut BTreeMap<Pool<'a>, f64>) -> bool {
    if room.fits.is_none() {
        return true;
    }
    let left = |pool: &Pool<'_>, fits: i64, drawn: &BTreeMap<Pool<'a>, f64>| {
        fits as f64 * (1.0 - drawn.get(pool).copied().unwrap_or(0.0))
    };
    // What is whole but for the last bits of a float is whole.
    let has_one = |left: f64| left >= 1.0 - 1e-6;
    let places = room.pools().map(|(pool, fits)| (pool, fits, left(&pool, fits, drawn)));
    let Some((pool, fits, most)) = places.max_by(|a, b| a.2.total_cmp(&b.2)) else {
        return false;
    };
    let quota = room.quota();
    if !has_one(most) || quota.is_some_and(|(pool, fits)| !has_one(left(&pool, fits, drawn))) {
        return false;
    }
    for (pool, fits) in quota.into_iter().chain([(pool, fits)]) {
        *drawn.entry(pool).or_default() += 1.0 / fits as f64;
    }
    true
}

fn fewer(less: i64, rooms: &[Room]) -> Division {
    let mut to: Vec<i64> = rooms.iter().map(|room| room.now).collect();
    for taken in 0..less {
        let open = to.iter_mut().zip(rooms).filter(|(to, room)| **to > room.least.max(0));
        let Some((most, _)) = open.max_by_key(|(to, _)| **to) else {
            return Division {
                to,
                unplaced: 0,
                kept: less - taken,
            };
        };
        *most -= 1;
    }
    Division {
        to,
        unplaced: 0,
        kept: 0,
    }
}

#[cfg(test)]
#[path = "division_tests.rs"]
mod tests;
