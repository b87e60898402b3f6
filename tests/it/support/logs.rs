//! `pilothouse logs` on a served cluster, with both of its sides in the hands of a test.

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use pilothouse::cli::{self, Environment};
use pilothouse::runtime::Exit;
use pilothouse::sim::Simulation;
use pilothouse::sim::fault::{Fault, LogFault};
use pilothouse::sim::resource::{NAMESPACES, NODES, PODS};
use pilothouse::sim::store::Store;
use serde_json::{Value, json};

use super::served::Served;

/// How long something may take that comes by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// One side of the program: keeps what is written, and may take nothing more or be closed.
#[derive(Clone, Default)]
pub(crate) struct Pipe(Arc<(Mutex<Inside>, Condvar)>);

#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) text: Vec<u8>,
    /// Bytes after which nobody takes more for now.
    pub(crate) room: Option<usize>,
    pub(crate) is_closed: bool,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (inside, changed) = &*self.0;
        let inside = inside.lock().unwrap();
        let is_full =
            |inside: &mut Inside| !inside.is_closed && inside.room.is_some_and(|room| inside.text.len() >= room);
        let mut inside = changed.wait_while(inside, is_full).unwrap();
        if inside.is_closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        inside.text.extend_from_slice(bytes);
        changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pipe {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.0.lock().unwrap().text).into_owned()
    }

    /// Waits until something is in what was written.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let (inside, changed) = &*self.0;
        let inside = inside.lock().unwrap();
        let waits = |inside: &mut Inside| !is_so(&String::from_utf8_lossy(&inside.text));
        let (inside, waited) = changed.wait_timeout_while(inside, PATIENCE, waits).unwrap();
        assert!(!waited.timed_out(), "{what}: {}", String::from_utf8_lossy(&inside.text));
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Inside)) {
        change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
    }
}

/// An instance that has run for a minute.
pub(crate) fn instance(namespace: &str, name: &str) -> Value {
    let began = (chrono::Utc::now() - chrono::TimeDelta::minutes(1)).to_rfc3339();
    let status = json!({"name": "app", "containerID": format!("containerd://{name}"), "restartCount": 0,
        "ready": true, "state": {"running": {"startedAt": began}}});
    json!({
        "metadata": {"namespace": namespace, "name": name, "labels": {"app": "web", "pod": name},
            "annotations": {"sim.pilothouse.dev/language": "java"}},
        "spec": {"nodeName": "a", "containers": [{"name": "app", "image": "corp/web:1"}]},
        "status": {"phase": "Running", "startTime": began, "containerStatuses": [status]},
    })
}

/// A served cluster with a node, and instances that were created by hand.
pub(crate) struct Cluster {
    pub(crate) simulation: Simulation,
    pub(crate) served: Served,
}

impl Cluster {
    pub(crate) fn start(pods: &[&str]) -> Self {
        Self::served_as(&["harbor"], pods)
    }

    /// The same cluster under several names.
    pub(crate) fn served_as(names: &[&str], pods: &[&str]) -> Self {
        let mut made = None;
        let served = Served::start(|| {
            let mut store = Store::new(7);
            let now = chrono::Utc::now();
            let namespace = json!({"metadata": {"name": "shop"}, "status": {"phase": "Active"}});
            store.create(&NAMESPACES, namespace, now).unwrap();
            store.create(&NODES, json!({"metadata": {"name": "a"}}), now).unwrap();
            let simulation = Simulation::new(store);
            made = Some(simulation.clone());
            let named = names.iter().map(|name| ((*name).to_owned(), simulation.clone()));
            named.collect()
        });
        let cluster = Self {
            simulation: made.unwrap(),
            served,
        };
        for name in pods {
            cluster.create(name);
        }
        cluster
    }

    pub(crate) fn create(&self, name: &str) {
        self.simulation
            .change(|store, now| store.create(&PODS, instance("shop", name), now).unwrap());
    }

    pub(crate) fn remove(&self, name: &str) {
        self.simulation
            .change(|store, _| store.remove(&PODS, "shop", name).unwrap());
    }

    pub(crate) fn fault(&self, fault: LogFault) {
        self.simulation.faults().add(Fault::Logs(fault));
    }

    /// Starts `pilothouse logs` with these arguments.
    pub(crate) fn logs(&self, arguments: &[&str], is_terminal: bool) -> Running {
        let config = self.served.folder.path().join("config.toml");
        std::fs::write(&config, "").unwrap();
        let mut all: Vec<OsString> = vec![
            "pilothouse".into(),
            "--kubeconfig".into(),
            self.served.kubeconfig().into(),
        ];
        all.extend(["--config".into(), config.into(), "logs".into()]);
        all.extend(arguments.iter().map(OsString::from));
        let mut environment = Environment {
            stdout_is_terminal: is_terminal,
            ..Environment::default()
        };
        environment.variables.insert("TERM".into(), "xterm".into());
        let (out, err) = (Pipe::default(), Pipe::default());
        let (mut to_out, mut to_err) = (out.clone(), err.clone());
        let thread = std::thread::spawn(move || cli::run(all, &environment, &mut to_out, &mut to_err));
        Running { out, err, thread }
    }

    /// The same until its end.
    pub(crate) fn read(&self, arguments: &[&str], is_terminal: bool) -> (u8, String, String) {
        let running = self.logs(arguments, is_terminal);
        let exit = running.thread.join().unwrap();
        (exit.0, running.out.text(), running.err.text())
    }
}

pub(crate) struct Running {
    pub(crate) out: Pipe,
    pub(crate) err: Pipe,
    pub(crate) thread: std::thread::JoinHandle<Exit>,
}
