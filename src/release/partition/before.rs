//! How a kind that holds back by itself was set before its gray release, in what a label's value may hold: `v1`, then
//! `od` for the strategy `OnDelete` and `pt3` or `pt20p` for a partition (`p`: percent). What is Kubernetes' own default
//! is left out.

use serde_json::{Value, json};

use super::super::live::{Refusal, add, label_path};
use super::{Shape, is_settled, partition};
use crate::domain::Amount;
use crate::domain::terms::{HOLD, HOLD_OP};

const ON_DELETE: &str = "OnDelete";
const STRATEGY: &str = "/spec/updateStrategy";

/// What a gray release changes beside the template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Each instance is replaced when a person deletes it.
    pub on_delete: bool,
    /// How many instances are held back for good.
    pub partition: Option<Amount>,
}

impl Before {
    /// That of an object as it is, or as it was before the gray release it is in.
    ///
    /// # Errors
    /// Its label says nothing that is known.
    pub fn of(object: &Value, shape: Shape) -> Result<Self, Refusal> {
        if let Some(label) = object.pointer(&label_path(HOLD)).and_then(Value::as_str) {
            return Self::parse(label).ok_or_else(|| Refusal::BadLabel(label.to_owned()));
        }
        if object.pointer(&label_path(HOLD_OP)).is_some() {
            // It was begun by a program that noted nothing.
            return Ok(Self::default());
        }
        let kind = object.pointer("/spec/updateStrategy/type").and_then(Value::as_str);
        let held = object.pointer(&format!("{}/partition", shape.place()));
        let held = held.and_then(|held| match held {
            Value::String(text) => Amount::parse(text),
            number => Amount::parse(&number.to_string()),
        });
        Ok(Self {
            on_delete: kind == Some(ON_DELETE),
            // While instances are of two versions it is what somebody's gray release is held by.
            partition: held
                .filter(|held| !matches!(held, Amount::Count(0) | Amount::Percent(0)) && is_settled(object, shape)),
        })
    }

    /// Whether it lets its controller bring every instance to a new template.
    pub fn holds_nothing(self) -> bool {
        self == Self::default()
    }

    fn parse(label: &str) -> Option<Self> {
        let mut parts = label.split('.');
        if parts.next() != Some("v1") {
            return None;
        }
        let mut found = Self::default();
        for part in parts {
            match part.strip_prefix("pt") {
                Some(held) => found.partition = Some(Amount::parse(&held.replace('p', "%"))?),
                None if part == "od" => found.on_delete = true,
                None => return None,
            }
        }
        Some(found)
    }

    /// The label's value.
    pub fn label(self) -> String {
        let mut label = "v1".to_owned();
        if self.on_delete {
            label.push_str(".od");
        }
        if let Some(held) = self.partition {
            label.push_str(&format!(".pt{held}").replace('%', "p"));
        }
        label
    }

    /// Sets it so again.
    pub fn restored(self, object: &Value, shape: Shape) -> Vec<Value> {
        if shape == Shape::DaemonSet {
            let kind = if self.on_delete { ON_DELETE } else { "RollingUpdate" };
            return vec![add("/spec/updateStrategy/type", kind.into())];
        }
        if self.on_delete && shape == Shape::StatefulSet {
            // The API allows nothing beside it.
            return vec![add(STRATEGY, json!({"type": ON_DELETE}))];
        }
        let held = match self.partition {
            Some(Amount::Count(held)) => held.into(),
            Some(Amount::Percent(_)) => self.partition.map_or(Value::Null, |held| held.to_string().into()),
            None => 0.into(),
        };
        partition(object, shape, held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_gives_back_what_it_was_made_from() {
        for (strategy, label) in [
            (json!({"type": "OnDelete"}), "v1.od"),
            (
                json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}),
                "v1.pt3",
            ),
            (json!({"rollingUpdate": {"partition": "20%"}}), "v1.pt20p"),
            (
                json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
                "v1",
            ),
            (Value::Null, "v1"),
        ] {
            let object = json!({"spec": {"updateStrategy": strategy}});
            let before = Before::of(&object, Shape::StatefulSet).unwrap();
            assert_eq!(before.label(), label);
            assert_eq!(Before::parse(label), Some(before));
        }
        for other in ["", "v2", "v1.", "v1.ptx", "v1.od.x"] {
            assert_eq!(Before::parse(other), None, "{other}");
        }
        let noted = json!({"metadata": {"labels": {HOLD: "v1.pt3"}}, "spec": {"updateStrategy": {"type": "OnDelete"}}});
        let before = Before::of(&noted, Shape::StatefulSet).unwrap();
        assert_eq!(before.partition, Some(Amount::Count(3)), "what was before counts");
        assert!(!before.on_delete);
    }
}
