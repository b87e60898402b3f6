//! Why a build failed, in one line: from its states, and from the last lines of the stage's log.

use std::fmt;

use crate::domain::Clean;

/// What went wrong between a stage and another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It wants a login, or refuses the one it got.
    Login,
    Unreachable,
    /// There is no such repository or commit.
    Missing,
    /// There is no room, or no more is taken.
    Full,
}

/// Why a build failed, or does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The repository could not be had; the line that says so.
    Clone(Fault, Clean),
    /// The image could not be pushed; the line that says so.
    Push(Fault, Clean),
    /// A stage ended with this exit code; the first line of its end that tells of an error.
    Stage {
        stage: Clean,
        code: i32,
        line: Option<Clean>,
    },
    /// A stage was killed for the memory it took.
    OutOfMemory(Clean),
    /// It took longer than it may.
    Deadline,
    /// No node takes it; the scheduler's own sentence.
    Unschedulable(Clean),
    /// The namespace's Pod Security level refuses its pod; Kubernetes' own sentence.
    PodSecurity(Clean),
    /// Its pod is refused by a quota or an admission policy; Kubernetes' own sentence.
    Refused(Clean),
    /// A stage's image is not to be had.
    Image { image: Clean, reason: Clean },
    /// A stage's container cannot be made: a missing Secret or volume.
    Start { stage: Clean, message: Clean },
    /// Its pod is gone, evicted or lost with its node.
    Lost(Clean),
    /// Words of a controller or of the ledger.
    Said(Clean),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clone(fault, line) => {
                let what = match fault {
                    Fault::Login => "the repository refuses the login",
                    Fault::Unreachable => "the repository cannot be reached",
                    Fault::Missing => "the repository has no such commit",
                    Fault::Full => "there is no room for the sources",
                };
                write!(f, "clone: {what}: {line}")
            }
            Self::Push(fault, line) => {
                let what = match fault {
                    Fault::Login => "the registry refuses the login",
                    Fault::Unreachable => "the registry cannot be reached",
                    Fault::Missing => "the registry has no such place",
                    Fault::Full => "the registry takes no more",
                };
                write!(f, "push: {what}: {line}")
            }
            Self::Stage {
                stage,
                code,
                line: Some(line),
            } => write!(f, "{stage}: exit {code}: {line}"),
            Self::Stage {
                stage,
                code,
                line: None,
            } => write!(f, "{stage}: exit {code}"),
            Self::OutOfMemory(stage) => write!(f, "{stage}: killed, it took more memory than its limit"),
            Self::Deadline => f.write_str("it took longer than it may"),
            Self::Unschedulable(why) => write!(f, "no node takes it: {why}"),
            Self::PodSecurity(why) => write!(f, "Pod Security refuses it: {why}"),
            Self::Refused(why) => write!(f, "its pod is refused: {why}"),
            Self::Image { image, reason } => write!(f, "{reason}: {image}"),
            Self::Start { stage, message } => write!(f, "{stage} cannot start: {message}"),
            Self::Lost(why) => write!(f, "its pod is gone: {why}"),
            Self::Said(words) => f.write_str(words),
        }
    }
}

/// What lines of git say (`git help` has no list; these are its words and those of libcurl and ssh).
const OF_GIT: &[(&str, Fault)] = &[
    ("authentication failed", Fault::Login),
    ("could not read username", Fault::Login),
    ("could not read password", Fault::Login),
    ("permission denied", Fault::Login),
    ("access denied", Fault::Login),
    ("invalid username or", Fault::Login),
    ("host key verification failed", Fault::Login),
    ("error: 403", Fault::Login),
    ("error: 401", Fault::Login),
    ("could not resolve host", Fault::Unreachable),
    ("failed to connect", Fault::Unreachable),
    ("connection refused", Fault::Unreachable),
    ("connection timed out", Fault::Unreachable),
    ("operation timed out", Fault::Unreachable),
    ("network is unreachable", Fault::Unreachable),
    ("no route to host", Fault::Unreachable),
    ("ssl certificate problem", Fault::Unreachable),
    ("not our ref", Fault::Missing),
    ("couldn't find remote ref", Fault::Missing),
    ("not found", Fault::Missing),
    ("does not appear to be a git repository", Fault::Missing),
    ("pathspec", Fault::Missing),
    ("unable to read tree", Fault::Missing),
    ("no space left", Fault::Full),
];

/// What lines of image builders say of the registry they push to (the codes of the OCI distribution spec, and the
/// words of `BuildKit` and buildah beside them).
const OF_PUSH: &[(&str, Fault)] = &[
    ("unauthorized", Fault::Login),
    ("authentication required", Fault::Login),
    ("authorization failed", Fault::Login),
    ("insufficient_scope", Fault::Login),
    ("denied:", Fault::Login),
    ("401", Fault::Login),
    ("403", Fault::Login),
    ("quota", Fault::Full),
    ("toomanyrequests", Fault::Full),
    ("too many requests", Fault::Full),
    ("no space left", Fault::Full),
    ("507", Fault::Full),
    ("name_unknown", Fault::Missing),
    ("name unknown", Fault::Missing),
    ("no such host", Fault::Unreachable),
    ("connection refused", Fault::Unreachable),
    ("i/o timeout", Fault::Unreachable),
    ("tls:", Fault::Unreachable),
    ("x509:", Fault::Unreachable),
    ("server gave http response", Fault::Unreachable),
    ("network is unreachable", Fault::Unreachable),
    ("no route to host", Fault::Unreachable),
    ("connection reset", Fault::Unreachable),
];

