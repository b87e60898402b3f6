//! Options that count for every command may stand before or after it, and mean the same in both places.

use std::ffi::OsString;

use clap::{Arg, Command};

/// The arguments with every global option in front of the command: clap alone would let those behind the command
/// replace those before it, and would not notice that two of them contradict each other.
pub(super) fn globals_first(command: &Command, arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.into_iter();
    let mut front: Vec<OsString> = arguments.next().into_iter().collect();
    let mut rest = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            rest.push(argument);
            break;
        }
        match argument.to_str().and_then(|text| global(command, text)) {
            None => rest.push(argument),
            Some(Found::Whole) => front.push(argument),
            Some(Found::ValueFollows) => {
                front.push(argument);
                front.extend(arguments.next());
            }
        }
    }
    front.extend(rest);
    front.extend(arguments);
    front
}

/// A global option, as far as one argument holds it.
enum Found {
    Whole,
    ValueFollows,
}

fn global(command: &Command, argument: &str) -> Option<Found> {
    let globals = || command.get_arguments().filter(|arg| arg.is_global_set());
    let takes_value = |arg: &Arg| arg.get_action().takes_values();
    if let Some(long) = argument.strip_prefix("--") {
        let (name, value) = long
            .split_once('=')
            .map_or((long, None), |(name, value)| (name, Some(value)));
        let arg = globals().find(|arg| arg.get_long() == Some(name))?;
        return Some(if takes_value(arg) && value.is_none() {
            Found::ValueFollows
        } else {
            Found::Whole
        });
    }
    let mut letters = argument.strip_prefix('-')?.chars();
    let letter = letters.next()?;
    let arg = globals().find(|arg| arg.get_short() == Some(letter))?;
    match (takes_value(arg), letters.as_str().is_empty()) {
        (true, true) => Some(Found::ValueFollows),
        (true, false) | (false, true) => Some(Found::Whole),
        // Flags written together may be of the command's own.
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::Args;
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn what_counts_everywhere_comes_first_and_in_order() {
        for (given, expected) in [
            ("p get apps -n x --context=b", "p -n x --context=b get apps"),
            (
                "p --context a get apps --context b -o json",
                "p --context a --context b get apps -o json",
            ),
            ("p get -nx -A --demo -l a=b nodes", "p -nx -A --demo get -l a=b nodes"),
            ("p get -Ao json apps", "p get -Ao json apps"),
            ("p get apps -- --demo", "p get apps -- --demo"),
            ("p get apps --context", "p --context get apps"),
            ("p", "p"),
        ] {
            let words = given.split(' ').map(OsString::from);
            let ordered = globals_first(&Args::command(), words);
            assert_eq!(ordered.join(" ".as_ref()), expected, "{given}");
        }
    }
}
