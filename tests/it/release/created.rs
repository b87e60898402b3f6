//! A new app's objects are created once, whatever becomes of the answers; what is there is never changed.

use pilothouse::cluster::{ActError, Trial};
use pilothouse::create::{App, Asked, Field, Ground, Template, objects};
use pilothouse::domain::{Kind, ObjectKey, ResourceRef};
use pilothouse::release::live::Refusal;
use pilothouse::release::past::Back;
use pilothouse::release::step::{Return, Step};
use serde_json::{Value, json};
use std::time::Duration;

use super::Flow;
use super::writes::start;

fn made((min, max): (&str, &str)) -> Vec<Value> {
    let template = Template::shipped("plain").unwrap();
    let mut asked = Asked::proposed(&template);
    for (field, text) in [
        (Field::Name, "thanks"),
        (Field::Namespace, "gift"),
        (Field::Repository, "https://git.local/gift/thanks.git"),
        (Field::Image, "registry.local/gift/thanks"),
        (Field::Min, min),
        (Field::Max, max),
    ] {
        asked.set(field, text);
    }
    objects(&App::of(&asked).unwrap(), &Ground::default(), &template)
}

const THANKS: &str = "/apis/apps/v1/namespaces/gift/deployments/thanks";

#[tokio::test(start_paused = true)]
async fn objects_are_tried_then_created_once_and_a_repeat_finds_them_there() {
    let flow = Flow::new().await;
    let objects = made(("2", "9"));
    for object in &objects {
        assert_eq!(flow.cluster.try_create(object).await, Ok(Trial::Created));
    }
    assert_eq!(
        flow.send("GET", THANKS, "application/json", &Value::Null).await.0,
        404,
        "nothing was written"
    );
    // The answer to the first one is lost on the way.
    flow.wire.lock().unwrap().lost = 1;
    for object in &objects {
        let made = flow.cluster.create(object, "ann").await.unwrap();
        assert!(made.is_new && made.unnoted.is_none(), "{made:?}");
    }
    for object in &objects {
        assert_eq!(flow.cluster.try_create(object).await, Ok(Trial::There));
        assert!(!flow.cluster.create(object, "ann").await.unwrap().is_new);
    }
    let (_, found) = flow.send("GET", THANKS, "application/json", &Value::Null).await;
    assert_eq!(
        (&found["spec"]["replicas"], &found["metadata"]["generation"]),
        (&json!(0), &json!(1))
    );
    let creations = |name: &str| {
        let wire = flow.wire.lock().unwrap();
        let own = wire
            .sent
            .iter()
            .filter(|sent| sent.path.contains(name) && !sent.path.contains("dryRun"));
        own.count()
    };
    // Once each, and once more of the repeat, which the server refuses.
    assert_eq!((creations("/deployments"), creations("/services")), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_there_and_another_is_refused_with_the_place_and_left_as_it_is() {
    let flow = Flow::new().await;
    for object in &made(("2", "9")) {
        flow.cluster.create(object, "ann").await.unwrap();
    }
    let (_, before) = flow.send("GET", THANKS, "application/json", &Value::Null).await;
    let other = made(("3", "9")).remove(0);
    for answer in [
        flow.cluster.try_create(&other).await.map(drop),
        flow.cluster.create(&other, "ann").await.map(drop),
    ] {
        let Err(ActError::Exists(what)) = answer else {
            panic!("{answer:?}")
        };
        assert!(
            what.contains("Deployment thanks") && what.contains("min-instances"),
            "{what}"
        );
    }
    let (_, after) = flow.send("GET", THANKS, "application/json", &Value::Null).await;
    assert_eq!(before, after);
    let mut elsewhere = other;
    elsewhere["metadata"]["namespace"] = json!("nowhere");
    let refused = flow.cluster.try_create(&elsewhere).await;
    assert_eq!(refused, Err(ActError::NoNamespace("nowhere".into())));
}

#[tokio::test(start_paused = true)]
async fn where_nothing_may_be_written_nothing_is_even_tried() {
    let flow = Flow::with(true).await;
    let object = made(("2", "9")).remove(0);
    assert!(flow.cluster.try_create(&object).await.is_err());
    assert!(flow.cluster.create(&object, "ann").await.is_err());
    assert_eq!(flow.wire.lock().unwrap().sent, Vec::new());
}

/// How many instances the new app and its gray release have; `None` without one.
async fn instances(flow: &mut Flow) -> (Value, Option<Value>) {
    flow.observer.rest(Duration::from_mins(2)).await;
    let (_, own) = flow.send("GET", THANKS, "application/json", &Value::Null).await;
    let (code, gray) = flow
        .send("GET", &format!("{THANKS}-gray"), "application/json", &Value::Null)
        .await;
    let ready = |object: &Value| object["status"]["readyReplicas"].clone();
    (ready(&own), (code == 200).then(|| ready(&gray)))
}

#[tokio::test(start_paused = true)]
async fn the_first_release_is_gray_beside_nothing_and_full_gives_the_app_its_first_instances() {
    let mut flow = Flow::new().await;
    let mut uid = None;
    for object in &made(("3", "3")) {
        let made = flow.cluster.create(object, "ann").await.unwrap();
        uid.get_or_insert(made.uid);
    }
    flow.observer.rest(Duration::from_secs(30)).await;
    let object = ResourceRef {
        cluster: flow.cluster.id().clone(),
        kind: Kind::Deployment,
        key: ObjectKey::new("gift", "thanks"),
        uid: uid.unwrap(),
    };
    let cluster = flow.cluster.clone();
    let step = async |step: &Step| {
        let prepared = cluster.prepare(&object, step, None).await?;
        flow_carry(&cluster, &prepared).await
    };
    let too_many = step(&start("registry.local/gift/thanks:c1", 4)).await;
    let refused = Refusal::OutOfRange {
        asked: 4,
        least: 1,
        most: 3,
    };
    assert_eq!(too_many, Err(ActError::Refused(refused)));
    step(&start("registry.local/gift/thanks:c1", 1)).await.unwrap();
    assert_eq!(
        instances(&mut flow).await,
        (Value::Null, Some(json!(1))),
        "gray: 1 of 3"
    );
    step(&Step::Full).await.unwrap();
    assert_eq!(
        instances(&mut flow).await,
        (json!(3), Some(json!(1))),
        "full, the gray one is kept"
    );
    step(&Step::Offline).await.unwrap();
    assert_eq!(instances(&mut flow).await, (json!(3), None));
    let back = step(&Step::Rollback(Return::to(Back::LastGood))).await;
    assert!(
        matches!(back, Err(ActError::Refused(_))),
        "there is nothing before the first build: {back:?}"
    );
}

async fn flow_carry(
    cluster: &pilothouse::cluster::Cluster,
    prepared: &pilothouse::release::Prepared,
) -> Result<(), ActError> {
    let note = pilothouse::cluster::Note {
        app: "thanks",
        by: "ann",
        why: &pilothouse::release::Why::default(),
    };
    cluster.carry_out(prepared, &note).await.map(drop)
}
