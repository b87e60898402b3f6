//! The options of a deletion that cannot be.

use serde_json::Value;

use super::super::status::{Cause, Status};
use super::request::Request;
use super::wire;

/// Refuses a propagation policy or a kind of dry run that is not known, in the body.
///
/// # Errors
/// 422.
pub(super) fn check(request: &Request) -> Result<(), Status> {
    let Some(body) = wire::delete_options(&request.body) else {
        return Ok(());
    };
    let refuse = |cause: &Cause| Err(Status::invalid_options("DeleteOptions", cause));
    if let Some(policy) = body.get("propagationPolicy").and_then(Value::as_str)
        && !matches!(policy, "Foreground" | "Background" | "Orphan")
    {
        let allowed = ["Foreground", "Background", "Orphan", "nil"];
        return refuse(&Cause::unsupported("propagationPolicy", policy, &allowed));
    }
    let dry = body.get("dryRun").and_then(Value::as_array).into_iter().flatten();
    match dry.filter_map(Value::as_str).find(|one| *one != "All") {
        Some(other) => refuse(&Cause::unsupported("dryRun", other, &["All"])),
        None => Ok(()),
    }
}
