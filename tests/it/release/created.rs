//! A new app's objects are created once, whatever becomes of the answers; what is there is never changed.

use pilothouse::cluster::{ActError, Trial};
use pilothouse::create::{App, Asked, Field, Ground, Template, objects};
use serde_json::{Value, json};

use super::Flow;

fn made(min: &str) -> Vec<Value> {
    let template = Template::shipped("plain").unwrap();
    let mut asked = Asked::proposed(&template);
    for (field, text) in [
        (Field::Name, "thanks"),
        (Field::Namespace, "gift"),
        (Field::Repository, "https://git.local/gift/thanks.git"),
        (Field::Image, "registry.local/gift/thanks"),
        (Field::Min, min),
        (Field::Max, "9"),
    ] {
        asked.set(field, text);
    }
    objects(&App::of(&asked).unwrap(), &Ground::default(), &template)
}

const THANKS: &str = "/apis/apps/v1/namespaces/gift/deployments/thanks";

#[tokio::test(start_paused = true)]
async fn objects_are_tried_then_created_once_and_a_repeat_finds_them_there() {
    let flow = Flow::new().await;
    let objects = made("2");
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
    for object in &made("2") {
        flow.cluster.create(object, "ann").await.unwrap();
    }
    let (_, before) = flow.send("GET", THANKS, "application/json", &Value::Null).await;
    let other = made("3").remove(0);
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
    let object = made("2").remove(0);
    assert!(flow.cluster.try_create(&object).await.is_err());
    assert!(flow.cluster.create(&object, "ann").await.is_err());
    assert_eq!(flow.wire.lock().unwrap().sent, Vec::new());
}
