//! Who says that they release an app now: a Lease beside it (`coordination.k8s.io/v1`), as leader election writes them.
//! It keeps people from getting in each other's way; that a write does no harm never depends on it.
//!
//! Whether a holder is still there is judged by how long the Lease was seen not to change, never by the times in it:
//! these are of another machine's clock (`client-go`, `tools/leaderelection/leaderelection.go`: "The client does not
//! consider timestamps in the leader election record to be accurate").

use std::time::Duration;

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::step::Step;
use crate::domain::ulid::made_at;
use crate::domain::{Clean, Timestamp};

/// How long a claim holds that is not renewed.
pub const HOLDS: Duration = Duration::from_secs(30);
/// After so long it is renewed.
pub const RENEWED_AFTER: Duration = Duration::from_secs(10);

/// The Lease of an app.
pub fn name(app: &str) -> String {
    format!("pilothouse-{app}")
}

impl Step {
    /// Whether it is one of those that one person takes at a time. Who needs more instances waits for nobody.
    pub const fn is_claimed(&self) -> bool {
        !matches!(self, Self::Scale(_) | Self::EndFloor | Self::Delete | Self::Cancel)
    }
}

/// What parts a person from the program that claims in their name.
const OF_PROGRAM: char = '_';

/// Who claims: a person, such as `bob@jump1`, in one of their programs, which are told apart by a ULID. As `client-go`'s
/// users make theirs of the host's name and a UUID.
pub fn identity(person: &str, program: &str) -> String {
    format!("{person}{OF_PROGRAM}{program}")
}

/// The person of an identity.
fn person(identity: &str) -> &str {
    let parts = identity.rsplit_once(OF_PROGRAM);
    let of_program = parts.filter(|(_, program)| made_at(program).is_some());
    of_program.map_or(identity, |(person, _)| person)
}

/// Who releases an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// `bob@jump1`
    pub by: Clean,
    /// The person with the program, as the Lease says.
    pub identity: Clean,
    /// The same person, in another program.
    pub is_oneself: bool,
    pub since: Option<Timestamp>,
    /// What it was renewed with: another one says that they are there.
    pub renewed: Clean,
}

impl Holder {
    /// `bob@jump1 is releasing this app since 2026-11-23T14:32:00Z`; of one's own other program that it is oneself.
    pub fn words(&self) -> String {
        let since = self.since.map_or_else(String::new, |since| {
            format!(" since {}", since.to_rfc3339_opts(SecondsFormat::Secs, true))
        });
        if self.is_oneself {
            format!("you, in another pilothouse, are releasing this app{since}")
        } else {
            format!("{} is releasing this app{since}", self.by)
        }
    }
}

/// What came of claiming an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    Ours,
    /// Ours now; from whom it was taken.
    TakenOver(Clean),
    Theirs(Holder),
    /// Nobody can be told, and of nobody it is known; why.
    Unknown(Clean),
}

impl Claim {
    /// Who else has it.
    pub const fn other(&self) -> Option<&Holder> {
        match self {
            Self::Theirs(holder) => Some(holder),
            Self::Ours | Self::TakenOver(_) | Self::Unknown(_) => None,
        }
    }
}

/// Who holds a Lease that is not `me`, of which it was seen for so long that it did not change; `None` where it is free,
/// or its holder is gone.
pub fn holder(lease: &Value, me: &str, unchanged: Duration) -> Option<Holder> {
    let text = |field: &str| lease.pointer(&format!("/spec/{field}")).and_then(Value::as_str);
    let by = text("holderIdentity").filter(|by| !by.is_empty() && *by != me)?;
    let seconds = lease.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64);
    // Whoever writes a longer one keeps nobody for ever.
    let holds = seconds.map_or(HOLDS, |seconds| Duration::from_secs(seconds).min(HOLDS));
    (unchanged < holds).then(|| Holder {
        by: Clean::new(person(by)),
        identity: Clean::new(by),
        is_oneself: person(by) == person(me),
        since: text("acquireTime").and_then(|since| since.parse().ok()),
        renewed: Clean::new(text("renewTime").unwrap_or_default()),
    })
}

/// The Lease as `me` holds it from now on; `before` is what it was, with its resourceVersion.
pub fn held(app: &str, me: &str, now: Timestamp, before: Option<&Value>) -> Value {
    let time = now.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut lease = before.cloned().unwrap_or_else(|| {
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": name(app), "labels": {"app.kubernetes.io/managed-by": "pilothouse"}},
        })
    });
    let is_new = lease.pointer("/spec/holderIdentity").and_then(Value::as_str) != Some(me);
    let since = lease.pointer("/spec/acquireTime").filter(|_| !is_new).cloned();
    let changes = lease.pointer("/spec/leaseTransitions").and_then(Value::as_i64);
    let spec = json!({
        "holderIdentity": me, "leaseDurationSeconds": HOLDS.as_secs(), "renewTime": time,
        "acquireTime": since.unwrap_or_else(|| time.clone().into()),
        "leaseTransitions": changes.unwrap_or(0) + i64::from(is_new && before.is_some()),
    });
    put_spec(&mut lease, spec);
    lease
}

