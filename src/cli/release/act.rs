//! `pilothouse release start|grow|full|offline|abort|rollback|repair|pause|resume|restart`: what would be written, and
//! with `--yes` the write; with `--wait` until it is there.

use std::io::Write;
use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use super::super::args::Args;
use super::super::setup::Setup;
use super::super::watch::{self, Known};
use super::super::{Environment, Failure, Printable, fleet, ledgers, namespaces, registries, screen};
use super::act_row::{ActRow, with_others};
use super::ask::Ask;
use super::claims::Claims;
use super::course::{Course, is_back};
use super::follow::{CHANGED, PASSED_AFTER, follow};
use super::noting::Noting;
use super::targets::{Target, targets};
use super::what::What;
use crate::cluster::{ActError, Note};
use crate::domain::{Clean, ClusterId, Kind, ResourceRef};
use crate::registry::Registries;
use crate::release::against::words;
use crate::release::live::Refusal;
use crate::release::step::Step;
use crate::release::{Done, Prepared, Why};
use crate::runtime::Exit;
use crate::runtime::activity::{ActivityLog, Answer};
use crate::world::{ClusterView, World};

/// Without `--yes`: it was shown, and nothing was written.
const ONLY_SHOWN: u8 = 3;

/// The configuration as a step is asked to take it; what is wrong with it is told.
fn set_up(args: &Args, ask: &Ask, environment: &Environment, err: &mut dyn Write) -> Result<Setup, Failure> {
    let mut setup = Setup::load(args, environment)?;
    setup.config.gray_deadline = ask.deadline.unwrap_or(setup.config.gray_deadline);
    for problem in &setup.problems {
        writeln!(err, "pilothouse: {}", Printable(&problem.to_string()))?;
    }
    Ok(setup)
}

