//! Open files that the system allows: as many as may be, and how many logs that leaves room for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::logs::plan::FOLLOW_LIMIT;

/// More are of no use: a hundred clusters need fewer.
const ENOUGH: u64 = 16_384;
/// Beside the clusters: the terminal, files, pipes, timers.
const OWN: u64 = 48;
/// Of each cluster beside its logs: a watch for each kind, the probe, questions, what is measured.
const OF_A_CLUSTER: u64 = 32;

/// Raises the soft limit as far as the hard one lets it, and tells what may be open now.
pub fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let Some(current) = limit.current.filter(|current| *current < wanted) else {
        return limit.current.unwrap_or(ENOUGH);
    };
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).map_or(current, |()| wanted)
}

/// Logs that may be open at a time in one of so many clusters: each is a connection, and nothing else may lack one.
pub fn follow_limit(descriptors: u64, clusters: usize) -> usize {
    let clusters = (clusters as u64).max(1);
    let each = descriptors.saturating_sub(OWN) / clusters;
    let left = usize::try_from(each.saturating_sub(OF_A_CLUSTER)).unwrap_or(FOLLOW_LIMIT);
    left.clamp(1, FOLLOW_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_take_what_everything_else_leaves() {
        for (descriptors, clusters, limit) in [
            (1_024, 1, 50),
            (256, 1, 50),
            (256, 4, 20),
            (128, 1, 48),
            (64, 1, 1),
            (0, 3, 1),
            (u64::MAX, 100, 50),
        ] {
            assert_eq!(
                follow_limit(descriptors, clusters),
                limit,
                "{descriptors} for {clusters}"
            );
        }
    }
}
