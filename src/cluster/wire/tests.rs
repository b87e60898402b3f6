//! Objects recorded from a real API server in both encodings, and what becomes of broken ones.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::cluster::Rules;
use crate::cluster::project::Projector;
use crate::domain::Kind;
use frame::EventKind;
use meta::MetaOnly;
use splitter::Splitter;

const RECORDED: [Kind; 12] = [
    Kind::Namespace,
    Kind::Node,
    Kind::Pod,
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
    Kind::HorizontalPodAutoscaler,
    Kind::PodDisruptionBudget,
    Kind::ResourceQuota,
    Kind::Event,
];

fn file(kind: Kind, ending: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/wire/{kind}.{ending}"))
}

fn recorded(kind: Kind) -> (Vec<u8>, Vec<u8>) {
    (
        std::fs::read(file(kind, "json")).unwrap(),
        std::fs::read(file(kind, "pb")).unwrap(),
    )
}

fn message(protobuf: &[u8]) -> &[u8] {
    frame::object(protobuf, Encoding::Protobuf).unwrap()
}

#[test]
fn an_object_is_the_same_from_json_and_protobuf() {
    let mut projector = Projector::new(Arc::new(Rules::default()));
    for kind in RECORDED {
        let (json, protobuf) = recorded(kind);
        let from_json = projector.read(kind, &json, Encoding::Json).unwrap();
        let from_protobuf = projector.read(kind, message(&protobuf), Encoding::Protobuf).unwrap();
        assert_eq!(from_json.object, from_protobuf.object, "{kind}");
        assert_eq!(from_json.key, from_protobuf.key, "{kind}");
        assert!(
            from_json.version.parse::<u64>().is_ok() && !from_protobuf.version.is_empty(),
            "{kind}"
        );
    }
}

#[test]
fn what_is_not_used_is_not_held() {
    let (json, protobuf) = recorded(Kind::Pod);
    for pod in [
        pod::Pod::read(&json, Encoding::Json).unwrap(),
        pod::Pod::read(message(&protobuf), Encoding::Protobuf).unwrap(),
    ] {
        let held = format!("{pod:?}");
        for word in [
            "s3cret",
            "NOT_KEPT",
            "last-applied",
            "kubectl-client-side-apply",
            "not kept",
        ] {
            assert!(!held.contains(word), "{word}");
        }
        let kept = pod.metadata.unwrap().annotations;
        assert_eq!(
            meta::annotation(&kept, "pilothouse.dev/commit"),
            Some("c04d21b9f31c2a77ab0e")
        );
    }
}

/// A protobuf field with a length.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![tag << 3 | 2];
    prost::encoding::encode_varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

fn enveloped(raw: &[u8]) -> Vec<u8> {
    [b"k8s\0".to_vec(), field(1, &field(1, b"v1")), field(2, raw)].concat()
}

#[test]
fn a_protobuf_list_and_watch_come_apart() {
    let (_, protobuf) = recorded(Kind::Pod);
    let pod = message(&protobuf);
    let list = [
        field(1, &field(2, b"77")),
        field(2, pod),
        field(2, b"\xff"),
        field(2, pod),
    ]
    .concat();
    let bytes = enveloped(&list);
    let page = frame::page(&bytes, Encoding::Protobuf).unwrap();
    assert_eq!((page.meta.resource_version.as_str(), page.items.len()), ("77", 3));
    let read: Vec<_> = page
        .items
        .iter()
        .map(|item| pod::Pod::read(item, Encoding::Protobuf).is_ok())
        .collect();
    assert_eq!(read, [true, false, true], "one broken object costs only itself");

    let event = [field(1, b"MODIFIED"), field(2, &field(1, &protobuf))].concat();
    let mut splitter = Splitter::new(Encoding::Protobuf);
    splitter.push(&u32::try_from(event.len()).unwrap().to_be_bytes());
    splitter.push(&event);
    let frame = splitter.next().unwrap().unwrap();
    let event = frame::event(&frame, Encoding::Protobuf).unwrap();
    assert_eq!(event.kind, EventKind::Modified);
    let name = MetaOnly::read(event.object, Encoding::Protobuf)
        .unwrap()
        .metadata
        .unwrap()
        .name;
    assert_eq!(name, "everything");
}

proptest! {
    #[test]
    fn broken_bytes_never_panic(
        kind in prop::sample::select(&RECORDED[..]),
        is_json in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let (json, protobuf) = recorded(kind);
        let (mut bytes, encoding) = if is_json { (json, Encoding::Json) } else { (protobuf, Encoding::Protobuf) };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut projector = Projector::new(Arc::new(Rules::default()));
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            if let Ok(object) = frame::object(bytes, encoding) {
                let _ = projector.read(kind, object, encoding);
            }
            let _ = frame::page(bytes, encoding);
            let _ = frame::event(bytes, encoding);
        }
    }
}