/// Takes a step on every workload of an app, one after the other; the first that fails ends it.
pub(in crate::cli) fn run(
    args: &Args,
    ask: &Ask,
    what: &What,
    environment: &Environment,
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> Result<Exit, Failure> {
    let setup = set_up(args, ask, environment, err)?;
    let activity = ActivityLog::open(Some(&setup.paths.activity()), screen::person(environment));
    let registries = (!args.demo).then(|| registries::of(&setup, environment));
    let claims = Claims::new(activity.identity().to_owned());
    let noting = Noting::new(&activity, ask);
    fleet::block_on(claims.leave_after(async {
        let members = fleet::ready_members(args, &setup).await?;
        let mut known = watch::until_known(&members, Kind::OF_RELEASES, Duration::from_mins(1)).await;
        let unknown = namespaces::unknown(&args.namespace, &known).await;
        namespaces::told(&args.namespace, &unknown, err)?;
        fleet::tell_missing(&known, err)?;
        let mut course = Course::new(&known, (what.goes_on(), what.repeats()));
        let targets = course.begin(&known, targets(&known, &ask.app)?)?;
        needs_reason(&known, (ask, what), &targets)?;
        let steps = what.steps(&known, targets, registries.as_ref(), err).await?;
        let steps = course.left_to_do(&known, steps, err)?;
        read_versions(&mut known, &steps).await;
        let claimed = claims.take(&steps, ask, err).await;
        claimed.inspect_err(|failure| noting.all_refused(&known.world, &steps, failure))?;
        let beside = (registries.as_ref(), noting);
        let (targets, prepared) = try_out(&known.world, steps, beside, (&mut course, err)).await?;
        let mut rows: Vec<ActRow> = targets.iter().zip(&prepared).map(|(t, p)| ActRow::new(t, p)).collect();
        let is_text = ask.output == super::super::args::Report::Text;
        if is_text {
            for row in &rows {
                row.print(out)?;
            }
        }
        let outcome = if ask.yes {
            let needed = needs_override(ask, &targets, &prepared);
            needed.inspect_err(|_| noting.spoken_against(&known.world, &targets, &prepared))?;
            let of_before = course.see_there(&mut known, ask, err).await?;
            let end = if of_before == Exit(Exit::DONE) {
                let (by, all) = ((ask, noting, &claims), (&targets[..], &prepared[..]));
                let told = (&mut rows[..], what.is_urgent());
                carry_out(&mut known, by, all, told, (&mut course, err)).await
            } else {
                course.leave(&targets);
                Ok(of_before)
            };
            end.map(|end| course.end(end))
        } else if targets.is_empty() {
            Ok(course.end(Exit(Exit::DONE)))
        } else {
            if is_text {
                writeln!(err, "nothing was written; repeat it with --yes to do it")?;
            }
            Ok(Exit(if ask.dry_run { Exit::DONE } else { ONLY_SHOWN }))
        };
        course.tell(err)?;
        if !is_text {
            writeln!(out, "{}", with_others(rows, &course, &known))?;
        }
        known.cancel.cancel();
        outcome
    }))?
}

/// Reads what the ledgers of the app say of its versions, in every cluster that has it: what was rolled back in one is
/// bad in all of them.
async fn read_versions(known: &mut Known, steps: &[(Target, Step)]) {
    let publishes = |step: &Step| matches!(step, Step::Start(_) | Step::Rollback(_) | Step::Retry);
    let Some((target, _)) = steps.iter().find(|(_, step)| publishes(step)) else {
        return;
    };
    let app = target.app_key();
    let views = known.world.clusters().iter();
    let has = views.filter(|view| view.tally.app(&app).is_some());
    let all = has.map(|view| (view.id.clone(), app.clone())).collect();
    ledgers::read(known, all).await;
}

/// Lets the servers try the steps without effect, and asks for the images that they publish.
async fn try_out(
    world: &World,
    steps: Vec<(Target, Step)>,
    (registries, noting): (Option<&Registries>, Noting<'_>),
    (course, err): (&mut Course, &mut dyn Write),
) -> Result<(Vec<Target>, Vec<Prepared>), Failure> {
    let (mut targets, mut all) = (Vec::new(), Vec::new());
    let mut refused = Vec::new();
    for (target, step) in steps {
        let prepared = match registries {
            Some(registries) => {
                let what = (&step, target.driver);
                registries.prepare(&target.cluster, &target.object, what).await
            }
            None => target.cluster.prepare(&target.object, &step, target.driver).await,
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) if course.passes(&target, &error) => continue,
            Err(error) => {
                if let Some(words) = is_back(&step, &error) {
                    course.note_there(target, step, &words, err)?;
                    continue;
                }
                tell_wrote(&target, &error, err)?;
                noting.refused(world, (&target, &step), &error.to_string());
                if !course.goes_on() {
                    return Err(failure(&target, &error));
                }
                refused.push((target, error));
                continue;
            }
        };
        all.push(prepared.with_others(&world.others(&target.object, &target.app_key())));
        targets.push(target);
    }
    if let Some((target, error)) = refused.first().filter(|_| targets.is_empty() && !course.is_there()) {
        // Nothing else is left to go on with.
        return Err(failure(target, error));
    }
    for (target, error) in refused {
        course.leave_out(&target, &error, err)?;
    }
    Ok((targets, all))
}

/// Refuses a write without a reason where one is needed; what is urgent needs none.
fn needs_reason(known: &Known, (ask, what): (&Ask, &What), targets: &[Target]) -> Result<(), Failure> {
    if !ask.yes || ask.reason().is_some() || what.is_urgent() {
        return Ok(());
    }
    let clusters = targets.iter().map(|target| &target.object.cluster);
    let asks = |id: &&ClusterId| known.world.cluster(id).is_some_and(|view| view.asks_reason);
    clusters.into_iter().find(asks).map_or(Ok(()), |id| {
        Err(Failure::usage(
            format!("{id}: a release there needs a reason"),
            "say why with --reason TEXT; `ask_reason` in the configuration says where it is needed",
        ))
    })
}

/// Refuses a write that something speaks against, unless that is overridden.
fn needs_override(ask: &Ask, targets: &[Target], prepared: &[Prepared]) -> Result<(), Failure> {
    let mut all = targets.iter().zip(prepared);
    match all.find(|(_, prepared)| !prepared.against.is_empty()) {
        Some((target, prepared)) if ask.overridden().is_none() => {
            let refusal = Refusal::Against(words(&prepared.against));
            Err(failure(target, &ActError::Refused(refusal)))
        }
        _ => Ok(()),
    }
}

/// Why the new instances of a workload fail, where they do.
fn failing(view: &ClusterView, object: &ResourceRef) -> Option<String> {
    view.failing(view.workload(object.kind, &object.key)?, view.heard(Utc::now()))
}

/// Writes one step, with a line of the activity log.
async fn write(
    known: &Known,
    (ask, noting, claims): (&Ask, Noting<'_>, &Claims),
    (target, prepared): (&Target, &Prepared),
    err: &mut dyn Write,
) -> Result<Result<Done, ActError>, Failure> {
    let view = known.world.cluster(&target.object.cluster);
    let by = noting.who(&known.world, target);
    let object = &target.object;
    let fails = view.and_then(|view| failing(view, object));
    let why = Why {
        reason: ask.reason(),
        overridden: ask.overridden().filter(|_| !prepared.against.is_empty()),
        taken_over: claims.taken_over(&object.cluster),
        fails: fails.map(Clean::from),
    };
    let note = Note {
        app: &target.app,
        by: &by,
        why: &why,
    };
    tell_job(target, prepared, err)?;
    let begun = Instant::now();
    let done = target.cluster.carry_out(prepared, &note).await;
    let answer = (Answer::of(&done), begun.elapsed());
    noting.activity.released(Utc::now(), prepared, &note, answer);
    Ok(done)
}

async fn carry_out(
    known: &mut Known,
    (ask, noting, claims): (&Ask, Noting<'_>, &Claims),
    (targets, prepared): (&[Target], &[Prepared]),
    (rows, is_urgent): (&mut [ActRow], bool),
    (course, err): (&mut Course, &mut dyn Write),
) -> Result<Exit, Failure> {
    let mut written = Vec::new();
    for (number, ((target, prepared), row)) in targets.iter().zip(prepared).zip(rows).enumerate() {
        let ahead = targets.get(number + 1..).unwrap_or_default();
        let done = write(known, (ask, noting, claims), (target, prepared), err).await?;
        let done = match done {
            Ok(done) => done,
            Err(error) if course.passes(target, &error) => continue,
            Err(error) if course.goes_on() && !(ahead.is_empty() && written.is_empty()) => {
                row.fail(&error);
                course.leave_out(target, &error, err)?;
                continue;
            }
            Err(error) => {
                tell_wrote(target, &error, err)?;
                row.fail(&error);
                course.leave(ahead);
                return Err(failure(target, &error));
            }
        };
        row.write();
        tell(target, &done, err)?;
        if ask.wait && !is_urgent {
            let lost = (course.goes_on() && !ahead.is_empty()).then_some(PASSED_AFTER);
            let what = (&prepared.step, &done.written);
            match follow(known, &target.object, what, (ask.timeout, lost), err).await? {
                Some(Exit(Exit::DONE)) => {}
                Some(end) => {
                    course.leave(ahead);
                    return Ok(end);
                }
                None => course.lose(target),
            }
        }
        written.push((target, prepared, done));
    }
    if ask.wait && is_urgent {
        for (target, prepared, done) in written {
            let what = (&prepared.step, &done.written);
            match follow(known, &target.object, what, (ask.timeout, Some(PASSED_AFTER)), err).await? {
                Some(Exit(Exit::DONE)) => {}
                Some(end) => return Ok(end),
                None => course.lose(target),
            }
        }
    }
    Ok(Exit(Exit::DONE))
}

/// Says which job runs before it is written, and where its log is.
fn tell_job(target: &Target, prepared: &Prepared, err: &mut dyn Write) -> std::io::Result<()> {
    let Some(job) = prepared.job() else { return Ok(()) };
    let (cluster, namespace) = (&target.object.cluster, &target.object.key.namespace);
    let log = format!("pilothouse logs job/{job} -n {namespace} --context {cluster}");
    writeln!(err, "{cluster}: the job {job} runs first; its log: {}", Printable(&log))
}

/// Says what came of a write.
fn tell(target: &Target, done: &Done, err: &mut dyn Write) -> std::io::Result<()> {
    let name = target.name();
    for told in &done.told {
        writeln!(err, "{name}: {told}")?;
    }
    writeln!(err, "{name}: written")?;
    for unnoted in &done.unnoted {
        writeln!(err, "pilothouse: {name}: {unnoted}")?;
    }
    Ok(())
}

/// Says what the job wrote last that failed: it is noted nowhere.
fn tell_wrote(target: &Target, error: &ActError, err: &mut dyn Write) -> std::io::Result<()> {
    let name = target.name();
    let mut lines = error.wrote().iter();
    lines.try_for_each(|line| writeln!(err, "{name}: it wrote: {line}"))
}

fn failure(target: &Target, error: &ActError) -> Failure {
    let object = &target.object;
    let what = format!("{}: {} {}: {error}", object.cluster, object.kind, object.key);
    let exit = match error {
        ActError::Changed(_) => CHANGED,
        _ => Exit::FAILED,
    };
    Failure {
        exit: Exit(exit),
        ..Failure::failed(what, error.hint())
    }
}
