//! What grew most: whose share of an increase is the largest, and whether by more instances or by busier
//! ones. The arithmetic splits exactly, so that what is shown adds up.

/// An app's use in a window of time; the mean over the window of each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    pub instances: f64,
    /// What one instance uses.
    pub each: f64,
}

impl Usage {
    /// From the means of instances and of their use together.
    pub fn of(instances: f64, together: f64) -> Self {
        let each = if instances > 0.0 { together / instances } else { 0.0 };
        Self { instances, each }
    }

    fn together(self) -> f64 {
        self.instances * self.each
    }
}

/// How the use of one app changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth<K> {
    pub of: K,
    /// Of which `more_instances` and `busier_instances` are the parts; negative if it shrank.
    pub increase: f64,
    pub more_instances: f64,
    pub busier_instances: f64,
    /// Its part of the increases of all that grew, from 0 to 1.
    pub share: f64,
}

/// The change from one window to the next, split into the instances that came, each taken to be as busy
/// as they were, and into how much busier those that there are now became.
///
/// Of an app that had no instances all is due to its instances.
pub fn split(before: Usage, after: Usage) -> (f64, f64) {
    if before.instances <= 0.0 {
        return (after.together(), 0.0);
    }
    (
        (after.instances - before.instances) * before.each,
        after.instances * (after.each - before.each),
    )
}

/// Ranks apps by their share of the increase, the most first. An app that is unknown in a window is left out: neither
/// its growth nor its shrinking is known.
pub fn rank<K: Ord>(apps: impl IntoIterator<Item = (K, Option<Usage>, Option<Usage>)>) -> Vec<Growth<K>> {
    let mut growths = Vec::new();
    for (of, before, after) in apps {
        let (Some(before), Some(after)) = (before, after) else {
            continue;
        };
        let (more_instances, busier_instances) = split(before, after);
        growths.push(Growth {
            of,
            increase: more_instances + busier_instances,
            more_instances,
            busier_instances,
            share: 0.0,
        });
    }
    let all: f64 = growths.iter().map(|growth| growth.increase.max(0.0)).sum();
    for growth in &mut growths {
        growth.share = if all > 0.0 { growth.increase.max(0.0) / all } else { 0.0 };
    }
    growths.sort_by(|a, b| b.increase.total_cmp(&a.increase).then_with(|| a.of.cmp(&b.of)));
    growths
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "it stands where use may be unknown")]
    fn usage(instances: f64, each: f64) -> Option<Usage> {
        Some(Usage { instances, each })
    }

    #[test]
    fn the_one_that_grew_most_stands_first_with_its_share() {
        let ranking = rank([
            ("gift", usage(10.0, 1.0), usage(12.0, 1.0)),
            ("danmaku", usage(10.0, 2.0), usage(16.0, 2.6)),
            ("login", usage(4.0, 3.0), usage(4.0, 2.0)),
            ("feed", usage(5.0, 1.0), usage(5.0, 1.0)),
            ("search", None, usage(3.0, 1.0)),
        ]);
        let first = &ranking[0];
        assert_eq!(first.of, "danmaku");
        // 41.6 - 20 = 21.6: six more at 2 each, sixteen busier by 0.6 each.
        assert!((first.increase - 21.6).abs() < 1e-9);
        assert!((first.more_instances - 12.0).abs() < 1e-9);
        assert!((first.busier_instances - 9.6).abs() < 1e-9);
        assert!((first.share - 21.6 / 23.6).abs() < 1e-9);
        let order: Vec<_> = ranking.iter().map(|growth| growth.of).collect();
        assert_eq!(order, ["danmaku", "gift", "feed", "login"]);
        assert!(
            ranking[3].share.abs() < 1e-12,
            "what shrank has no share of the increase"
        );
    }

    #[test]
    fn seventy_one_percent_of_the_increase() {
        let ranking = rank([
            ("a", usage(10.0, 1.0), usage(10.0, 8.1)),
            ("b", usage(29.0, 1.0), usage(58.0, 1.0)),
        ]);
        assert_eq!(format!("{:.0} %", ranking[0].share * 100.0), "71 %");
        assert!(ranking[0].more_instances.abs() < 1e-12);
        assert!(ranking[1].busier_instances.abs() < 1e-12);
    }

    #[test]
    fn an_app_that_came_or_went_did_so_by_its_instances() {
        let came = split(Usage::default(), Usage::of(3.0, 6.0));
        assert_eq!(came, (6.0, 0.0));
        let went = split(Usage::of(3.0, 6.0), Usage::default());
        assert_eq!(went, (-6.0, -0.0));
    }

    #[test]
    fn nobody_grew() {
        let ranking = rank([("a", usage(2.0, 2.0), usage(2.0, 1.0))]);
        assert!(ranking[0].share.abs() < 1e-12);
        assert_eq!(rank::<&str>([]), []);
    }

    proptest! {
        #[test]
        fn the_parts_add_up(n0 in 0.0..1e4_f64, u0 in 0.0..1e3_f64, n1 in 0.0..1e4_f64, u1 in 0.0..1e3_f64) {
            let (before, after) = (Usage { instances: n0, each: u0 }, Usage { instances: n1, each: u1 });
            let (more, busier) = split(before, after);
            let whole = n1 * u1 - if n0 > 0.0 { n0 * u0 } else { 0.0 };
            prop_assert!((more + busier - whole).abs() <= 1e-9 * (n1 * u1 + n0 * u0 + n1 * u0 + 1.0));
        }

        #[test]
        fn the_shares_add_up_to_one(apps in prop::collection::vec((0.0..9.0_f64, 0.0..9.0_f64, 0.0..9.0_f64, 0.0..9.0_f64), 1..9)) {
            let named = apps.iter().enumerate().map(|(i, &(n0, u0, n1, u1))| (i, usage(n0, u0), usage(n1, u1)));
            let ranking = rank(named);
            let all: f64 = ranking.iter().map(|growth| growth.share).sum();
            let grew = ranking.iter().any(|growth| growth.increase > 0.0);
            prop_assert!((all - f64::from(u8::from(grew))).abs() < 1e-9);
        }
    }
}
