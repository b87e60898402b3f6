//! The arithmetic of a Deployment's rolling update: how large each of its replica sets may be.
//!
//! Follows Kubernetes' `deployment/rolling.go` and `sync.go`; no objects, only numbers.

/// A count, or a share of the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Count(i64),
    Percent(i64),
}

impl Amount {
    /// Reads the API's int-or-string: `3`, `"25%"`.
    pub(crate) fn parse(value: &serde_json::Value) -> Option<Self> {
        if let Some(count) = value.as_i64() {
            return Some(Self::Count(count));
        }
        let percent = value.as_str()?.strip_suffix('%')?;
        percent.parse().ok().map(Self::Percent)
    }

    const fn rounded_up(self, total: i64) -> i64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (percent * total + 99) / 100,
        }
    }

    const fn rounded_down(self, total: i64) -> i64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => percent * total / 100,
        }
    }

    /// The share of `total`, as a daemon set counts it: rounded up.
    pub(crate) const fn of(self, total: i64) -> i64 {
        self.rounded_up(total)
    }
}

/// What a rolling update may do: how many it wants, how many more and how many fewer it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) replicas: i64,
    pub(crate) surge: i64,
    pub(crate) unavailable: i64,
}

impl Limits {
    /// Surge rounds up, unavailable rounds down; where both are 0 one may be unavailable, else nothing could move.
    pub(crate) fn rolling(replicas: i64, surge: Amount, unavailable: Amount) -> Self {
        let surge = surge.rounded_up(replicas);
        let unavailable = match unavailable.rounded_down(replicas) {
            0 if surge == 0 => 1,
            count => count,
        };
        Self {
            replicas,
            surge,
            unavailable: unavailable.min(replicas),
        }
    }

    /// The strategy `Recreate`: neither more nor fewer.
    pub(crate) const fn recreate(replicas: i64) -> Self {
        Self {
            replicas,
            surge: 0,
            unavailable: 0,
        }
    }

    /// The most instances there may be.
    pub(crate) const fn most(self) -> i64 {
        self.replicas + self.surge
    }

    /// The fewest available instances there must be.
    pub(crate) const fn fewest(self) -> i64 {
        self.replicas - self.unavailable
    }
}

/// A replica set as the arithmetic sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) wanted: i64,
    pub(crate) available: i64,
}

/// What size the new replica set gets; `total` counts what all sets want, the new one included.
pub(crate) fn new_size(limits: Limits, new: i64, total: i64) -> i64 {
    if new > limits.replicas {
        return limits.replicas;
    }
    let room = limits.most() - total;
    if room <= 0 {
        return new;
    }
    new + room.min(limits.replicas - new)
}

/// One old replica set made smaller: its place in the list, its size before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shrink {
    pub(crate) index: usize,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// How the old replica sets (oldest first) are made smaller: first their unavailable instances go, then
/// as many as may be spared.
pub(crate) fn shrink_old(limits: Limits, new: Set, old: &[Set]) -> Vec<Shrink> {
    let mut sizes: Vec<i64> = old.iter().map(|set| set.wanted).collect();
    let total: i64 = new.wanted + sizes.iter().sum::<i64>();
    let mut spare = total - limits.fewest() - (new.wanted - new.available);
    let mut steps = Vec::new();
    if spare <= 0 {
        return steps;
    }
    let mut shrink = |index: usize, size: &mut i64, by: i64| {
        if by > 0 {
            steps.push(Shrink {
                index,
                from: *size,
                to: *size - by,
            });
            *size -= by;
        }
    };
    for (index, (set, size)) in old.iter().zip(&mut sizes).enumerate() {
        let by = spare.min(set.wanted - set.available).max(0);
        shrink(index, size, by);
        spare -= by;
    }
    let available = new.available + old.iter().map(|set| set.available).sum::<i64>();
    let mut spare = available - limits.fewest();
    for (index, size) in sizes.iter_mut().enumerate() {
        let by = spare.min(*size).max(0);
        shrink(index, size, by);
        spare -= by;
    }
    steps
}

/// A replica set when the Deployment itself is scaled in the middle of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) size: i64,
    /// The most the Deployment could have when this set was last sized (annotation `max-replicas`, else the status).
    pub(crate) most_before: i64,
}

/// New sizes in proportion to the old ones; `sets` are in the order of preference: larger first, of equals
/// the newer when growing and the older when shrinking.
pub(crate) fn proportional(limits: Limits, sets: &[Share]) -> Vec<i64> {
    let most = if limits.replicas > 0 { limits.most() } else { 0 };
    let to_add = most - sets.iter().map(|set| set.size).sum::<i64>();
    let mut added = 0;
    let mut sizes: Vec<i64> = sets
        .iter()
        .map(|set| {
            let part = proportion(limits, *set, to_add, added);
            added += part;
            set.size + part
        })
        .collect();
    if let Some(first) = sizes.first_mut() {
        *first = (*first + to_add - added).max(0);
    }
    sizes
}

fn proportion(limits: Limits, set: Share, to_add: i64, added: i64) -> i64 {
    if set.size == 0 || to_add == added {
        return 0;
    }
    let fraction = if limits.replicas == 0 {
        -set.size
    } else if set.most_before == 0 {
        0
    } else {
        (((set.size * limits.most()) as f64 / set.most_before as f64).round() as i64) - set.size
    };
    if to_add > 0 {
        fraction.min(to_add - added)
    } else {
        fraction.max(to_add - added)
    }
}

#[cfg(test)]
mod tests;
