//! The label of a held Deployment: how it was set before, in what a label's value may hold.
//!
//! `v1.mrs0.pd600.su25p.un25p`: `minReadySeconds`, `progressDeadlineSeconds`, `maxSurge` and `maxUnavailable`
//! (`p`: percent); `rec` in place of the last two for the strategy `Recreate`. What was not set is left out.

use serde_json::{Value, json};

use crate::domain::Amount;

/// What a hold changes beside the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Originals {
    pub min_ready_seconds: i32,
    pub progress_deadline_seconds: Option<i32>,
    pub strategy: UpdateStrategy,
}

/// How a Deployment replaces instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateStrategy {
    Recreate,
    Rolling {
        surge: Option<Amount>,
        unavailable: Option<Amount>,
    },
}

impl Default for Originals {
    /// What Kubernetes sets where nobody says otherwise.
    fn default() -> Self {
        Self {
            min_ready_seconds: 0,
            progress_deadline_seconds: Some(600),
            strategy: UpdateStrategy::Rolling {
                surge: Some(Amount::Percent(25)),
                unavailable: Some(Amount::Percent(25)),
            },
        }
    }
}

impl Originals {
    /// Those of a Deployment as it is; `None` where a field is not what the API allows.
    pub fn of(deployment: &Value) -> Option<Self> {
        let seconds = |field: &str| match deployment.pointer(field) {
            None | Some(Value::Null) => Some(None),
            Some(value) => value.as_i64().and_then(|n| i32::try_from(n).ok()).map(Some),
        };
        let amount = |field: &str| match deployment.pointer(&format!("/spec/strategy/rollingUpdate/{field}")) {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(text)) => Amount::parse(text).map(Some),
            Some(value) => Amount::parse(&value.to_string()).map(Some),
        };
        let kind = deployment.pointer("/spec/strategy/type").and_then(Value::as_str);
        Some(Self {
            min_ready_seconds: seconds("/spec/minReadySeconds")?.unwrap_or(0),
            progress_deadline_seconds: seconds("/spec/progressDeadlineSeconds")?,
            strategy: if kind == Some("Recreate") {
                UpdateStrategy::Recreate
            } else {
                UpdateStrategy::Rolling {
                    surge: amount("maxSurge")?,
                    unavailable: amount("maxUnavailable")?,
                }
            },
        })
    }

    /// Reads the label; `None` of what is none.
    pub fn parse(label: &str) -> Option<Self> {
        let mut parts = label.split('.');
        if parts.next() != Some("v1") {
            return None;
        }
        let mut found = Self {
            min_ready_seconds: 0,
            progress_deadline_seconds: None,
            strategy: UpdateStrategy::Rolling {
                surge: None,
                unavailable: None,
            },
        };
        for part in parts {
            if let Some(seconds) = part.strip_prefix("mrs") {
                found.min_ready_seconds = natural(seconds)?;
            } else if let Some(seconds) = part.strip_prefix("pd") {
                found.progress_deadline_seconds = Some(natural(seconds)?);
            } else if part == "rec" {
                found.strategy = UpdateStrategy::Recreate;
            } else if let UpdateStrategy::Rolling { surge, unavailable } = &mut found.strategy {
                match part.split_at_checked(2)? {
                    ("su", text) => *surge = Some(amount(text)?),
                    ("un", text) => *unavailable = Some(amount(text)?),
                    _ => return None,
                }
            } else {
                return None;
            }
        }
        Some(found)
    }

    /// The label's value.
    pub fn label(&self) -> String {
        let mut label = format!("v1.mrs{}", self.min_ready_seconds);
        let mut add = |part: String| {
            label.push('.');
            label.push_str(&part);
        };
        if let Some(seconds) = self.progress_deadline_seconds {
            add(format!("pd{seconds}"));
        }
        match self.strategy {
            UpdateStrategy::Recreate => add("rec".into()),
            UpdateStrategy::Rolling { surge, unavailable } => {
                for (name, amount) in [("su", surge), ("un", unavailable)] {
                    if let Some(amount) = amount {
                        add(format!("{name}{}", amount.to_string().replace('%', "p")));
                    }
                }
            }
        }
        label
    }

    /// `spec.strategy` as it was.
    pub fn strategy(&self) -> Value {
        let UpdateStrategy::Rolling { surge, unavailable } = self.strategy else {
            return json!({"type": "Recreate"});
        };
        let value = |amount: Amount| match amount {
            Amount::Count(number) => json!(number),
            Amount::Percent(_) => json!(amount.to_string()),
        };
        let mut limits = serde_json::Map::new();
        for (name, amount) in [("maxSurge", surge), ("maxUnavailable", unavailable)] {
            if let Some(amount) = amount {
                limits.insert(name.into(), value(amount));
            }
        }
        json!({"type": "RollingUpdate", "rollingUpdate": limits})
    }
}

fn natural(text: &str) -> Option<i32> {
    text.parse().ok().filter(|&n| n >= 0)
}

fn amount(text: &str) -> Option<Amount> {
    match text.strip_suffix('p') {
        Some(number) => natural(number).map(Amount::Percent),
        None => natural(text).map(Amount::Count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amounts() -> impl Strategy<Value = Option<Amount>> {
        let natural = 0_i32..=i32::MAX;
        prop_oneof![
            Just(None),
            natural.clone().prop_map(|n| Some(Amount::Count(n))),
            natural.prop_map(|n| Some(Amount::Percent(n))),
        ]
    }

    fn originals() -> impl Strategy<Value = Originals> {
        let rolling =
            (amounts(), amounts()).prop_map(|(surge, unavailable)| UpdateStrategy::Rolling { surge, unavailable });
        let strategy = prop_oneof![Just(UpdateStrategy::Recreate), rolling];
        let seconds = 0_i32..=i32::MAX;
        (seconds.clone(), proptest::option::of(seconds), strategy).prop_map(|(ready, deadline, strategy)| Originals {
            min_ready_seconds: ready,
            progress_deadline_seconds: deadline,
            strategy,
        })
    }

    proptest! {
        #[test]
        fn a_label_gives_back_what_it_was_made_from(originals in originals()) {
            let label = originals.label();
            prop_assert_eq!(Originals::parse(&label), Some(originals));
            // What Kubernetes takes as the value of a label.
            prop_assert!(label.len() <= 63);
            prop_assert!(label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'));
        }

        #[test]
        fn no_text_makes_it_fail(label in "\\PC*") {
            let _ = Originals::parse(&label);
        }

        #[test]
        fn what_was_is_what_a_deployment_gets_back(originals in originals()) {
            let mut spec = json!({"minReadySeconds": originals.min_ready_seconds, "strategy": originals.strategy()});
            if let Some(seconds) = originals.progress_deadline_seconds {
                spec["progressDeadlineSeconds"] = json!(seconds);
            }
            prop_assert_eq!(Originals::of(&json!({"spec": spec})), Some(originals));
        }
    }

    #[test]
    fn the_study_s_label_reads() {
        let label = "v1.mrs0.pd600.su25p.un25p";
        assert_eq!(Originals::parse(label), Some(Originals::default()));
        assert_eq!(Originals::default().label(), label);
        for other in ["", "v2.mrs0", "v1.x", "v1.su-1", "v1.rec.su1", "v1.mrsx"] {
            assert_eq!(Originals::parse(other), None, "{other}");
        }
    }
}
