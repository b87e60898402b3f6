//! The families of cAdvisor's text in their order: what each is called, and how its lines look.
//!
//! Names, help and order are those of a real kubelet 1.36; those of CPU limits, block devices and pressure are there on
//! machines that have them (`google/cadvisor`, `metrics/prometheus.go`).

use std::fmt::Write;

use super::cadvisor::{Kind, Line, Machine as Under};
use super::number;

/// One family of samples.
#[derive(Debug)]
pub(super) struct Family {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    shape: Shape,
}

type Value = fn(&Line) -> f64;

/// Which cgroups a family has lines for, and with which labels.
#[derive(Debug)]
enum Shape {
    Plain(Value),
    /// Without a time.
    Spec(Value),
    /// Of those with a CPU limit.
    Limited(Value),
    Quota,
    Cpu,
    Device(Value),
    Interface(Value),
    /// At the time of the request.
    Seen,
    Failures,
    Tasks,
    Ulimits,
    Machine(fn(&Under) -> f64),
    Nvm,
    Version,
    /// One 0 without labels.
    Bare,
}

use Shape::{
    Bare, Cpu, Device, Failures, Interface, Limited, Machine, Nvm, Plain, Quota, Seen, Spec, Tasks, Ulimits, Version,
};

const fn counter(name: &'static str, help: &'static str, shape: Shape) -> Family {
    Family {
        name,
        help,
        kind: "counter",
        shape,
    }
}

const fn gauge(name: &'static str, help: &'static str, shape: Shape) -> Family {
    Family {
        name,
        help,
        kind: "gauge",
        shape,
    }
}

/// Ticks of the kernel.
fn hundredths(seconds: f64) -> f64 {
    (seconds * 100.0).floor() / 100.0
}

/// As pressure is counted.
fn micros(seconds: f64) -> f64 {
    (seconds * 1e6).floor() / 1e6
}

/// As CPU time is counted.
fn nanos(seconds: f64) -> f64 {
    (seconds * 1e9).floor() / 1e9
}

