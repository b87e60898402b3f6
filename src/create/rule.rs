//! What may be typed of a new app: Kubernetes' rules for names, labels, ports and quantities, and git's for branches.
//!
//! Sources: <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/> and `git check-ref-format`.

use crate::build::source::{Address, AddressError};
use crate::domain::{Cpu, ImageName, Memory};

/// Longest name of an app: `build-NAME-COMMIT-NN` and `NAME-gray-HASH-HASH`, which are made of it, have 63 at most.
pub const LONGEST_NAME: usize = 41;
/// Longest DNS label, and longest value of a label.
const LONGEST_LABEL: usize = 63;
/// Longest text that is kept of a person or a place.
const LONGEST_TEXT: usize = 253;
/// Most instances that can be asked for: what a cluster takes.
const MOST_INSTANCES: i32 = 150_000;
/// Less memory than this is a slip: `512m` is half a byte.
const LEAST_MEMORY: Memory = Memory(4 << 20);
/// Longest that an instance may take to end, in seconds.
const LONGEST_GRACE: i64 = 3600;

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_dns_label(text: &str) -> bool {
    let ends = |byte: Option<u8>| byte.is_some_and(is_lower);
    ends(text.bytes().next()) && ends(text.bytes().last()) && text.bytes().all(|b| is_lower(b) || b == b'-')
}

/// The name of an app, which its Service has too (DNS-1035 label).
///
/// # Errors
/// The rule that it breaks.
pub fn name(text: &str) -> Result<(), String> {
    let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !begins_well || !is_dns_label(text) {
        return Err("a to z, 0 to 9 and -, a letter first, no - last (DNS-1035, for its Service)".into());
    }
    if text.len() > LONGEST_NAME {
        return Err(format!(
            "{} characters; {LONGEST_NAME} at most, for names of builds and instances are made of it",
            text.len()
        ));
    }
    if text.ends_with("-gray") {
        return Err("-gray at the end is for gray releases beside".into());
    }
    Ok(())
}

/// The name of a namespace (DNS-1123 label).
///
/// # Errors
/// The rule that it breaks.
pub fn namespace(text: &str) -> Result<(), String> {
    if !is_dns_label(text) {
        return Err("a to z, 0 to 9 and -, no - first or last (DNS-1123)".into());
    }
    at_most(text, LONGEST_LABEL)
}

/// The value of a label, such as a group.
///
/// # Errors
/// The rule that it breaks.
pub fn label_value(text: &str) -> Result<(), String> {
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if !ends(text.bytes().next()) || !ends(text.bytes().last()) || !text.bytes().all(fits) {
        return Err("letters, digits, -, _ and ., a letter or digit first and last (the value of a label)".into());
    }
    at_most(text, LONGEST_LABEL)
}

fn at_most(text: &str, longest: usize) -> Result<(), String> {
    if text.len() > longest {
        return Err(format!("{} characters; {longest} at most", text.len()));
    }
    Ok(())
}

/// Where its source is: an address that builds and commits are read from ([`Address`]).
///
/// # Errors
/// What is wrong with it, and what to write instead.
pub fn repository(text: &str) -> Result<(), String> {
    let in_words = |error: AddressError| format!("{error}: {}", error.hint());
    let address = Address::parse(text).map_err(in_words)?;
    // Who else works on the app has no such folder.
    if address.shared().is_none() {
        return Err(in_words(AddressError::Shape));
    }
    at_most(text, LONGEST_TEXT)
}

/// A branch.
///
/// # Errors
/// The rule that it breaks.
pub fn branch(text: &str) -> Result<(), String> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    let ends_badly = text.ends_with(['/', '.']) || text.strip_suffix(".lock").is_some();
    let is_bad = text.is_empty() || text.starts_with(['-', '/', '.']) || ends_badly;
    if is_bad || text.contains(bad) || ["..", "//", "@{"].iter().any(|bad| text.contains(bad)) {
        return Err("a branch as git allows it: no blanks, no .. and none of ~^:?*[\\".into());
    }
    at_most(text, LONGEST_TEXT)
}

/// The name of a builder or of a template.
///
/// # Errors
/// The rule that it breaks.
pub fn word(text: &str) -> Result<(), String> {
    if !is_dns_label(text) {
        return Err("a to z, 0 to 9 and -, no - first or last".into());
    }
    at_most(text, LONGEST_LABEL)
}

/// The repository that builds push images to; they say the tag.
///
/// # Errors
/// What is wrong with it.
pub fn image(text: &str) -> Result<(), String> {
    let name = ImageName::parse(text).ok_or("HOST/PATH in lower case, such as registry.local:5000/gift/live")?;
    let last = text.rsplit('/').next().unwrap_or_default();
    if text.contains('@') || last.contains(':') {
        return Err("without a tag or digest: each build has its own".into());
    }
    if name.place() != text {
        return Err(format!("with its registry: as it is this means {}", name.place()));
    }
    Ok(())
}

/// A text for people, such as who owns it.
///
/// # Errors
/// The rule that it breaks.
pub fn text(text: &str) -> Result<(), String> {
    if text.contains(char::is_control) {
        return Err("one line of text".into());
    }
    at_most(text, LONGEST_TEXT)
}

/// A number of instances.
///
/// # Errors
/// What is wrong with it.
pub fn instances(text: &str) -> Result<i32, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST_INSTANCES).contains(number));
    number.ok_or_else(|| format!("a number from 1 to {MOST_INSTANCES}"))
}

