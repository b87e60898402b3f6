//! Tests of templates: those that ship, what users may write, and what is wrong in what they wrote.

use serde_json::json;

use super::*;

fn file(name: &str, text: &str) -> File {
    File {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn every_shipped_template_has_its_hooks_and_names_no_host() {
    let all: Vec<Template> = Template::all_shipped().collect();
    assert_eq!(all.len(), SHIPPED.len(), "each of them reads");
    for template in all {
        let names: Vec<&str> = template.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(
            names,
            ["Dockerfile", "build.sh", "discovery.sh", "start.sh", "stop.sh"],
            "{}",
            template.name
        );
        assert!(!template.summary.is_empty());
        for file in &template.files {
            let text = &file.text;
            assert!(
                !text.contains("hostIP") && !text.contains("HOST_IP"),
                "{} {}",
                template.name,
                file.name
            );
            assert!(file.name == "Dockerfile" || text.contains("set -eu") || file.name == "discovery.sh");
        }
        let start = &template.files[3].text;
        assert!(
            start.contains("register_when_ready &\n") && start.contains("\nexec "),
            "{}",
            template.name
        );
    }
}

#[test]
fn what_is_wrong_in_a_template_is_told_with_its_line() {
    for (files, line, what) in [
        (
            file("template.toml", "port = 80\ncores = 2\n"),
            Some(2),
            "unknown field `cores`",
        ),
        (file("template.toml", "port = \"x\"\n"), Some(1), "invalid type"),
        (
            file("manifest.yaml", "kind: Service\nspec: {x: '${HOST}'}\n"),
            Some(2),
            "there is no variable HOST",
        ),
        (file("manifest.yaml", "kind: Ingress\n"), None, "Ingress is no kind"),
        (
            file("manifest.yaml", "kind: Service\nmetadata: {name: x}\n"),
            None,
            "metadata.name cannot",
        ),
        (file("manifest.yaml", "kind: [\n"), Some(2), ""),
    ] {
        let wrong = Template::parse("own", [files.clone()]).unwrap_err();
        assert_eq!(
            (wrong.line, wrong.file.as_str()),
            (line, files.name.as_str()),
            "{wrong}"
        );
        assert!(wrong.what.contains(what) && !wrong.hint.is_empty(), "{wrong}");
    }
}

#[test]
fn what_a_user_brings_comes_before_what_every_template_has() {
    let template = Template::parse("own", [file("stop.sh", "own")]).unwrap();
    let stop = template.files.iter().filter(|file| file.name == "stop.sh");
    assert_eq!(stop.map(|file| file.text.as_str()).collect::<Vec<_>>(), ["own"]);
}

#[test]
fn maps_and_named_lists_go_into_each_other_and_null_takes_away() {
    let mut under = json!({"a": {"b": 1, "c": 2}, "list": [{"name": "x", "v": 1}], "plain": [1, 2]});
    merge(
        &mut under,
        json!({"a": {"b": null, "d": 3}, "list": [{"name": "x", "w": 2}, {"name": "y"}], "plain": [3]}),
    );
    assert_eq!(
        under,
        json!({"a": {"c": 2, "d": 3}, "list": [{"name": "x", "v": 1, "w": 2}, {"name": "y"}], "plain": [3]})
    );
}
