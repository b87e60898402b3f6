//! Picking a commit by key: the repository is asked for once, read, and what has an image goes to a gray release.

use pilothouse::build::commit::{Commit, Found, RefName, Refs, Wanted};
use pilothouse::build::{Begun, PreparedBuild, Stands};
use pilothouse::domain::image::{Tag, Tags};
use pilothouse::domain::{ImageName, ObjectKey, Uid};
use pilothouse::message::{Action, Effect, Message, Trouble};

use crate::support::screen::Bench;

const ONE: &str = "c04d21b9f0a1b2c3d4e5f60718293a4b5c6d7e8f";
const TWO: &str = "0123456789abcdef0123456789abcdef01234567";

/// The picker over `feed/timeline`, whose repository was typed; with what was asked for.
fn picking() -> (Bench, Box<Wanted>, Vec<Effect>) {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter("feed/timeline");
    let first = bench.act(&[Action::Build]);
    assert!(bench.frame(120, 40).contains("where is its source?"));
    bench.text("git.corp/feed/timeline");
    let second = bench.act(&[Action::Accept]);
    let wanted = commits_asked(&second).unwrap();
    (bench, wanted, [first, second].concat())
}

fn commits_asked(effects: &[Effect]) -> Option<Box<Wanted>> {
    effects.iter().find_map(|effect| match effect {
        Effect::LoadCommits(_, wanted) => Some(wanted.clone()),
        _ => None,
    })
}

fn commit(id: &str, author: &str, subject: &str) -> Commit {
    Commit {
        id: id.into(),
        at: crate::support::fleet::ago(3 * 3600),
        author: author.into(),
        subject: subject.into(),
        refs: Vec::new(),
    }
}

fn answer(bench: &mut Bench, wanted: &Wanted, read: Result<Found, Trouble>) {
    let app = pilothouse::domain::AppKey {
        namespace: "feed".into(),
        name: "timeline".into(),
    };
    bench.send(Message::Commits(app, Box::new(wanted.clone()), read.map(Box::new)));
}

fn found() -> Found {
    let main = RefName::Branch("main".into());
    Found {
        of: main.clone(),
        refs: Refs {
            head: Some("main".into()),
            all: vec![(main, ONE.into()), (RefName::Tag("v7".into()), TWO.into())],
        },
        commits: vec![commit(ONE, "dev1", "pay: retry once"), commit(TWO, "dev2", "log less")],
        has_more: true,
        notes: Vec::new(),
    }
}

fn tag(bench: &mut Bench, effects: &[Effect], commit: &str) {
    let image = effects.iter().find_map(|effect| match effect {
        Effect::LoadTags(_, image) => Some(image.clone()),
        _ => None,
    });
    let image: ImageName = image.unwrap();
    let tag = Tag {
        name: commit.get(..12).unwrap().into(),
        ..Tag::default()
    };
    let tags = Tags {
        found: vec![tag],
        has_more: false,
    };
    bench.send(Message::Tags(image, Ok(tags)));
}

#[test]
fn commits_are_shown_as_they_come_and_narrowed_by_typing() {
    let (mut bench, wanted, effects) = picking();
    assert_eq!(wanted.address.to_string(), "git.corp/feed/timeline");
    assert!(bench.frame(120, 40).contains("its repository is being read"));
    answer(&mut bench, &wanted, Ok(found()));
    let frame = bench.frame(120, 40);
    for told in ["c04d21b", "3h", "dev1", "pay: retry once", "0123456", "read older ones"] {
        assert!(frame.contains(told), "{told}: {frame}");
    }
    assert!(!frame.contains("image"), "no registry has answered: {frame}");
    tag(&mut bench, &effects, TWO);
    let frame = bench.frame(120, 40);
    let line = frame.lines().find(|line| line.contains("0123456")).unwrap();
    assert!(line.contains("image"), "{line}");
    bench.text("retry");
    let frame = bench.frame(120, 40);
    assert!(frame.contains("c04d21b") && !frame.contains("0123456"), "{frame}");
}

