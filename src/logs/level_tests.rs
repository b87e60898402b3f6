//! Lines of programs as they are, and the level they say.

use super::super::trace::Trace;
use super::*;

fn check(cases: &[(&str, Option<Level>)]) {
    let wrong: Vec<_> = cases
        .iter()
        .filter(|(line, want)| level(line.as_bytes()) != *want)
        .map(|(line, want)| format!("{line}\n  is {:?}, not {want:?}", level(line.as_bytes())))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const TRACE: Option<Level> = Some(Level::Trace);
const DEBUG: Option<Level> = Some(Level::Debug);
const INFO: Option<Level> = Some(Level::Info);
const WARN: Option<Level> = Some(Level::Warn);
const ERROR: Option<Level> = Some(Level::Error);
const FATAL: Option<Level> = Some(Level::Fatal);

#[test]
fn json_says_its_level_at_the_top() {
    check(&[
        (r#"{"level":"info","ts":1.2,"msg":"hi"}"#, INFO),
        (r#"{"level":30,"time":1,"pid":1,"msg":"pino"}"#, INFO),
        (r#"{"name":"bunyan","level":50,"msg":"x"}"#, ERROR),
        (
            r#"{"message":"monolog","context":{"level":"debug"},"level":400,"level_name":"ERROR"}"#,
            ERROR,
        ),
        (r#"{"@timestamp":"x","log.level":"WARN","message":"ecs"}"#, WARN),
        (r#"{"version":"1.1","host":"a","level":4,"short_message":"gelf"}"#, WARN),
        (r#"{"@t":"x","@m":"serilog","@l":"Fatal"}"#, FATAL),
        (r#"{"severity":"CRITICAL","message":"gcp"}"#, FATAL),
        (r#"{"msg":"the \"level\":\"error\" in text","level" : "debug"}"#, DEBUG),
        (r#"{"a":["level","error"],"level":"trace"}"#, TRACE),
        (r#"{"msg":"level","b":{"level":"error"}}"#, None),
        (r#"{"level":null,"severity":"warn"}"#, WARN),
        (r#"{"level":"custom","msg":"x"}"#, None),
        (r#"{"msg":"cut off \"#, None),
        ("{", None),
    ]);
}

#[test]
fn go_programs_say_it_in_klog_and_logfmt() {
    check(&[
        ("I1122 16:13:07.123456       1 server.go:1] Started", INFO),
        ("W1122 16:13:07.123456       1 reflector.go:1] failed", WARN),
        ("E1122 16:13:07.123456       1 leader.go:1] \"error\"", ERROR),
        ("F1122 16:13:07.123456       1 main.go:1] bye", FATAL),
        ("Endpoint 1 is up", None),
        ("time=\"2026-11-22T16:13:07Z\" level=warning msg=\"level=error\"", WARN),
        ("ts=2026 caller=main.go lvl=eror msg=x", ERROR),
        ("msg=hello n=1 severity=\"DEBUG\"", DEBUG),
        ("msg=hello notlevel=error", None),
        ("2026-11-22T16:13:07.123Z\tERROR\tctrl/main.go:7\tfailed", ERROR),
        ("2026/11/22 16:13:07 plain go log", None),
    ]);
}

#[test]
fn java_says_it_in_a_column() {
    check(&[
        (
            "2026-11-22 16:13:07,123 [main] INFO  com.foo.Bar - an ERROR in text",
            INFO,
        ),
        ("16:13:07.123 [http-nio-8080-exec-1] ERROR c.f.Bar - failed", ERROR),
        (
            "2026-11-22T16:13:07.123+08:00  WARN 1 --- [           main] c.f.Bar : slow",
            WARN,
        ),
        (
            "22-Nov-2026 16:13:07.123 SEVERE [main] org.apache.catalina.core.X failed",
            ERROR,
        ),
        (
            "22-Nov-2026 16:13:07.123 INFO [main] org.apache.catalina.startup.Y",
            INFO,
        ),
        ("22-Nov-2026 16:13:07.123 FINE [main] org.apache.Z x", DEBUG),
        ("WARNING: something", WARN),
        ("SEVERE: something", ERROR),
        ("Nov 22, 2026 4:13:07 PM org.foo.Bar main", None),
        ("\u{1b}[32m16:13:07.123\u{1b}[0m \u{1b}[31mERROR\u{1b}[0m x", ERROR),
    ]);
}

#[test]
fn python_says_it_between_dashes_and_colons() {
    check(&[
        ("2026-11-22 16:13:07,123 - app.module - ERROR - failed", ERROR),
        ("WARNING:root:careful", WARN),
        ("[2026-11-22 16:13:07,123] ERROR in app: Exception on / [GET]", ERROR),
        ("[2026-11-22 16:13:07 +0000] [7] [INFO] Booting worker", INFO),
        (
            "INFO:     127.0.0.1:5 - \"GET / HTTP/1.1\" 500 Internal Server Error",
            INFO,
        ),
        ("2026-11-22 16:13:07.123 | DEBUG    | app:f:1 - x", DEBUG),
        ("[2026-11-22 16:13:07,123: CRITICAL/MainProcess] celery", FATAL),
    ]);
}

#[test]
fn servers_say_it_in_brackets_or_by_status() {
    check(&[
        ("2026/11/22 16:13:07 [error] 31#31: *1 open() failed", ERROR),
        ("2026/11/22 16:13:07 [notice] 1#1: start", INFO),
        ("2026/11/22 16:13:07 [emerg] 1#1: bind() failed", FATAL),
        (
            "10.0.0.1 - - [22/Nov/2026:16:13:07 +0000] \"GET /a HTTP/1.1\" 502 157 \"-\" \"curl\"",
            ERROR,
        ),
        (
            "10.0.0.1 - - [22/Nov/2026:16:13:07 +0000] \"GET /ERROR HTTP/2.0\" 404 0",
            WARN,
        ),
        (
            "10.0.0.1 - - [22/Nov/2026:16:13:07 +0000] \"POST / HTTP/1.1\" 200 5",
            INFO,
        ),
        ("[Sun Nov 22 16:13:07.1 2026] [core:error] [pid 1] AH00001: x", ERROR),
        ("2026-11-22 16:13:07.123 UTC [1] FATAL:  password failed", FATAL),
        ("2026-11-22 16:13:07.123 UTC [1] LOG:  ready", INFO),
        ("2026-11-22T16:13:07.123456Z 0 [Warning] [MY-010068] [Server] x", WARN),
    ]);
}

#[test]
fn php_and_node_say_it_before_a_colon() {
    check(&[
        ("[22-Nov-2026 16:13:07] WARNING: [pool www] child 7 said", WARN),
        ("[22-Nov-2026 16:13:07] NOTICE: ready to handle connections", INFO),
        (
            "[22-Nov-2026 16:13:07 UTC] PHP Fatal error:  Uncaught TypeError: x",
            FATAL,
        ),
        ("PHP Warning:  Undefined variable $x in /a.php on line 3", WARN),
        ("PHP Deprecated:  old", WARN),
        ("[2026-11-22 16:13:07] production.ERROR: x {\"a\":1}", ERROR),
        ("error: winston failed", ERROR),
        ("info: winston", INFO),
        ("[16:13:07.123] WARN (7): pino-pretty", WARN),
        (
            "[Nest] 1  - 11/22/2026, 4:13:07 PM     LOG [NestFactory] Starting",
            INFO,
        ),
        ("[Nest] 1  - 11/22/2026, 4:13:07 PM   ERROR [X] failed", ERROR),
        ("[2026-11-22T16:13:07Z INFO  app] env_logger", INFO),
    ]);
}

#[test]
fn prose_has_no_level() {
    check(&[
        ("", None),
        ("an error occurred in the warning system", None),
        ("Handling error for user", None),
        ("GET /info", None),
        ("open HTTP connection", None),
        ("user said \"ERROR\"", None),
        ("java.lang.ERROR thing", None),
        ("xERRORx INFOx", None),
    ]);
}

#[test]
fn no_bytes_upset_it() {
    for length in 0..64_u32 {
        for seed in 0..500_u32 {
            let byte = |i: u32| (seed.wrapping_mul(2_654_435_761).wrapping_add(i * i * 40_503) >> 7) as u8;
            let marks = b"{\"\\:[]level, \n\x1b[m=";
            let line: Vec<u8> = (0..length).map(|i| marks[usize::from(byte(i)) % marks.len()]).collect();
            let _ = level(&line);
            let _ = Trace::default().place(&line);
        }
    }
}

/// A log, a line each with `+` if it belongs to the line before, and its level.
fn places(text: &str) -> Vec<(bool, Option<Level>)> {
    let mut trace = Trace::default();
    text.lines()
        .map(|line| {
            let place = trace.place(line.as_bytes());
            (place.continues, place.level)
        })
        .collect()
}

#[test]
fn a_stack_trace_belongs_to_its_head() {
    let java = "12:00:00.1 [main] ERROR c.f.Bar - failed\njava.lang.IllegalStateException: x\n\tat a.b(C.java:1)\n\
                Caused by: java.io.IOException: y\n\t... 7 more\n12:00:00.2 [main] INFO  c.f.Bar - on";
    let head = (false, ERROR);
    let of = |level| (true, level);
    assert_eq!(
        places(java),
        [head, of(ERROR), of(ERROR), of(ERROR), of(ERROR), (false, INFO)]
    );
    let python = "ERROR:root:failed\nTraceback (most recent call last):\n  File \"a.py\", line 1\n    f()\nValueError: x\n\
                  \nDuring handling of the above exception, another exception occurred:\n\n\
                  Traceback (most recent call last):\n  File \"b.py\"\nKeyError: y\nINFO:root:on";
    let mut want = vec![(true, ERROR); 12];
    (want[0], want[11]) = ((false, ERROR), (false, INFO));
    assert_eq!(places(python), want);
    let go = "panic: runtime error\n\ngoroutine 1 [running]:\nmain.main()\n\t/a/main.go:7 +0x1\nexit status 2";
    let mut want = vec![(true, FATAL); 6];
    want[0] = (false, FATAL);
    assert_eq!(places(go), want);
    let node = "TypeError: x is not a function\n    at f (/a.js:1:2)\n    at g (/b.js:1:2)\nlistening";
    assert_eq!(places(node), [head, of(ERROR), of(ERROR), (false, None)]);
    let php = "PHP Fatal error:  Uncaught X in /a.php:1\nStack trace:\n#0 {main}\n  thrown in /a.php on line 1\nPHP Warning:  y";
    assert_eq!(
        places(php),
        [(false, FATAL), of(FATAL), of(FATAL), of(FATAL), (false, WARN)]
    );
}

#[test]
fn an_indented_line_with_a_level_is_its_own() {
    assert_eq!(
        places("a\n  2026-11-22 INFO  x\n  more"),
        [(false, None), (false, INFO), (true, INFO)]
    );
    assert_eq!(places("  first"), [(false, None)]);
}
