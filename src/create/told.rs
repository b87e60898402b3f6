//! The objects of a new app as YAML, with what a person has to know who keeps them in a file.

use serde_json::Value;

/// YAML documents, each with what has to be known of it in a comment.
pub fn yaml(objects: &[Value]) -> String {
    let mut text = String::new();
    for object in objects {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        text.push_str("---\n");
        for line in comment(kind) {
            text.push_str("# ");
            text.push_str(line);
            text.push('\n');
        }
        // Objects of texts, numbers and maps always have a YAML form.
        text.push_str(&serde_yaml_ng::to_string(object).unwrap_or_default());
    }
    text
}

fn comment(kind: &str) -> &'static [&'static str] {
    match kind {
        "Deployment" => &[
            "replicas is 0 until the first release gives it as many as pilothouse.dev/min-instances says.",
            "Take the line out before you apply this file again, or the app has no instances.",
        ],
        "PodDisruptionBudget" => &["A drain takes one instance at a time."],
        "HorizontalPodAutoscaler" => &["It rests as long as the Deployment has 0 instances."],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_printed_reads_back_as_the_same_objects() {
        let objects = [
            json!({"kind": "Deployment", "spec": {"replicas": 0, "text": "yes", "number": "8080"}}),
            json!({"kind": "Service"}),
        ];
        let text = yaml(&objects);
        let read: Vec<Value> = serde_yaml_ng::Deserializer::from_str(&text)
            .map(|document| serde::Deserialize::deserialize(document).unwrap())
            .collect();
        assert_eq!(read, objects);
        assert!(text.contains("# replicas is 0 until the first release"));
    }
}
