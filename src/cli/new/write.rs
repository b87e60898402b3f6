//! The objects of a new app, tried by the servers and created: in order, each once, with a line of the activity log.

use std::io::Write;
use std::time::Instant;

use chrono::Utc;
use serde_json::Value;

use super::super::Failure;
use super::super::watch::Known;
use super::Place;
use crate::cluster::{self, ActError, Trial};
use crate::create::App;
use crate::domain::ulid::ulid;
use crate::runtime::Exit;
use crate::runtime::activity::{ActivityLog, Attempt};

/// Lets the servers try all of them; says whether each takes them.
pub(super) async fn try_all(places: &mut [Place], err: &mut dyn Write) -> Result<bool, Failure> {
    let mut all = true;
    for place in places {
        for object in &place.objects {
            let answer = place.cluster.try_create(object).await;
            let told = match &answer {
                Ok(Trial::Created) => "would be created".to_owned(),
                Ok(Trial::There) => "is there already, and equal".to_owned(),
                Err(error) => told(error),
            };
            all &= answer.is_ok();
            say(place, object, answer.is_ok(), &told, err)?;
            place.answers.push(told);
        }
    }
    Ok(all)
}

/// Creates all of them; the first that fails ends it, and what is left is told: the same command goes on from there.
pub(super) async fn create_all(
    places: &mut [Place],
    (app, known, activity): (&App, &Known, &ActivityLog),
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let operation = ulid(Utc::now(), Utc::now().timestamp_subsec_nanos().into());
    let all: usize = places.iter().map(|place| place.objects.len()).sum();
    let mut done = 0;
    for place in places {
        place.answers.clear();
        let view = known.world.cluster(place.cluster.id());
        let user = view.and_then(|view| view.identity.user.clone());
        let user = user.unwrap_or_else(|| "somebody".into());
        for object in &place.objects {
            let begun = Instant::now();
            let made = place.cluster.create(object, &user).await;
            let told = match &made {
                Ok(made) if made.is_new => "created".to_owned(),
                Ok(_) => "is there already, and equal".to_owned(),
                Err(error) => told(error),
            };
            let attempt = Attempt {
                answer: if made.is_ok() { "done".into() } else { told.clone() },
                milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                uid: made
                    .as_ref()
                    .map_or_else(|_| String::new(), |made| made.uid.to_string()),
                ..attempt(place, object, app, (&operation, &user))
            };
            activity.attempted(Utc::now(), "create", &attempt);
            say(place, object, made.is_ok(), &told, err)?;
            place.answers.push(told);
            let Ok(made) = made else {
                writeln!(
                    err,
                    "{done} of {all} are there; the same command goes on with what is left"
                )?;
                return Ok(Exit(Exit::FAILED));
            };
            done += 1;
            if let Some(unnoted) = made.unnoted {
                writeln!(err, "pilothouse: {}: {unnoted}", place.cluster.id())?;
            }
        }
        place.written = true;
    }
    writeln!(
        err,
        "{}/{} is there, without instances: its first release gives it {}",
        app.namespace, app.name, app.min
    )?;
    Ok(Exit(Exit::DONE))
}

/// The line of an object in the activity log, before it is known what came of it.
fn attempt<'a>(place: &'a Place, object: &Value, app: &'a App, (operation, user): (&'a str, &'a str)) -> Attempt<'a> {
    Attempt {
        cluster: place.cluster.id().as_str(),
        object: format!("{} {}/{}", kind(object), app.namespace, app.name),
        app: &app.name,
        uid: String::new(),
        operation,
        user,
        from: None,
        to: Some(app.image.clone()),
        request: cluster::creation(object),
        reason: None,
        overridden: None,
        taken_over: None,
        answer: String::new(),
        milliseconds: 0,
    }
}

fn told(error: &ActError) -> String {
    format!("{error} ({})", error.hint())
}

fn kind(object: &Value) -> &str {
    object.get("kind").and_then(Value::as_str).unwrap_or_default()
}

fn say(place: &Place, object: &Value, is_well: bool, told: &str, err: &mut dyn Write) -> std::io::Result<()> {
    let mark = if is_well { "●" } else { "✖" };
    writeln!(
        err,
        "{mark} {}: {}: {}",
        place.cluster.id(),
        kind(object),
        super::Printable(told)
    )
}
