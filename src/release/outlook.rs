//! What a step comes to, in words: how many instances of which version there are after it, and what share of the
//! requests the new ones get where these are spread evenly over instances.

use super::live::Method;
use super::step::{Count, Return, Step};

/// The instances of a workload as they are counted now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Wanted, without those beside.
    pub desired: i64,
    /// With how many an app begins that was never built.
    pub begins: Option<i64>,
    pub old: i64,
    pub new: i64,
    /// New instances take the place of old ones, whatever is asked for.
    pub in_place: bool,
    /// Its gray release is in a second Deployment beside it.
    pub twin: bool,
}

impl Counts {
    /// How its new instances come.
    pub const fn method(&self, asked: Method) -> Method {
        if self.in_place { Method::Replace } else { asked }
    }
}

/// What a step comes to.
pub fn outlook(step: &Step, counts: Counts) -> String {
    let Counts { desired, old, new, .. } = counts;
    let method = |asked| counts.method(asked);
    match step {
        Step::Start(ask) => format!("{desired} → {}", beside(ask.count, method(ask.method), desired)),
        Step::Grow(count) => format!(
            "{old} old + {new} new → {}",
            beside(*count, method(Method::Surge), desired)
        ),
        Step::KeepOld | Step::Full if counts.twin => format!(
            "{old} old + {new} new → {desired} new + {new} gray: old ones go as new ones come, a few at a time, the gray ones stay"
        ),
        Step::Offline if counts.twin => format!("{desired} new + {old} gray → {desired} new: the gray ones go at once"),
        Step::KeepOld => format!(
            "{old} old + {new} new → {}",
            beside(Count::Instances(number(desired)), method(Method::Surge), desired)
        ),
        Step::Full => format!("{old} old + {new} new → {desired} new, a few at a time: old ones go as new ones come"),
        Step::Offline => format!("{old} old + {new} new → {new} new: {old} go at once"),
        Step::Abort => format!("{old} old + {new} new → {desired} old: the new ones go"),
        Step::Rollback(Return {
            gray: Some((count, asked)),
            ..
        }) => format!("{desired} → {}", beside(*count, method(*asked), desired)),
        Step::Rollback(_) => format!("{desired} are replaced, a few at a time"),
        Step::Repair => {
            format!("{desired} stay or are replaced: a hold without end becomes an ordinary rolling update")
        }
        Step::Pause => "none changes: its controller replaces no more of them".to_owned(),
        Step::Resume => "its controller goes on replacing them".to_owned(),
        Step::Promote => "its controller takes its next step".to_owned(),
        Step::Scale(to) => format!("{desired} → {to}"),
        Step::EndFloor => "as its autoscaler decides between its former bounds".to_owned(),
        Step::Delete => "this one goes, its controller makes another".to_owned(),
        Step::Cancel => "it stops and goes, and its logs with it; the commit can be built again".to_owned(),
        Step::Retry => "its controller begins again with its first step".to_owned(),
        Step::Restart => format!("{desired} are replaced by new ones of the same version, a few at a time"),
    }
}

/// What so many new ones are of all: `10 old + 2 new: 2 of 12 = 16.7 % of the requests`.
pub fn beside(count: Count, method: Method, desired: i64) -> String {
    let share = count.of(number(desired), method);
    let instances = i64::from(share.instances);
    let old = match method {
        Method::Surge | Method::Twin => desired,
        Method::Replace => desired - instances,
    };
    let asked = match count {
        Count::Percent(percent) => format!(" (asked for: {percent} %)"),
        Count::Instances(_) => String::new(),
    };
    let all = old + instances;
    format!(
        "{old} old + {instances} new: {instances} of {all} = {:.1} % of the requests{asked}",
        share.real
    )
}

fn number(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_told_beside_what_it_comes_to() {
        for (count, method, told) in [
            (
                Count::Instances(2),
                Method::Surge,
                "10 old + 2 new: 2 of 12 = 16.7 % of the requests",
            ),
            (
                Count::Percent(20.0),
                Method::Surge,
                "10 old + 3 new: 3 of 13 = 23.1 % of the requests (asked for: 20 %)",
            ),
            (
                Count::Instances(2),
                Method::Replace,
                "8 old + 2 new: 2 of 10 = 20.0 % of the requests",
            ),
        ] {
            assert_eq!(beside(count, method, 10), told);
        }
    }

    #[test]
    fn each_step_tells_from_and_to() {
        let gray = Counts {
            desired: 10,
            begins: None,
            old: 10,
            new: 4,
            in_place: false,
            twin: false,
        };
        for (step, told) in [
            (
                Step::Grow(Count::Instances(6)),
                "10 old + 4 new → 10 old + 6 new: 6 of 16 = 37.5 % of the requests",
            ),
            (
                Step::KeepOld,
                "10 old + 4 new → 10 old + 10 new: 10 of 20 = 50.0 % of the requests",
            ),
            (Step::Abort, "10 old + 4 new → 10 old: the new ones go"),
            (Step::Offline, "10 old + 4 new → 4 new: 10 go at once"),
        ] {
            assert_eq!(outlook(&step, gray), told);
        }
    }
}
