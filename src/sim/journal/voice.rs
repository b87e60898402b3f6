//! How the containers of each language print: start-up, ordinary lines with levels, exceptions, what a crash says.

use std::fmt::Write;

use super::Nanos;
use super::stamp::moment;
use crate::sim::controllers::random::Random;
use crate::sim::load::Language;

mod words;

use words::{exception, line, pick};

/// Who prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Logback's usual pattern.
    Java,
    /// Catalina's lines and the access log.
    Tomcat,
    /// The access log and the error log.
    Nginx,
    /// A pool's lines and PHP's errors.
    PhpFpm,
    /// Pino's JSON.
    Node,
    /// The logging module.
    Python,
    /// `log/slog` with its text handler.
    Go,
    /// Klog, as agents beside apps use it.
    Agent,
}

/// How serious a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    fn draw(random: &mut Random, failing: bool) -> Self {
        match (random.below(1000), failing) {
            (0..450, true) | (0..4, false) => Self::Error,
            (450..600, true) | (4..24, false) => Self::Warn,
            (24..104, false) => Self::Debug,
            _ => Self::Info,
        }
    }
}

impl Voice {
    /// The voice of a container: its app's language if the image is the app's own, else a web server's or an agent's.
    pub(crate) const fn of(language: Option<Language>, own: bool, first: bool) -> Self {
        match (language, own) {
            (Some(Language::Java), true) => Self::Java,
            (Some(Language::Tomcat), true) => Self::Tomcat,
            (Some(Language::Php), true) => Self::PhpFpm,
            (Some(Language::Node), true) => Self::Node,
            (Some(Language::Python), true) => Self::Python,
            (Some(Language::Go), true) => Self::Go,
            (Some(Language::Php), false) if first => Self::Nginx,
            (None, _) | (_, false) => Self::Agent,
        }
    }

    /// How many records the start-up has.
    pub(crate) const fn start_up(self) -> u64 {
        self.beginning().len() as u64
    }

