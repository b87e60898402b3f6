//! Whether an object that is there is the one that was to be created: what it has beside that does not matter, for
//! servers fill in much.

use serde_json::Value;

use crate::domain::quantity::parse_quantity_millis;

/// The first place where an object that is there is another than the wanted one; `None`: nowhere.
pub fn difference(found: &Value, wanted: &Value) -> Option<String> {
    differs(Some(found), wanted).map(|path| path.trim_start_matches('.').to_owned())
}

fn differs(found: Option<&Value>, wanted: &Value) -> Option<String> {
    match (found, wanted) {
        (Some(Value::Object(found)), Value::Object(wanted)) => wanted
            .iter()
            .find_map(|(key, value)| differs(found.get(key), value).map(|path| format!(".{key}{path}"))),
        (Some(Value::Array(found)), Value::Array(wanted)) if found.len() == wanted.len() => {
            let mut both = found.iter().zip(wanted).enumerate();
            both.find_map(|(place, (found, wanted))| {
                differs(Some(found), wanted).map(|path| format!("[{place}]{path}"))
            })
        }
        (Some(Value::String(found)), Value::String(wanted)) if is_same_amount(found, wanted) => None,
        // Servers leave empty texts out.
        (None, Value::String(wanted)) if wanted.is_empty() => None,
        (found, wanted) => (found != Some(wanted)).then(String::new),
    }
}

/// `1000m` is written back as `1`.
fn is_same_amount(found: &str, wanted: &str) -> bool {
    let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let amount = |text: &str| begins(text).then(|| parse_quantity_millis(text)).flatten();
    found == wanted || (amount(found).is_some() && amount(found) == amount(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_server_fills_in_makes_no_other_object_and_what_it_changes_does() {
        let wanted =
            json!({"spec": {"replicas": 0, "cpu": "1000m", "env": [{"name": "A", "value": ""}], "list": ["a"]}});
        let found = json!({"spec": {"replicas": 0, "cpu": "1", "more": true, "env": [{"name": "A"}], "list": ["a"]}});
        assert_eq!(difference(&found, &wanted), None);
        for (other, place) in [
            (
                json!({"spec": {"replicas": 3, "cpu": "1", "env": [{"name": "A"}], "list": ["a"]}}),
                "spec.replicas",
            ),
            (
                json!({"spec": {"replicas": 0, "cpu": "2", "env": [{"name": "A"}], "list": ["a"]}}),
                "spec.cpu",
            ),
            (
                json!({"spec": {"replicas": 0, "cpu": "1", "env": [{"name": "B"}], "list": ["a"]}}),
                "spec.env[0].name",
            ),
            (
                json!({"spec": {"replicas": 0, "cpu": "1", "env": [{"name": "A"}], "list": ["a", "b"]}}),
                "spec.list",
            ),
            (json!({}), "spec"),
        ] {
            assert_eq!(difference(&other, &wanted).as_deref(), Some(place));
        }
    }
}