/// From here on the lines of a builder are of the push.
const BEGINS_PUSH: [&str; 5] = [
    "pushing layers",
    "pushing manifest",
    "exporting to image",
    "getting image source signatures",
    "failed to push",
];

/// What lines tell of an error in, lower case; the first in order of the lines counts.
const ERRORS: [&str; 12] = [
    "error:",
    "error[",
    "[error]",
    "fatal:",
    "exception",
    "err!",
    "undefined:",
    "undefined reference",
    "cannot find",
    "not found",
    "failed",
    "panic",
];

/// Why a stage that ended with `code` did, by the last lines of its log, oldest first.
pub fn of_stage(stage: &Clean, code: i32, last: &[Clean]) -> Cause {
    let fault = |known: &[(&str, Fault)], lines: &[Clean]| {
        lines.iter().find_map(|line| {
            let lower = line.to_ascii_lowercase();
            let found = known.iter().find(|(words, _)| lower.contains(words));
            found.map(|(_, fault)| (*fault, line.clone()))
        })
    };
    if stage == "clone"
        && let Some((fault, line)) = fault(OF_GIT, last)
    {
        return Cause::Clone(fault, line);
    }
    let begins = |line: &Clean| {
        let lower = line.to_ascii_lowercase();
        BEGINS_PUSH.iter().any(|words| lower.contains(words))
    };
    let push = if stage == "push" {
        Some(0)
    } else {
        last.iter().position(begins)
    };
    if let Some(lines) = push.filter(|_| stage != "compile").and_then(|from| last.get(from..))
        && let Some((fault, line)) = fault(OF_PUSH, lines)
    {
        return Cause::Push(fault, line);
    }
    Cause::Stage {
        stage: stage.clone(),
        code,
        line: telling(last).cloned(),
    }
}

/// The line that tells most: the first that speaks of an error, else the last that says anything.
pub fn telling(lines: &[Clean]) -> Option<&Clean> {
    let speaks = |line: &&Clean| {
        let lower = line.to_ascii_lowercase();
        ERRORS.iter().any(|words| lower.contains(words))
    };
    let says = |line: &&Clean| !line.trim().is_empty();
    lines.iter().find(speaks).or_else(|| lines.iter().rev().find(says))
}

/// Why no pod could be made, by the sentence of the Job's controller (`FailedCreate`).
pub fn of_refusal(sentence: &Clean) -> Cause {
    if sentence.contains("PodSecurity") {
        Cause::PodSecurity(sentence.clone())
    } else {
        Cause::Refused(sentence.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(stage: &str, code: i32, lines: &[&str]) -> String {
        let lines: Vec<Clean> = lines.iter().map(|line| (*line).into()).collect();
        of_stage(&stage.into(), code, &lines).to_string()
    }

    #[test]
    fn a_clone_that_fails_says_whether_it_is_the_login_the_way_or_the_commit() {
        for (line, cause) in [
            (
                "fatal: Authentication failed for 'https://git/a.git/'",
                "refuses the login",
            ),
            ("git@git: Permission denied (publickey).", "refuses the login"),
            (
                "fatal: unable to access 'https://git/': Could not resolve host: git",
                "cannot be reached",
            ),
            (
                "error: Server does not allow request for unadvertised object\nupload-pack: not our ref c04d",
                "no such commit",
            ),
            ("fatal: couldn't find remote ref refs/heads/nothing", "no such commit"),
        ] {
            let lines: Vec<&str> = line.lines().collect();
            let told = words("clone", 128, &lines);
            assert!(told.contains(cause), "{line}: {told}");
        }
        assert_eq!(words("clone", 1, &["sh: git: odd"]), "clone: exit 1: sh: git: odd");
    }

    #[test]
    fn a_compile_that_fails_says_its_exit_code_and_the_first_line_that_tells_of_an_error() {
        let lines = [
            "[INFO] compiling 214 files",
            "[ERROR] Gift.java:[41,17] cannot find symbol",
            "[ERROR] 2 errors",
            "build.sh: stopped",
        ];
        assert_eq!(
            words("compile", 1, &lines),
            "compile: exit 1: [ERROR] Gift.java:[41,17] cannot find symbol"
        );
        assert_eq!(words("compile", 2, &["make", "stop", " "]), "compile: exit 2: stop");
        assert_eq!(words("compile", 127, &[]), "compile: exit 127");
        let fetched = words("compile", 1, &["exporting to image", "HTTP 401 unauthorized"]);
        assert!(fetched.starts_with("compile:"), "{fetched}");
    }

    #[test]
    fn a_push_is_told_apart_from_what_comes_before_it_in_the_same_container() {
        let push = [
            "#9 exporting to image",
            "error: failed to solve: unexpected status: 401 Unauthorized",
        ];
        assert!(words("package", 1, &push).starts_with("push: the registry refuses the login"));
        let quota = [
            "Getting image source signatures",
            "Error: quota exceeded for this project",
        ];
        assert!(words("package", 125, &quota).starts_with("push: the registry takes no more"));
        let down = ["pushing layers", "dial tcp 10.0.0.9:443: connect: connection refused"];
        assert!(words("package", 1, &down).starts_with("push: the registry cannot be reached"));
        let before = ["RUN apk add: 401 unauthorized", "error: exit code 1"];
        assert!(words("package", 1, &before).starts_with("package: exit 1"));
    }

    #[test]
    fn pod_security_is_told_from_a_quota() {
        let security = "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": privileged";
        assert!(matches!(of_refusal(&security.into()), Cause::PodSecurity(_)));
        assert!(matches!(
            of_refusal(&"exceeded quota: builds".into()),
            Cause::Refused(_)
        ));
    }
}