/// The Lease as `me` leaves it: without a holder, as leader election does; `None` where it is not theirs.
pub fn left(lease: &Value, me: &str, now: Timestamp) -> Option<Value> {
    let is_ours = lease.pointer("/spec/holderIdentity").and_then(Value::as_str) == Some(me);
    is_ours.then(|| {
        let mut lease = lease.clone();
        let changes = lease.pointer("/spec/leaseTransitions").cloned();
        let time = now.to_rfc3339_opts(SecondsFormat::Micros, true);
        let spec = json!({
            "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": time, "acquireTime": time,
            "leaseTransitions": changes.unwrap_or_else(|| 0.into()),
        });
        put_spec(&mut lease, spec);
        lease
    })
}

fn put_spec(lease: &mut Value, spec: Value) {
    if let Some(fields) = lease.as_object_mut() {
        fields.insert("spec".into(), spec);
    } else {
        *lease = Value::Object(Map::from_iter([("spec".to_owned(), spec)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Duration = Duration::ZERO;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_claim_is_seen_by_others_and_since_when_until_it_is_left() {
        let lease = held("live", "bob@jump1", at(0), None);
        assert_eq!(lease["metadata"]["name"], "pilothouse-live");
        assert_eq!(holder(&lease, "bob@jump1", NEW), None, "one's own");
        let seen = holder(&lease, "ann@jump1", NEW).unwrap();
        assert_eq!(
            seen.words(),
            "bob@jump1 is releasing this app since 2027-01-15T08:00:00Z"
        );
        let renewed = held("live", "bob@jump1", at(20), Some(&lease));
        let seen = holder(&renewed, "ann@jump1", NEW).unwrap();
        assert_eq!(seen.since, Some(at(0)), "since it was taken, not since it was renewed");
        let taken = held("live", "ann@jump1", at(25), Some(&renewed));
        assert_eq!(holder(&taken, "bob@jump1", NEW).unwrap().since, Some(at(25)));
        assert_eq!(taken["spec"]["leaseTransitions"], 1);
        assert_eq!(left(&taken, "bob@jump1", at(26)), None, "not theirs any more");
        let free = left(&taken, "ann@jump1", at(26)).unwrap();
        assert_eq!(holder(&free, "bob@jump1", NEW), None);
    }

    #[test]
    fn of_two_programs_of_one_person_the_second_is_told_that_it_is_oneself() {
        let program = |random| identity("bob_b@jump1", &crate::domain::ulid::ulid(at(0), random));
        let (first, second) = (program(1), program(2));
        let lease = held("live", &first, at(0), None);
        assert_eq!(holder(&lease, &first, NEW), None, "one's own");
        let words = |me: &str| holder(&lease, me, NEW).unwrap().words();
        assert_eq!(
            words(&second),
            "you, in another pilothouse, are releasing this app since 2027-01-15T08:00:00Z"
        );
        let ann = identity("ann@jump1", "not a ULID");
        assert!(words(&ann).starts_with("bob_b@jump1 is releasing"), "the person alone");
        assert!(left(&lease, &second, at(1)).is_none(), "it is the other's to leave");
    }

    #[test]
    fn who_does_not_renew_it_is_gone_whatever_the_times_in_it_say() {
        let of = |seconds: Value| json!({"spec": {"holderIdentity": "bob", "leaseDurationSeconds": seconds, "renewTime": "2000-01-01T00:00:00Z"}});
        for (seconds, unchanged, is_there) in [
            (json!(30), 29, true),
            (json!(30), 30, false),
            (json!(5), 6, false),
            (json!(i64::MAX), 29, true),
            (json!(i64::MAX), 31, false),
            (json!(null), 29, true),
            (json!(-1), 31, false),
        ] {
            let holder = holder(&of(seconds.clone()), "ann", Duration::from_secs(unchanged));
            assert_eq!(holder.is_some(), is_there, "{seconds} {unchanged}");
        }
        for spec in [json!({}), json!({"holderIdentity": ""}), json!(null)] {
            assert_eq!(holder(&json!({"spec": spec}), "ann", NEW), None, "{spec}");
        }
    }
}