#[test]
fn a_commit_that_has_an_image_is_offered_for_a_gray_release_and_another_is_built_after_a_yes() {
    let (mut bench, wanted, effects) = picking();
    answer(&mut bench, &wanted, Ok(found()));
    tag(&mut bench, &effects, TWO);
    bench.act(&[Action::CursorDown, Action::Accept]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("instances") && frame.contains("0123456"), "{frame}");

    let (mut bench, wanted, effects) = picking();
    answer(&mut bench, &wanted, Ok(found()));
    tag(&mut bench, &effects, TWO);
    let effects = bench.act(&[Action::Accept]);
    let [Effect::PrepareBuild(ticket, object, asked)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!((asked.commit.as_str(), asked.reference.as_str()), (ONE, "main"));
    assert_eq!(asked.repo, "https://git.corp/feed/timeline");
    let name = "build-timeline-c04d21b9f0a1";
    let prepared = PreparedBuild {
        asked: asked.as_ref().clone(),
        stands: Stands::New,
        name: name.into(),
        job: serde_json::Value::Null,
        notes: vec!["feed has no Secret pilothouse-git: it goes without".into()],
    };
    assert_eq!(bench.act(&[Action::Write]), [], "nothing is shown yet");
    bench.send(Message::BuildPrepared(*ticket, Ok(Box::new(prepared.clone()))));
    assert_eq!(bench.act(&[Action::Write]), [], "it was not on screen");
    let frame = bench.frame(120, 40);
    for told in [
        "pay: retry once",
        name,
        "no Secret pilothouse-git",
        ":c04d21b9f0a1",
        "build it?",
    ] {
        assert!(frame.contains(told), "{told}: {frame}");
    }
    bench.model.seen();
    assert_eq!(bench.act(&[Action::Write]), [], "a key that is held down says no yes");
    let later = crate::support::fleet::now() + chrono::TimeDelta::seconds(2);
    bench.send(Message::Tick(later, crate::support::fleet::moment(2)));
    let effects = bench.act(&[Action::Write]);
    let [Effect::BeginBuild(ticket, cluster, sent)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!((cluster, sent.as_ref()), (&object.cluster, &prepared));
    assert_eq!(bench.act(&[Action::Write]), [], "it is written once");
    let begun = Begun {
        key: ObjectKey::new("feed", name),
        uid: Uid::parse("00000000-0000-0000-0000-000000000001"),
        joined: false,
        unnoted: None,
    };
    bench.send(Message::BuildBegun(*ticket, Ok(Box::new(begun))));
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains(&format!("{name} is begun")) && frame.contains("builds"),
        "{frame}"
    );
}

#[test]
fn another_branch_and_older_commits_are_read_when_they_are_asked_for() {
    let (mut bench, wanted, _) = picking();
    answer(&mut bench, &wanted, Ok(found()));
    bench.act(&[Action::PickBranch]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("v7") && frame.contains("shown now"), "{frame}");
    let effects = bench.act(&[Action::CursorDown, Action::Accept]);
    let tagged = commits_asked(&effects).unwrap();
    assert_eq!(tagged.branch.as_deref(), Some("v7"));
    // What was asked for before comes too late.
    answer(&mut bench, &wanted, Ok(found()));
    assert!(bench.frame(120, 40).contains("is being read"));
    answer(&mut bench, &tagged, Ok(found()));
    let effects = bench.act(&[Action::Bottom, Action::Accept]);
    assert_eq!(commits_asked(&effects).unwrap().depth, wanted.depth * 2);
}

#[test]
fn what_cannot_be_read_is_told_and_the_address_is_asked_for_anew() {
    let (mut bench, wanted, _) = picking();
    answer(
        &mut bench,
        &wanted,
        Err(Trouble::warning("git.corp/feed/timeline refuses the login")),
    );
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("refuses the login") && !frame.contains("which commit?"),
        "{frame}"
    );
    bench.act(&[Action::Build]);
    assert!(bench.frame(120, 40).contains("where is its source?"));
    bench.text("https://me:s3cret@git.corp/x");
    assert!(bench.frame(120, 40).contains("holds a password"));
    assert_eq!(commits_asked(&bench.act(&[Action::Accept])), None);
}

#[test]
fn an_address_is_asked_for_once() {
    let (mut bench, wanted, _) = picking();
    answer(&mut bench, &wanted, Ok(found()));
    bench.act(&[Action::Cancel]);
    let effects = bench.act(&[Action::Build]);
    assert_eq!(commits_asked(&effects).unwrap().address, wanted.address);
}
