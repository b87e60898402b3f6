//! Kubeconfig files as people have them.

use std::fs;

use super::super::reload::Change;
use super::*;

fn entry(name: &str, token: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {name}\n\
         clusters: [{{name: {name}, cluster: {{server: 'https://{name}.corp:6443'}}}}]\n\
         contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}, namespace: gift}}}}]\n\
         users: [{{name: {name}, user: {{token: {token}}}}}]\n"
    )
}

fn options(files: &[PathBuf]) -> Options {
    Options {
        kubeconfig: files.to_vec(),
        ..Options::default()
    }
}

fn names(targets: &[Target]) -> Vec<&str> {
    targets.iter().map(|t| t.id.as_str()).collect()
}

#[test]
fn several_files_are_one_and_the_first_decides() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fs::write(&a, entry("idc", "t1")).unwrap();
    fs::write(&b, entry("cloud", "t2")).unwrap();
    let environment = Environment {
        kubeconfig: Some(std::env::join_paths([&a, &b, &folder.path().join("missing")]).unwrap()),
        ..Environment::default()
    };
    let mut options = Options::default();
    let current = targets(&options, &environment).unwrap();
    assert_eq!(names(&current), ["idc"]);
    assert_eq!(current[0].own_namespace, "gift");
    assert_eq!(current[0].server, "https://idc.corp:6443");
    options.all_contexts = true;
    assert_eq!(names(&targets(&options, &environment).unwrap()), ["idc", "cloud"]);
    options.all_contexts = false;
    options.contexts = vec!["cloud".into(), "idc".into(), "cloud".into()];
    assert_eq!(names(&targets(&options, &environment).unwrap()), ["cloud", "idc"]);
}

#[test]
fn a_target_is_as_the_command_line_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    fs::write(&file, entry("idc", "t")).unwrap();
    let mut options = Options {
        namespaces: vec!["gift".into()],
        request_timeout: Some(std::time::Duration::from_secs(7)),
        readonly: true,
        insecure_skip_tls_verify: true,
        ..options(&[file])
    };
    let target = targets(&options, &Environment::default()).unwrap().remove(0);
    assert_eq!((target.namespaces, target.readonly), (vec!["gift".to_owned()], true));
    assert_eq!(
        (target.request_timeout, target.insecure),
        (options.request_timeout, true)
    );
    options.all_namespaces = true;
    let target = targets(&options, &Environment::default()).unwrap().remove(0);
    assert_eq!(target.namespaces, Vec::<String>::new());
}

#[test]
fn what_is_wrong_is_said_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let good = file("good", &entry("idc", "t1"));
    let unknown = Options {
        contexts: vec!["aliyun".into()],
        ..options(std::slice::from_ref(&good))
    };
    let near = Options {
        contexts: vec!["idx".into()],
        ..options(std::slice::from_ref(&good))
    };
    let missing = folder.path().join("missing");
    let none_is_current = entry("idc", "t1").replace("current-context: idc\n", "");
    for (options, said) in [
        (
            options(&[file("none-current", &none_is_current)]),
            "no current context; it knows 'idc'",
        ),
        (unknown, "no context 'aliyun' in the kubeconfig; it knows 'idc'"),
        (near, "no context 'idx' in the kubeconfig; did you mean 'idc'?"),
        (options(&[missing]), "there is no kubeconfig '"),
        (options(&[folder.path().to_owned()]), "is a folder"),
        (options(&[file("syntax", "a: [\nb: }\n")]), "line 2, column"),
        (
            options(&[file("shape", "users:\n- name: x\n  user:\n    token: [s3cret]\n")]),
            "not a kubeconfig",
        ),
        (options(&[file("empty", "")]), "the kubeconfig has no contexts"),
        (
            options(&[file(
                "half",
                "current-context: x\ncontexts: [{name: x, context: {cluster: y, user: z}}]\n",
            )]),
            "context 'x': its cluster 'y' is not in the kubeconfig",
        ),
    ] {
        let error = targets(&options, &Environment::default()).unwrap_err();
        assert!(error.what.contains(said), "{} lacks {said}", error.what);
        assert!(error.hint().contains("--demo"));
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    let error = targets(&Options::default(), &Environment::default()).unwrap_err();
    assert!(error.what.starts_with("no kubeconfig"), "{}", error.what);
}

#[test]
fn one_broken_context_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let broken = "contexts: [{name: broken, context: {cluster: none}}, {name: idc, context: {cluster: idc}}]\n";
    fs::write(&path, entry("idc", "t").replace("contexts:", "x-contexts:") + broken).unwrap();
    let all = Options {
        all_contexts: true,
        ..options(&[path])
    };
    let targets = targets(&all, &Environment::default()).unwrap();
    assert!(matches!(targets[0].way, Way::Broken(..)) && matches!(targets[1].way, Way::Config(..)));
}

#[test]
fn nothing_secret_shows_in_debug() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, entry("idc", "s3cret")).unwrap();
    let targets = targets(&options(&[path]), &Environment::default()).unwrap();
    assert!(!format!("{targets:?}").contains("s3cret"));
}

#[test]
fn only_a_change_of_its_own_entries_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, entry("idc", "t1")).unwrap();
    let targets = targets(&options(std::slice::from_ref(&path)), &Environment::default()).unwrap();
    let Way::Config(recipe) = &targets[0].way else {
        panic!("usable")
    };
    let mut origin = recipe.origin.clone().unwrap();
    assert!(matches!(origin.look(), Change::None));
    fs::write(&path, entry("idc", "t1") + "# a comment\n").unwrap();
    assert!(matches!(origin.look(), Change::None), "another change");
    fs::write(&path, entry("idc", "another")).unwrap();
    assert!(matches!(origin.look(), Change::Recipe(_)), "a new token");
    fs::remove_file(&path).unwrap();
    assert!(matches!(origin.look(), Change::Lost(_)), "gone");
    fs::write(&path, entry("idc", "another")).unwrap();
    assert!(matches!(origin.look(), Change::None), "back as it was");
}
