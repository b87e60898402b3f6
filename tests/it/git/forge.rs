//! Commits by REST: a forge behind a real socket, with a token, pages and refusals.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pilothouse::build::commit::{Found, Wanted};
use pilothouse::build::forge::Forge;
use pilothouse::build::source::Address;
use pilothouse::git::{Forges, Git, GitError, Host, Repositories, Token};
use pilothouse::registry::Rules;
use tokio::net::TcpListener;

/// How many commits the branch `main` has.
const COMMITS: usize = 70;

/// What was asked of it: path with query, and the token.
type Asked = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// Serves one repository as GitLab does, to who has the token `t0ken`; gives its host.
async fn serve(asked: Asked) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let asked = Arc::clone(&asked);
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let path = request.uri().path_and_query().unwrap().to_string();
                let token = request
                    .headers()
                    .get("authorization")
                    .map(|value| value.to_str().unwrap().to_owned());
                asked.lock().unwrap().push((path.clone(), token.clone()));
                let (code, body) = answer(&path, token.as_deref());
                let answer = Response::builder()
                    .status(code)
                    .body(Full::new(Bytes::from(body)))
                    .unwrap();
                async move { Ok::<_, Infallible>(answer) }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    host
}

fn answer(path: &str, token: Option<&str>) -> (u16, String) {
    if token != Some("Bearer t0ken") {
        return (401, "{\"message\":\"401 Unauthorized\"}".into());
    }
    let Some(rest) = path.strip_prefix("/api/v4/projects/group%2Fteam%2Fapp") else {
        return (404, "{\"message\":\"404 Project Not Found\"}".into());
    };
    let body = match rest {
        "" => "{\"default_branch\":\"main\"}".to_owned(),
        _ if rest.starts_with("/repository/branches") => {
            format!("[{{\"name\":\"main\",\"commit\":{{\"id\":\"{}\"}}}}]", id(0))
        }
        _ if rest.starts_with("/repository/tags") => "[]".to_owned(),
        _ => {
            let page: usize = rest.rsplit_once("&page=").unwrap().1.parse().unwrap();
            let first = (page - 1) * 50;
            let one = |number: usize| {
                format!(
                    "{{\"id\":\"{}\",\"title\":\"change {number}\",\"author_name\":\"dev1\",\"committed_date\":\"2026-01-02T18:00:00.000+08:00\"}}",
                    id(number)
                )
            };
            let all: Vec<String> = (first..COMMITS.min(first + 50)).map(one).collect();
            format!("[{}]", all.join(","))
        }
    };
    (200, body)
}

fn id(number: usize) -> String {
    format!("{number:040x}")
}

async fn read(host: &str, path: &str, token: &[&str], depth: usize) -> Result<Found, GitError> {
    let own = Host {
        forge: Forge::Gitlab,
        token: Token::Command(token.iter().map(ToString::to_string).collect()),
        rules: Rules {
            plain_http: true,
            ca: None,
        },
    };
    let forges = Forges::new(BTreeMap::from([(host.to_owned(), own)]));
    let git = Git::new("/nowhere".into()).with_program("/nowhere/git");
    let wanted = Wanted {
        address: Address::parse(&format!("http://{host}/{path}")).unwrap(),
        branch: None,
        depth,
    };
    Repositories::Real(git, forges).commits(&wanted).await
}

#[tokio::test]
async fn a_forge_gives_commits_page_by_page_to_who_has_the_token() {
    let asked = Asked::default();
    let host = serve(Arc::clone(&asked)).await;
    let token = ["echo", "t0ken"];
    let found = read(&host, "group/team/app.git", &token, 60).await.unwrap();
    assert_eq!((found.commits.len(), found.has_more), (60, true));
    assert_eq!(found.commits[59].subject, "change 59");
    assert_eq!(found.commits[0].refs.len(), 1, "main names it");
    let all = read(&host, "group/team/app", &token, 200).await.unwrap();
    assert_eq!((all.commits.len(), all.has_more), (COMMITS, false));
    assert!(
        asked
            .lock()
            .unwrap()
            .iter()
            .all(|(_, token)| token.as_deref() == Some("Bearer t0ken"))
    );
}

#[tokio::test]
async fn what_a_forge_refuses_has_its_kind_and_tells_no_token() {
    let host = serve(Asked::default()).await;
    let error = read(&host, "group/team/app", &["echo", "wr0ng"], 5).await.unwrap_err();
    assert!(matches!(error, GitError::Login { .. }), "{error}");
    assert!(!format!("{error}{}", error.hint()).contains("wr0ng"));
    let error = read(&host, "group/other", &["echo", "t0ken"], 5).await.unwrap_err();
    assert!(matches!(error, GitError::NotFound { .. }), "{error}");
    let error = read(&host, "group/team/app", &["false"], 5).await.unwrap_err();
    assert!(
        error.to_string().contains("the command 'false' gives no token"),
        "{error}"
    );
    let gone = read("127.0.0.1:1", "group/team/app", &["echo", "t0ken"], 5)
        .await
        .unwrap_err();
    assert!(matches!(gone, GitError::Unreachable { .. }), "{gone}");
}
