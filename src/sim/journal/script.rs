//! What the containers of a build print, and init containers: few lines, always the same, at an even pace.

use serde_json::Value;

use crate::domain::build::{BUILD_OF, COMMIT, IMAGE, REPO};
use crate::sim::controllers::object::{annotation, text};

/// The lines of a run; the last is only printed by one that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) lines: Vec<String>,
    pub(crate) failure: String,
}

impl Script {
    /// Of a container that is a build's, or an init container.
    pub(crate) fn of(pod: &Value, container: &str) -> Self {
        let label = |key: &str| text(pod, &["metadata", "labels", key]);
        let said = |key: &str| annotation(pod, key).unwrap_or_default();
        let (commit, repo, image) = (label(COMMIT), said(REPO), said(IMAGE));
        if label(BUILD_OF).is_empty() {
            return Self::new(&["done".to_owned()], "cannot go on");
        }
        let app = label(BUILD_OF);
        match container {
            "clone" => Self::new(
                &[
                    format!("cloning {repo}"),
                    "From the repository: branch main".into(),
                    format!("HEAD is now at {commit}"),
                ],
                &format!("fatal: Authentication failed for '{repo}/'"),
            ),
            "compile" => Self::new(
                &[
                    "+ ./build.sh".into(),
                    format!("[INFO] Building {app}"),
                    "[INFO] Compiling 214 source files".into(),
                    "[INFO] Tests run: 1182, Failures: 0, Errors: 0, Skipped: 3".into(),
                    "[INFO] BUILD SUCCESS".into(),
                ],
                "[ERROR] src/main/java/Gift.java:[41,17] cannot find symbol: method drawOf(User)",
            ),
            _ => Self::new(
                &[
                    "#1 load build definition from Dockerfile".into(),
                    "#5 importing cache manifest".into(),
                    "#7 [2/3] COPY app /app".into(),
                    "#7 CACHED".into(),
                    "#9 exporting to image".into(),
                    format!("#9 pushing manifest for {image}"),
                ],
                &format!("error: failed to push {image}: unexpected status: 401 Unauthorized"),
            ),
        }
    }

    fn new(lines: &[String], failure: &str) -> Self {
        Self {
            lines: lines.to_vec(),
            failure: failure.to_owned(),
        }
    }
}
