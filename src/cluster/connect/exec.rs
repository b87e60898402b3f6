//! Runs credential plugins (`exec` in a kubeconfig) where they cannot touch our terminal: no standard
//! input, output and error captured, a process group of their own, 30 seconds, one at a time.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{Cluster, ExecConfig, ExecInteractiveMode};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::domain::Timestamp;

/// How long a plugin may take.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);
/// How much it may print.
const OUTPUT_LIMIT: u64 = 1 << 20;
const VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

/// A credential plugin and what it is told.
#[derive(Clone)]
pub(crate) struct Plugin {
    command: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    /// What goes into `KUBERNETES_EXEC_INFO`.
    info: String,
    install_hint: Option<String>,
}

/// What a plugin gave.
#[derive(Clone, Default)]
pub(crate) struct Credential {
    pub(crate) token: Option<String>,
    /// Certificate and key, PEM in base64 as a kubeconfig holds them.
    pub(crate) certificate: Option<(String, String)>,
    pub(crate) expires: Option<Timestamp>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// # Errors
    /// The entry names no command, wants our terminal, or speaks a version we do not.
    pub(crate) fn new(exec: ExecConfig, cluster: &Cluster) -> Result<Self, String> {
        let command = exec
            .command
            .filter(|c| !c.is_empty())
            .ok_or("its credential plugin has no command")?;
        if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
            return Err(format!(
                "its credential plugin '{command}' insists on a terminal; log in with it in a shell first"
            ));
        }
        let version = exec.api_version.unwrap_or_else(|| VERSIONS[0].to_owned());
        if !VERSIONS.contains(&version.as_str()) {
            return Err(format!(
                "its credential plugin speaks '{version}'; v1 and v1beta1 are known"
            ));
        }
        let mut spec = json!({"interactive": false});
        if exec.provide_cluster_info
            && let Some(spec) = spec.as_object_mut()
        {
            spec.insert("cluster".to_owned(), cluster_info(cluster));
        }
        let pair = |entry: &std::collections::HashMap<String, String>| {
            Some((entry.get("name")?.clone(), entry.get("value")?.clone()))
        };
        Ok(Self {
            command,
            args: exec.args.unwrap_or_default(),
            env: exec.env.unwrap_or_default().iter().filter_map(pair).collect(),
            info: json!({"apiVersion": version, "kind": "ExecCredential", "spec": spec}).to_string(),
            install_hint: exec.install_hint,
        })
    }

    /// Runs the plugin when its turn has come, and says so in the log.
    ///
    /// # Errors
    /// One sentence that names the command and nothing it printed, which may hold a token.
    pub(crate) async fn run(&self, turn: &Semaphore) -> Result<Credential, String> {
        let began = Instant::now();
        let outcome = self.ask(turn).await;
        let took = began.elapsed().as_secs_f32();
        match &outcome {
            Ok(credential) => {
                let until = credential
                    .expires
                    .map(|at| format!(" good until {at}"))
                    .unwrap_or_default();
                log::info!(
                    "the credential plugin '{}' gave a credential{until} ({took:.1} s)",
                    self.command
                );
            }
            Err(why) => log::warn!("{why} ({took:.1} s)"),
        }
        outcome
    }

    async fn ask(&self, turn: &Semaphore) -> Result<Credential, String> {
        let _turn = turn.acquire().await.map_err(|_| "the program is ending".to_owned())?;
        let mut child = Command::new(&self.command)
            .args(&self.args)
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .env("KUBERNETES_EXEC_INFO", &self.info)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.cannot_start(&error))?;
        let group = Group::of(&child);
        let name = &self.command;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(format!("the credential plugin '{name}' gave no output"));
        };
        let work = async {
            let (out, err) = tokio::join!(read_limited(stdout, OUTPUT_LIMIT), read_limited(stderr, OUTPUT_LIMIT));
            (out, err.is_some(), child.wait().await)
        };
        let (output, quiet_enough, status) = tokio::time::timeout(TIME_LIMIT, work).await.map_err(|_| {
            format!(
                "the credential plugin '{name}' did not end within {} s",
                TIME_LIMIT.as_secs()
            )
        })?;
        drop(group);
        let (Some(output), true) = (output, quiet_enough) else {
            return Err(format!("the credential plugin '{name}' prints more than 1 MiB"));
        };
        match status {
            Ok(status) if status.success() => {
                parse(&output).ok_or_else(|| format!("the credential plugin '{name}' gave no credential"))
            }
            Ok(status) => Err(format!("the credential plugin '{name}' failed ({status})")),
            Err(_) => Err(format!("the credential plugin '{name}' cannot be waited for")),
        }
    }

    fn cannot_start(&self, error: &std::io::Error) -> String {
        let hint = self
            .install_hint
            .as_deref()
            .map(|hint| format!("; {}", hint.trim()))
            .unwrap_or_default();
        format!(
            "the credential plugin '{}' cannot be started: {}{hint}",
            self.command,
            error.kind()
        )
    }
}

/// Kills a process that leads a group of its own, and whatever it started, however the waiting for it ends.
#[derive(Debug)]
pub(crate) struct Group(Option<u32>);

impl Group {
    pub(crate) fn of(leader: &Child) -> Self {
        Self(leader.id())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let pid = self.0.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It has mostly ended by itself; then there is nothing left to kill.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Reads to the end; `None` when there are more bytes than the limit.
pub(crate) async fn read_limited(from: impl AsyncRead + Unpin, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes).await.ok()?;
    (bytes.len() as u64 <= limit).then_some(bytes)
}

fn parse(output: &[u8]) -> Option<Credential> {
    #[derive(Deserialize)]
    struct ExecCredential {
        status: Option<Status>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        token: Option<String>,
        client_certificate_data: Option<String>,
        client_key_data: Option<String>,
        expiration_timestamp: Option<Timestamp>,
    }
    // YAML holds JSON; client-go takes both.
    let status = serde_yaml_ng::from_slice::<ExecCredential>(output).ok()?.status?;
    let certificate = status
        .client_certificate_data
        .zip(status.client_key_data)
        .map(|(certificate, key)| (STANDARD.encode(certificate), STANDARD.encode(key)));
    let token = status.token.filter(|token| !token.is_empty());
    (token.is_some() || certificate.is_some()).then_some(Credential {
        token,
        certificate,
        expires: status.expiration_timestamp,
    })
}

fn cluster_info(cluster: &Cluster) -> Value {
    let authority = cluster.certificate_authority_data.clone().or_else(|| {
        let file = cluster.certificate_authority.as_ref()?;
        Some(STANDARD.encode(std::fs::read(file).ok()?))
    });
    let extension = cluster
        .extensions
        .iter()
        .flatten()
        .find(|e| e.name == "client.authentication.k8s.io/exec");
    let mut info = json!({"server": cluster.server});
    if let Some(info) = info.as_object_mut() {
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                info.insert(key.to_owned(), value);
            }
        };
        put(
            "insecure-skip-tls-verify",
            cluster.insecure_skip_tls_verify.map(Into::into),
        );
        put("certificate-authority-data", authority.map(Into::into));
        put("proxy-url", cluster.proxy_url.clone().map(Into::into));
        put("tls-server-name", cluster.tls_server_name.clone().map(Into::into));
        put("config", extension.map(|e| e.extension.clone()));
    }
    info
}

#[cfg(test)]
#[path = "exec_tests.rs"]
mod tests;
