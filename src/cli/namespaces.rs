//! Namespaces that were asked for and that no cluster has: mostly a slip of the fingers.

use std::collections::BTreeSet;
use std::io::Write;

use super::watch::Known;
use super::{Failure, Printable};
use crate::domain::Clean;
use crate::domain::near::closest;

/// Names that are listed where none is near.
const LISTED: usize = 8;

/// The namespaces asked for that no cluster has, each with what to do about it; none where that cannot be told.
pub(super) async fn unknown(asked: &[String], known: &Known) -> Vec<(String, String)> {
    let mut names: BTreeSet<Clean> = BTreeSet::new();
    for cluster in known.clusters.iter().filter(|_| !asked.is_empty()) {
        // A cluster that does not tell may have it.
        match cluster.namespaces().await {
            Some(found) => names.extend(found),
            None => return Vec::new(),
        }
    }
    missing(asked, &names)
}

fn missing(asked: &[String], names: &BTreeSet<Clean>) -> Vec<(String, String)> {
    let is_missing = |name: &&String| !names.iter().any(|known| known.as_str() == name.as_str());
    let hint = |name: &str| {
        if let Some(near) = closest(name, names.iter().map(Clean::as_str)) {
            return format!("did you mean '{near}'?");
        }
        let some: Vec<&str> = names.iter().take(LISTED).map(Clean::as_str).collect();
        let more = match names.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("there are {}{more}", some.join(", "))
    };
    let missing = asked.iter().filter(is_missing);
    missing.map(|name| (name.clone(), hint(name))).collect()
}

/// Says which are missing, and whether all are there.
///
/// # Errors
/// None of those asked for exists: there is nothing to print.
pub(super) fn told(asked: &[String], missing: &[(String, String)], err: &mut dyn Write) -> Result<bool, Failure> {
    let words = |name: &str| format!("there is no namespace '{name}'");
    match missing {
        [] => Ok(true),
        [(name, hint), ..] if missing.len() == asked.len() => Err(Failure::failed(words(name), hint.clone())),
        several => {
            for (name, hint) in several {
                writeln!(err, "pilothouse: {}", Printable(&words(name)))?;
                writeln!(err, "  {}", Printable(hint))?;
            }
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        let names: BTreeSet<Clean> = ["gift", "feed", "im"].map(Clean::new).into();
        let asked = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(missing(&asked(&["gift"]), &names), []);
        let slip = missing(&asked(&["gitf", "im"]), &names);
        assert_eq!(slip, [("gitf".to_owned(), "did you mean 'gift'?".to_owned())]);
        let mut err = Vec::new();
        assert_eq!(told(&asked(&["gitf", "im"]), &slip, &mut err), Ok(false));
        assert!(String::from_utf8(err).unwrap().contains("there is no namespace 'gitf'"));
        let none = missing(&asked(&["teleport"]), &names);
        let failure = told(&asked(&["teleport"]), &none, &mut Vec::new()).unwrap_err();
        assert_eq!(
            (failure.what.as_str(), failure.hint.as_str()),
            ("there is no namespace 'teleport'", "there are feed, gift, im")
        );
    }
}