    const fn beginning(self) -> &'static [&'static str] {
        match self {
            Self::Java => &[
                "Starting application using Java 21.0.9 with PID 1",
                "No active profile set, falling back to 1 default profile: \"default\"",
                "HikariPool-1 - Start completed.",
                "Netty started on port 8080 (http)",
                "Started application in 6.412 seconds (process running for 7.03)",
            ],
            Self::Tomcat => &[
                "Server version name:   Apache Tomcat/10.1.48",
                "Initializing ProtocolHandler [\"http-nio-8080\"]",
                "Deploying web application archive [/usr/local/tomcat/webapps/ROOT.war]",
                "Server startup in [8134] milliseconds",
            ],
            Self::Nginx => &["start worker processes", "start worker process 29"],
            Self::PhpFpm => &["fpm is running, pid 1", "ready to handle connections"],
            Self::Node => &["listening on :3000"],
            Self::Python => &["Starting gunicorn 23.0.0", "Listening at: http://0.0.0.0:8000 (1)"],
            Self::Go => &["starting", "configuration loaded", "listening addr=:8080"],
            Self::Agent => &["Starting agent", "Serving metrics on :9100"],
        }
    }

    /// Writes a record of the start-up.
    pub(crate) fn start(self, record: u64, at: Nanos, out: &mut String) {
        let text = self.beginning().get(record as usize).copied().unwrap_or_default();
        self.dressed(Level::Info, at, "main", text, out);
    }

    /// Writes an ordinary record.
    pub(crate) fn say(self, random: &mut Random, at: Nanos, failing: bool, out: &mut String) {
        let level = Level::draw(random, failing);
        if matches!(self, Self::Nginx | Self::Tomcat) && level != Level::Error && random.below(10) < 8 {
            access(self, random, at, level, out);
            return;
        }
        let text = line(level, random);
        let thread = format!("worker-{}", 1 + random.below(16));
        self.dressed(level, at, &thread, &text, out);
        if level == Level::Error {
            exception(self, random, out);
        }
    }

    /// Writes what a crash says: why, and where.
    pub(crate) fn crash(self, random: &mut Random, at: Nanos, out: &mut String) {
        match self {
            Self::Java | Self::Tomcat => {
                out.push_str(
                    "Exception in thread \"main\" java.lang.IllegalStateException: Failed to load ApplicationContext",
                );
                exception(self, random, out);
            }
            Self::Go => {
                out.push_str(
                    "panic: runtime error: invalid memory address or nil pointer dereference\n\
                     [signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x7a1c2e]\n\ngoroutine 1 [running]:",
                );
                exception(self, random, out);
                out.push_str("\nexit status 2");
            }
            Self::Node => {
                out.push_str("node:internal/process/promises:394\n      triggerUncaughtException(err, true /* fromPromise */);\n      ^\n");
                exception(self, random, out);
                out.push_str("\n\nNode.js v22.21.0");
            }
            Self::Python => {
                exception(self, random, out);
                out.push_str("\n[ERROR] Worker failed to boot.");
            }
            Self::PhpFpm | Self::Nginx | Self::Agent => {
                self.dressed(
                    Level::Error,
                    at,
                    "main",
                    "cannot go on: configuration is not valid, exiting",
                    out,
                );
            }
        }
    }

    /// What a level is called.
    const fn called(self, level: Level) -> &'static str {
        let [debug, info, warn, error] = match self {
            Self::Java | Self::Go => ["DEBUG", "INFO", "WARN", "ERROR"],
            Self::Python => ["DEBUG", "INFO", "WARNING", "ERROR"],
            Self::Tomcat => ["FINE", "INFO", "WARNING", "SEVERE"],
            Self::Nginx => ["debug", "notice", "warn", "error"],
            Self::PhpFpm => ["NOTICE", "NOTICE", "WARNING", "ERROR"],
            Self::Node => ["20", "30", "40", "50"],
            // klog has no letter for what is below information.
            Self::Agent => ["I", "I", "W", "E"],
        };
        match level {
            Level::Debug => debug,
            Level::Info => info,
            Level::Warn => warn,
            Level::Error => error,
        }
    }

    /// One line in the clothes of its kind.
    fn dressed(self, level: Level, at: Nanos, thread: &str, text: &str, out: &mut String) {
        let time = moment(at);
        let called = self.called(level);
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Java => write!(
                out,
                "{} {called:<5} [{thread}] c.corp.web.RequestHandler - {text}",
                time.format("%Y-%m-%d %H:%M:%S%.3f")
            ),
            Self::Tomcat => write!(
                out,
                "{} {called} [http-nio-8080-{thread}] org.apache.catalina.core.StandardWrapperValve.invoke {text}",
                time.format("%d-%b-%Y %H:%M:%S%.3f")
            ),
            Self::Nginx => write!(out, "{} [{called}] 29#29: {text}", time.format("%Y/%m/%d %H:%M:%S")),
            Self::PhpFpm => {
                let time = time.format("%d-%b-%Y %H:%M:%S");
                write!(out, "[{time}] {called}: [pool www] {text}")
            }
            Self::Node => {
                let text = text.replace('"', "\\\"");
                let millis = time.timestamp_millis();
                // The exception of an error closes the object.
                let close = if level == Level::Error { "" } else { "}" };
                write!(
                    out,
                    "{{\"level\":{called},\"time\":{millis},\"pid\":1,\"hostname\":\"{thread}\",\"msg\":\"{text}\"{close}"
                )
            }
            Self::Python => {
                let time = time.format("%Y-%m-%d %H:%M:%S,%3f");
                write!(out, "{time} {called} app.handlers {text}")
            }
            Self::Go => write!(
                out,
                "time={} level={called} msg=\"{}\" worker={thread}",
                time.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
                text.replace('"', "\\\"")
            ),
            Self::Agent => {
                let time = time.format("%m%d %H:%M:%S%.6f");
                write!(out, "{called}{time}       1 agent.go:142] {text}")
            }
        };
    }
}

/// A line of an access log.
fn access(voice: Voice, random: &mut Random, at: Nanos, level: Level, out: &mut String) {
    let time = moment(at).format("%d/%b/%Y:%H:%M:%S +0000");
    let (status, path) = match level {
        Level::Warn => (pick(random, &[404, 429, 499]), "/api/v1/nothing-here"),
        _ => (
            pick(random, &[200, 200, 200, 200, 201, 204, 304]),
            pick(random, &["/api/v1/list", "/api/v1/detail", "/healthz", "/api/v2/batch"]),
        ),
    };
    let method = pick(random, &["GET", "GET", "GET", "POST"]);
    let (a, b, bytes) = (random.below(250), random.below(250), random.below(40_000));
    let _ = write!(
        out,
        "10.{a}.{b}.7 - - [{time}] \"{method} {path} HTTP/1.1\" {status} {bytes}"
    );
    if voice == Voice::Nginx {
        let _ = write!(out, " \"-\" \"okhttp/4.12.0\" 0.{:03}", random.below(1000));
    }
}