#[rustfmt::skip]
pub(super) const FAMILIES: &[Family] = &[
    gauge("cadvisor_version_info", "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.", Version),
    counter("container_cpu_cfs_periods_total", "Number of elapsed enforcement period intervals.", Limited(|l| l.sample.periods)),
    counter("container_cpu_cfs_throttled_periods_total", "Number of throttled period intervals.", Limited(|l| l.sample.throttled_periods)),
    counter("container_cpu_cfs_throttled_seconds_total", "Total time duration the container has been throttled.", Limited(|l| l.sample.throttled_seconds)),
    gauge("container_cpu_load_average_10s", "Value of container cpu load average over the last 10 seconds.", Plain(|_| 0.0)),
    gauge("container_cpu_load_d_average_10s", "Value of container cpu load.d average over the last 10 seconds.", Plain(|_| 0.0)),
    counter("container_cpu_system_seconds_total", "Cumulative system cpu time consumed in seconds.", Plain(|l| hundredths(l.sample.system))),
    counter("container_cpu_usage_seconds_total", "Cumulative cpu time consumed in seconds.", Cpu),
    counter("container_cpu_user_seconds_total", "Cumulative user cpu time consumed in seconds.", Plain(|l| hundredths(l.sample.cpu - l.sample.system))),
    gauge("container_file_descriptors", "Number of open file descriptors for the container.", Plain(|l| l.sample.files)),
    counter("container_fs_reads_bytes_total", "Cumulative count of bytes read", Device(|l| l.sample.reads)),
    counter("container_fs_writes_bytes_total", "Cumulative count of bytes written", Device(|l| l.sample.writes)),
    gauge("container_health_state", "The result of the container's health check", Plain(|_| -1.0)),
    gauge("container_last_seen", "Last time a container was seen by the exporter", Seen),
    gauge("container_memory_cache", "Number of bytes of page cache memory.", Plain(|l| l.sample.cache)),
    counter("container_memory_failcnt", "Number of memory usage hits limits", Plain(|_| 0.0)),
    counter("container_memory_failures_total", "Cumulative count of memory allocation failures.", Failures),
    gauge("container_memory_kernel_usage", "Size of kernel memory allocated in bytes.", Plain(|l| l.sample.kernel)),
    gauge("container_memory_mapped_file", "Size of memory mapped files in bytes.", Plain(|l| l.sample.mapped)),
    gauge("container_memory_max_usage_bytes", "Maximum memory usage recorded in bytes", Plain(|l| l.sample.highest)),
    gauge("container_memory_rss", "Size of RSS in bytes.", Plain(|l| l.sample.rss)),
    gauge("container_memory_swap", "Container swap usage in bytes.", Plain(|_| 0.0)),
    gauge("container_memory_total_active_file_bytes", "Current total active file in bytes.", Plain(|l| l.sample.cache - l.sample.inactive_file)),
    gauge("container_memory_total_inactive_file_bytes", "Current total inactive file in bytes.", Plain(|l| l.sample.inactive_file)),
    gauge("container_memory_usage_bytes", "Current memory usage in bytes, including all memory regardless of when it was accessed", Plain(|l| l.sample.memory)),
    gauge("container_memory_working_set_bytes", "Current working set in bytes.", Plain(|l| l.sample.memory - l.sample.inactive_file)),
    counter("container_network_receive_bytes_total", "Cumulative count of bytes received", Interface(|l| l.sample.network.received.bytes)),
    counter("container_network_receive_errors_total", "Cumulative count of errors encountered while receiving", Interface(|l| l.sample.network.received.errors)),
    counter("container_network_receive_packets_dropped_total", "Cumulative count of packets dropped while receiving", Interface(|l| l.sample.network.received.dropped)),
    counter("container_network_receive_packets_total", "Cumulative count of packets received", Interface(|l| l.sample.network.received.packets)),
    counter("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", Interface(|l| l.sample.network.sent.bytes)),
    counter("container_network_transmit_errors_total", "Cumulative count of errors encountered while transmitting", Interface(|l| l.sample.network.sent.errors)),
    counter("container_network_transmit_packets_dropped_total", "Cumulative count of packets dropped while transmitting", Interface(|l| l.sample.network.sent.dropped)),
    counter("container_network_transmit_packets_total", "Cumulative count of packets transmitted", Interface(|l| l.sample.network.sent.packets)),
    counter("container_oom_events_total", "Count of out of memory events observed for the container", Plain(|l| l.sample.oom)),
    counter("container_pressure_cpu_stalled_seconds_total", "Total time duration no tasks in the container could make progress due to CPU congestion.", Plain(|l| micros(l.sample.cpu_stalled))),
    counter("container_pressure_cpu_waiting_seconds_total", "Total time duration tasks in the container have waited due to CPU congestion.", Plain(|l| micros(l.sample.cpu_waiting))),
    counter("container_pressure_io_stalled_seconds_total", "Total time duration no tasks in the container could make progress due to IO congestion.", Plain(|l| micros(l.sample.io_stalled))),
    counter("container_pressure_io_waiting_seconds_total", "Total time duration tasks in the container have waited due to IO congestion.", Plain(|l| micros(l.sample.io_waiting))),
    counter("container_pressure_memory_stalled_seconds_total", "Total time duration no tasks in the container could make progress due to memory congestion.", Plain(|l| micros(l.sample.memory_stalled))),
    counter("container_pressure_memory_waiting_seconds_total", "Total time duration tasks in the container have waited due to memory congestion.", Plain(|l| micros(l.sample.memory_waiting))),
    gauge("container_processes", "Number of processes running inside the container.", Plain(|l| l.sample.processes)),
    gauge("container_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise", Bare),
    gauge("container_sockets", "Number of open sockets for the container.", Plain(|l| l.sample.sockets)),
    gauge("container_spec_cpu_period", "CPU period of the container.", Spec(|_| 100_000.0)),
    gauge("container_spec_cpu_quota", "CPU quota of the container.", Quota),
    gauge("container_spec_cpu_shares", "CPU share of the container.", Spec(|l| (l.cpu_request * 1024.0).floor().max(2.0))),
    gauge("container_spec_memory_limit_bytes", "Memory limit for the container.", Spec(|l| l.memory_limit)),
    gauge("container_spec_memory_reservation_limit_bytes", "Memory reservation limit for the container.", Spec(|_| 0.0)),
    gauge("container_spec_memory_swap_limit_bytes", "Memory swap limit for the container.", Spec(|l| if l.kind == Kind::Container { l.memory_limit } else { 0.0 })),
    gauge("container_start_time_seconds", "Start time of the container since unix epoch in seconds.", Spec(|l| l.began.floor())),
    gauge("container_tasks_state", "Number of tasks in given state", Tasks),
    gauge("container_threads", "Number of threads running inside the container", Plain(|l| l.sample.threads)),
    gauge("container_threads_max", "Maximum number of threads allowed inside the container, infinity if value is zero", Plain(|_| 0.0)),
    gauge("container_ulimits_soft", "Soft ulimit values for the container root process. Unlimited if -1, except priority and nice", Ulimits),
    gauge("machine_cpu_books", "Number of CPU books.", Machine(|_| 0.0)),
    gauge("machine_cpu_cores", "Number of logical CPU cores.", Machine(|m| m.cores)),
    gauge("machine_cpu_drawers", "Number of CPU drawers.", Machine(|_| 0.0)),
    gauge("machine_cpu_physical_cores", "Number of physical CPU cores.", Machine(|m| m.cores)),
    gauge("machine_cpu_sockets", "Number of CPU sockets.", Machine(|_| 1.0)),
    gauge("machine_memory_bytes", "Amount of memory installed on the machine.", Machine(|m| m.memory)),
    gauge("machine_nvm_avg_power_budget_watts", "NVM power budget.", Machine(|_| 0.0)),
    gauge("machine_nvm_capacity", "NVM capacity value labeled by NVM mode (memory mode or app direct mode).", Nvm),
    gauge("machine_scrape_error", "1 if there was an error while getting machine metrics, 0 otherwise.", Bare),
    gauge("machine_swap_bytes", "Amount of swap memory available on the machine.", Machine(|_| 0.0)),
];