/// A port.
///
/// # Errors
/// What is wrong with it.
pub fn port(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "a number from 1 to 65535".into())
}

/// The path of a probe, or `tcp`: the port is opened.
///
/// # Errors
/// What is wrong with it.
pub fn probe(text: &str) -> Result<Option<String>, String> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    match text {
        "tcp" => Ok(None),
        path if path.starts_with('/') && !path.contains(odd) && path.len() <= LONGEST_TEXT => Ok(Some(path.to_owned())),
        _ => Err("a path that begins with /, or tcp: then it is ready once its port is open".into()),
    }
}

/// Cores.
///
/// # Errors
/// What is wrong with it.
pub fn cpu(text: &str) -> Result<Cpu, String> {
    let cpu = is_quantity(text).then(|| Cpu::parse(text)).flatten();
    cpu.filter(|cpu| cpu.0 > 0)
        .ok_or_else(|| "cores, such as 500m or 2 (a Kubernetes quantity above 0)".into())
}

/// Bytes of memory.
///
/// # Errors
/// What is wrong with it.
pub fn memory(text: &str) -> Result<Memory, String> {
    let memory = is_quantity(text).then(|| Memory::parse(text)).flatten();
    let memory = memory.ok_or("memory, such as 512Mi or 2Gi (a Kubernetes quantity)")?;
    if memory < LEAST_MEMORY {
        return Err(format!(
            "{memory} is too little: Mi is 1024², Gi is 1024³, m a thousandth"
        ));
    }
    Ok(memory)
}

/// Whether the API server takes it: no blanks, digits first.
fn is_quantity(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
}

/// Seconds that an instance has to end.
///
/// # Errors
/// What is wrong with it.
pub fn grace(text: &str) -> Result<i64, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (1..=LONGEST_GRACE).contains(seconds));
    seconds.ok_or_else(|| format!("seconds, 1 to {LONGEST_GRACE}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        for (text, is_right) in [
            ("live", true),
            ("live-2", true),
            ("a", true),
            ("", false),
            ("2live", false),
            ("-live", false),
            ("live-", false),
            ("Live", false),
            ("live_gift", false),
            ("live.gift", false),
            ("live gift", false),
            ("liveé", false),
            ("live-gray", false),
            (&"a".repeat(41), true),
            (&"a".repeat(42), false),
        ] {
            assert_eq!(name(text).is_ok(), is_right, "{text}");
        }
        assert!(namespace("2live").is_ok() && namespace(&"a".repeat(63)).is_ok());
        assert!(namespace("").is_err() && namespace(&"a".repeat(64)).is_err() && namespace("a.b").is_err());
        assert!(label_value("Web_1.x").is_ok() && label_value("-web").is_err() && label_value("").is_err());
    }

    #[test]
    fn names_that_are_made_of_the_longest_name_fit() {
        let name = "a".repeat(LONGEST_NAME);
        for made in [
            format!("build-{name}-0123456789ab-99"),
            format!("{name}-gray-0123456789-abcde"),
        ] {
            assert!(made.len() <= LONGEST_LABEL, "{made}");
        }
    }

    #[test]
    fn a_repository_is_what_git_takes_and_holds_no_password() {
        for (text, is_right) in [
            ("https://git.local/gift/live.git", true),
            ("git@git.local:gift/live.git", true),
            ("ssh://git@git.local:2222/gift/live.git", true),
            ("http://127.0.0.1:8080/x", true),
            ("https://me:secret@git.local/x", false),
            ("https://git.local", false),
            ("git://git.local/x.git", true),
            ("git.local/gift/live", true),
            ("file:///etc", false),
            ("/srv/git/x", false),
            ("--upload-pack=x", false),
            ("ext::sh -c x", false),
            ("", false),
        ] {
            assert_eq!(repository(text).is_ok(), is_right, "{text}");
        }
        for (text, is_right) in [
            ("main", true),
            ("feature/x-1", true),
            ("a..b", false),
            ("-x", false),
            ("a b", false),
        ] {
            assert_eq!(branch(text).is_ok(), is_right, "{text}");
        }
    }

    #[test]
    fn amounts_are_told_from_slips() {
        assert_eq!(cpu("500m"), Ok(Cpu(500)));
        assert_eq!(memory("512Mi"), Ok(Memory(512 << 20)));
        for slip in ["512m", "512", "", " 1Gi", "-1Gi", "1 Gi", "1GB"] {
            assert!(memory(slip).is_err(), "{slip}");
        }
        assert!(cpu("0").is_err() && cpu("x").is_err() && cpu("-1").is_err());
        assert!(port("0").is_err() && port("65536").is_err() && port("8080") == Ok(8080));
        assert!(instances("0").is_err() && instances("-1").is_err() && instances("3") == Ok(3));
        assert_eq!(probe("tcp"), Ok(None));
        assert!(probe("healthz").is_err() && probe("/a b").is_err());
        assert!(grace("0").is_err() && grace("60") == Ok(60));
    }

    #[test]
    fn an_image_names_its_registry_and_no_tag() {
        for (text, is_right) in [
            ("registry.local:5000/gift/live", true),
            ("registry.local/live:v1", false),
            ("registry.local/live@sha256:00", false),
            ("gift/live", false),
            ("Registry.local/Live", false),
            ("", false),
        ] {
            assert_eq!(image(text).is_ok(), is_right, "{text}");
        }
    }
}
