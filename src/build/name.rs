//! The name of a commit's build. It is the lock: who asks for the same build again creates an object of the same name,
//! which the server refuses (409), and joins the one that is there.

/// So much of a commit's hash is in names and tags.
const OF_COMMIT: usize = 12;
/// Longest name of a Job, so that the names and labels of its pods fit (DNS-1123 label).
const LONGEST: usize = 63;

/// The beginning of a commit's hash that names and tags have.
pub fn short(commit: &str) -> &str {
    commit.get(..OF_COMMIT).unwrap_or(commit)
}

/// A commit as it is built: 40 hexadecimal digits, in lower case. `None` of anything else: a shorter hash may mean
/// another commit tomorrow.
pub fn whole(commit: &str) -> Option<String> {
    let fits = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| commit.to_ascii_lowercase())
}

/// `build-APP-SHA12`, and `-N` from the second try of the same commit on.
pub fn name(app: &str, commit: &str, attempt: u32) -> String {
    let suffix = match attempt {
        0 | 1 => format!("-{}", short(commit)),
        again => format!("-{}-{again}", short(commit)),
    };
    let room = LONGEST - "build-".len() - suffix.len();
    let app: String = app
        .to_ascii_lowercase()
        .chars()
        .filter(char::is_ascii)
        .take(room)
        .collect();
    let app = app.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    format!("build-{}{suffix}", app.trim_matches('-'))
}

/// Which try of its commit a build of this name is.
pub fn attempt(name: &str, commit: &str) -> u32 {
    let after = name.rsplit_once(short(commit)).map_or("", |(_, after)| after);
    after
        .strip_prefix('-')
        .and_then(|number| number.parse().ok())
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "c04d21b9f31c2a77ab0e4f5d6a7b8c9d0e1f2a3b";

    #[test]
    fn a_build_is_called_by_its_app_and_commit_and_again_with_a_number() {
        assert_eq!(name("live-gift", COMMIT, 1), "build-live-gift-c04d21b9f31c");
        assert_eq!(name("live-gift", COMMIT, 2), "build-live-gift-c04d21b9f31c-2");
        assert_eq!(attempt("build-live-gift-c04d21b9f31c", COMMIT), 1);
        assert_eq!(attempt("build-live-gift-c04d21b9f31c-7", COMMIT), 7);
    }

    #[test]
    fn a_long_or_odd_name_of_an_app_still_makes_a_name_of_an_object() {
        let long = name(&"very-long-name-of-an-app".repeat(4), COMMIT, 12);
        assert!(long.len() <= 63, "{long}");
        assert!(long.ends_with("-c04d21b9f31c-12"));
        assert_eq!(name("Gift_Live.", COMMIT, 1), "build-gift-live-c04d21b9f31c");
    }

    #[test]
    fn only_a_whole_hash_is_a_commit() {
        assert_eq!(whole(&COMMIT.to_uppercase()).as_deref(), Some(COMMIT));
        assert_eq!(whole("c04d21b"), None);
        assert_eq!(whole(&COMMIT.replace('c', "g")), None);
    }
}
