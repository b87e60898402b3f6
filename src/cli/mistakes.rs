//! Mistakes in the arguments, in words that lead on: what was meant, not what happens to be spelled alike.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::domain::near::closest;

/// The error with our own hints in it.
pub(super) fn mended(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    match error.kind() {
        ErrorKind::InvalidValue => suggest_values(&mut error),
        ErrorKind::UnknownArgument => hint_at_selection(&mut error, arguments),
        _ => {}
    }
    error
}

/// Only what is near is meant.
fn suggest_values(error: &mut clap::Error) {
    error.remove(ContextKind::SuggestedValue);
    let (Some(ContextValue::String(wrong)), Some(ContextValue::Strings(values))) =
        (error.get(ContextKind::InvalidValue), error.get(ContextKind::ValidValue))
    else {
        return;
    };
    let near = closest(wrong, values.iter().map(String::as_str)).map(str::to_owned);
    if let Some(near) = near {
        error.insert(ContextKind::SuggestedValue, ContextValue::String(near));
    }
}

/// Who writes a name after `top apps` wants to see that one.
fn hint_at_selection(error: &mut clap::Error, arguments: &[OsString]) {
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidArg).cloned() else {
        return;
    };
    let is_top = arguments.iter().any(|argument| argument == "top");
    if !is_top || wrong.starts_with('-') {
        return;
    }
    error.remove(ContextKind::SuggestedArg);
    error.remove(ContextKind::Suggested);
    let hints = [
        format!("top takes no name: `-l app={wrong}` selects by labels, `-n {wrong}` by namespace"),
        format!("one line of all: `pilothouse top apps -o json | jq '.items[] | select(.name == \"{wrong}\")'`"),
    ];
    let hints = hints.map(Into::into).to_vec();
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(hints));
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::Args;
    use super::*;

    fn said(arguments: &[&str]) -> String {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let error = Args::try_parse_from(&arguments).unwrap_err();
        mended(error, &arguments).render().to_string()
    }

    #[test]
    fn what_is_near_is_suggested_and_nothing_else() {
        let far = said(&["pilothouse", "get", "secrets"]);
        assert!(
            far.contains("invalid value 'secrets'") && !far.contains("similar"),
            "{far}"
        );
        let near = said(&["pilothouse", "get", "instnaces"]);
        assert!(near.contains("instances'"), "{near}");
    }

    #[test]
    fn a_name_after_top_leads_to_labels() {
        let told = said(&["pilothouse", "top", "apps", "live-gift"]);
        assert!(told.contains("-l app=live-gift"), "{told}");
        let option = said(&["pilothouse", "top", "apps", "--sortby"]);
        assert!(!option.contains("takes no name"), "{option}");
    }
}