impl Family {
    /// Writes its help, its type and its lines; nothing where no cgroup has any.
    pub(super) fn write(&self, out: &mut String, lines: &[Line], under: &Under, asked: i64) {
        let begins = out.len();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "# HELP {0} {1}\n# TYPE {0} {2}", self.name, self.help, self.kind);
        let head = out.len();
        match self.shape {
            Machine(_) | Nvm | Version | Bare => self.write_machine(out, under),
            _ => lines.iter().for_each(|line| self.write_line(out, line, asked)),
        }
        if out.len() == head {
            out.truncate(begins);
        }
    }

    fn write_line(&self, out: &mut String, line: &Line, asked: i64) {
        let at = Some(line.at);
        let counted = matches!(line.kind, Kind::Root | Kind::Container);
        match self.shape {
            Plain(value) => self.sample(out, line, ["", "", ""], value(line), at),
            Spec(value) => self.sample(out, line, ["", "", ""], value(line), None),
            Limited(value) if limited(line) => self.sample(out, line, ["", "", ""], value(line), at),
            Quota if limited(line) => {
                self.sample(out, line, ["", "", ""], (line.cpu_limit * 100_000.0).round(), None);
            }
            Cpu => self.sample(out, line, [",cpu=\"total\"", "", ""], nanos(line.sample.cpu), at),
            Device(value) if counted => self.sample(out, line, [",device=\"/dev/nvme0n1\"", "", ""], value(line), at),
            Interface(value) if matches!(line.kind, Kind::Root | Kind::Sandbox) => {
                self.sample(out, line, ["", ",interface=\"eth0\"", ""], value(line), at);
            }
            Seen => {
                let seconds = asked.div_euclid(1000) as f64;
                self.sample(out, line, ["", "", ""], seconds, Some(asked));
            }
            Failures => {
                for (first, value) in [
                    ("pgfault", line.sample.faults),
                    ("pgmajfault", line.sample.major_faults),
                ] {
                    for scope in [",scope=\"container\"", ",scope=\"hierarchy\""] {
                        let kind = if first == "pgfault" {
                            ",failure_type=\"pgfault\""
                        } else {
                            ",failure_type=\"pgmajfault\""
                        };
                        self.sample(out, line, [kind, "", scope], value, at);
                    }
                }
            }
            Tasks => {
                for state in [
                    ",state=\"iowaiting\"",
                    ",state=\"running\"",
                    ",state=\"sleeping\"",
                    ",state=\"stopped\"",
                    ",state=\"uninterruptible\"",
                ] {
                    self.sample(out, line, ["", "", state], 0.0, at);
                }
            }
            Ulimits if counted => {
                self.sample(out, line, ["", "", ",ulimit=\"max_open_files\""], 1_048_576.0, at);
            }
            Limited(_) | Quota | Device(_) | Interface(_) | Ulimits | Machine(_) | Nvm | Version | Bare => {}
        }
    }

    /// One line; `more` are the labels after the container, after the image and at the end.
    fn sample(&self, out: &mut String, line: &Line, more: [&str; 3], value: f64, at: Option<i64>) {
        let [after_container, after_image, last] = more;
        for piece in [
            self.name,
            &line.container,
            after_container,
            &line.id,
            after_image,
            &line.name,
            last,
            "} ",
        ] {
            out.push_str(piece);
        }
        number::write(out, value);
        if let Some(at) = at {
            let _ = write!(out, " {at}");
        }
        out.push('\n');
    }

    fn write_machine(&self, out: &mut String, under: &Under) {
        let name = self.name;
        let (boot, machine, system) = (&under.boot_id, &under.id, &under.system_uuid);
        let _ = match self.shape {
            Machine(value) => {
                let _ = write!(
                    out,
                    "{name}{{boot_id=\"{boot}\",machine_id=\"{machine}\",system_uuid=\"{system}\"}} "
                );
                number::write(out, value(under));
                writeln!(out)
            }
            Nvm => ["app_direct_mode", "memory_mode"].into_iter().try_for_each(|mode| {
                writeln!(
                    out,
                    "{name}{{boot_id=\"{boot}\",machine_id=\"{machine}\",mode=\"{mode}\",system_uuid=\"{system}\"}} 0"
                )
            }),
            Version => writeln!(
                out,
                "{name}{{cadvisorRevision=\"\",cadvisorVersion=\"\",dockerVersion=\"\",kernelVersion=\"{}\",osVersion=\"{}\"}} 1",
                under.kernel, under.os
            ),
            _ => writeln!(out, "{name} 0"),
        };
    }
}

/// Only cgroups with a CPU limit have scheduling periods.
fn limited(line: &Line) -> bool {
    line.cpu_limit > 0.0 && matches!(line.kind, Kind::Pod | Kind::Container)
}
