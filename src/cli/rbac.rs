//! `pilothouse rbac`: the least that a person needs in a cluster, as roles to be applied.

use std::fmt::Write as _;
use std::io::Write;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::Failure;
use super::args::Args;
use crate::domain::rights::{NEEDS, Need, Role};
use crate::runtime::Exit;

#[derive(Clone, Debug, clap::Args)]
pub struct Rbac {
    /// For whom: who looks, who reads logs too, and of those who releases and who builds
    #[arg(value_parser = roles())]
    pub role: Role,
    /// Bind it to this user, as the cluster calls them; repeat it for several
    #[arg(long, value_name = "NAME")]
    pub user: Vec<String>,
    /// Bind it to this group; repeat it for several
    #[arg(long, value_name = "NAME")]
    pub group: Vec<String>,
    /// Give this right too, which gives more than it is used for: nodes/proxy, secrets
    #[arg(long, value_name = "RESOURCE", value_parser = strong)]
    pub with: Vec<&'static str>,
}

fn roles() -> impl TypedValueParser<Value = Role> {
    let find = |name: String| Role::ALL.into_iter().find(|role| role.name() == name);
    PossibleValuesParser::new(Role::ALL.map(Role::name)).try_map(move |name| find(name).ok_or("there is no such role"))
}

/// A resource of the table that is only given by name.
fn strong(text: &str) -> Result<&'static str, String> {
    let strong = || {
        NEEDS
            .iter()
            .filter(|need| need.excess.is_some())
            .flat_map(|need| need.resources)
    };
    let found = strong().find(|resource| **resource == text);
    let known = || strong().copied().collect::<Vec<_>>().join(", ");
    found.copied().ok_or_else(|| format!("such rights are: {}", known()))
}

/// Prints it: a `ClusterRole`, or a `Role` in each namespace that was named.
pub(super) fn run(args: &Args, asked: &Rbac, out: &mut dyn Write) -> Result<Exit, Failure> {
    write!(out, "{}", yaml(asked, &args.namespace))?;
    Ok(Exit(Exit::DONE))
}

/// The roles and their bindings as YAML documents, with what each right is for.
pub fn yaml(asked: &Rbac, namespaces: &[String]) -> String {
    let mut text = String::new();
    if namespaces.is_empty() {
        documents(&mut text, asked, None);
    }
    for namespace in namespaces {
        documents(&mut text, asked, Some(namespace));
    }
    if asked.user.is_empty() && asked.group.is_empty() {
        text.push_str("# It is bound to nobody: --user NAME or --group NAME prints the binding.\n");
    }
    text
}

fn documents(text: &mut String, asked: &Rbac, namespace: Option<&str>) {
    let prefix = if namespace.is_some() { "" } else { "Cluster" };
    let kind = format!("{prefix}Role");
    let name = format!("pilothouse-{}", asked.role.name());
    head(text, &kind, &name, namespace);
    text.push_str("rules:\n");
    for need in asked.role.needs() {
        let is_given = need.excess.is_none() || need.resources.iter().all(|resource| asked.with.contains(resource));
        if namespace.is_some() && !need.is_namespaced {
            let _ = writeln!(text, "# not in a Role, only in a ClusterRole: {}", told(need));
        } else if is_given {
            rule(text, need);
        } else if let Some(excess) = need.excess {
            let _ = writeln!(
                text,
                "# not given, for it {excess}: {}; --with {} gives it",
                told(need),
                need.resources.join(" --with ")
            );
        }
    }
    if asked.user.is_empty() && asked.group.is_empty() {
        return;
    }
    head(text, &format!("{kind}Binding"), &name, namespace);
    let _ = writeln!(
        text,
        "roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name}}}\nsubjects:"
    );
    let subjects = asked.user.iter().map(|name| ("User", name));
    for (kind, name) in subjects.chain(asked.group.iter().map(|name| ("Group", name))) {
        let _ = writeln!(
            text,
            "- {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {}}}",
            quoted(name)
        );
    }
}

fn head(text: &mut String, kind: &str, name: &str, namespace: Option<&str>) {
    let place = namespace.map_or_else(String::new, |namespace| format!("  namespace: {}\n", quoted(namespace)));
    let _ = write!(
        text,
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {name}\n{place}"
    );
}

fn rule(text: &mut String, need: &Need) {
    let verbs: Vec<&str> = need.verbs.iter().map(|verb| verb.name()).collect();
    let _ = writeln!(
        text,
        "# {}\n- apiGroups: [\"{}\"]\n  resources: [{}]\n  verbs: [{}]",
        need.what_for,
        need.group,
        need.resources.join(", "),
        verbs.join(", ")
    );
    if !need.names.is_empty() {
        let names: Vec<String> = need.names.iter().map(|name| quoted(name)).collect();
        let _ = writeln!(text, "  resourceNames: [{}]", names.join(", "));
    }
}

/// `get, list, watch nodes, namespaces (what for)`
fn told(need: &Need) -> String {
    let verbs: Vec<&str> = need.verbs.iter().map(|verb| verb.name()).collect();
    format!("{} {} ({})", verbs.join(", "), need.resources.join(", "), need.what_for)
}

/// A text of YAML whatever is in it: JSON's are.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
