//! The words of ordinary lines, and the stacks of exceptions.

use std::fmt::Write;

use super::{Level, Voice};
use crate::sim::controllers::random::Random;

/// One of some.
pub(super) fn pick<T: Copy + Default>(random: &mut Random, some: &[T]) -> T {
    some.get(random.below(some.len() as u64) as usize)
        .copied()
        .unwrap_or_default()
}

/// What a line says.
pub(super) fn line(level: Level, random: &mut Random) -> String {
    let (id, millis) = (100_000 + random.below(900_000), 1 + random.below(240));
    let trace = random.hex(16);
    match level {
        Level::Debug => format!("cache lookup key=room:{id} hit={} trace={trace}", random.below(5) > 0),
        Level::Info => match random.below(5) {
            0 => format!("handled GET /api/v1/items/{id} status=200 in {millis} ms trace={trace}"),
            1 => format!("handled POST /api/v1/orders status=201 in {millis} ms trace={trace}"),
            2 => format!(
                "consumed message offset={id} partition={} lag={}",
                random.below(32),
                random.below(90)
            ),
            3 => format!("refreshed configuration version={id}"),
            _ => format!(
                "session opened user={id} region=cn-{} trace={trace}",
                pick(random, &["north", "east", "south"])
            ),
        },
        Level::Warn => match random.below(3) {
            0 => format!("slow call to redis://cache took {} ms trace={trace}", 200 + millis * 4),
            1 => format!("retry 1 of 3 for upstream profile: 503 Service Unavailable trace={trace}"),
            _ => format!("queue is {} % full", 70 + random.below(25)),
        },
        Level::Error => match random.below(3) {
            0 => format!("request failed user={id} trace={trace}: upstream timed out after 3000 ms"),
            1 => format!("cannot write order {id}: connection reset by peer trace={trace}"),
            _ => format!("unhandled error while handling message offset={id} trace={trace}"),
        },
    }
}

const CLASSES: [&str; 6] = [
    "com.corp.web.RequestHandler.handle(RequestHandler.java",
    "com.corp.order.OrderService.create(OrderService.java",
    "com.corp.store.Repository.save(Repository.java",
    "com.corp.client.HttpCaller.call(HttpCaller.java",
    "org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java",
    "java.base/java.lang.Thread.run(Thread.java",
];

/// Writes the stack of an exception below (or, for JSON, into) the line that was just written.
pub(super) fn exception(voice: Voice, random: &mut Random, out: &mut String) {
    let depth = 4 + random.below(9);
    match voice {
        Voice::Java | Voice::Tomcat => of_java(random, depth, out),
        Voice::Python => of_python(random, out),
        Voice::Go => of_go(random, out),
        Voice::Node => of_node(random, depth, out),
        Voice::PhpFpm => {
            // Writing to a String cannot fail, here and below.
            let _ = write!(
                out,
                "\nPHP message: PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2006] MySQL server has gone away in \
                 /app/src/Order.php:{0}\nStack trace:\n#0 /app/src/Order.php({0}): PDO->query()\n#1 {{main}}\n  thrown in \
                 /app/src/Order.php on line {0}",
                20 + random.below(200)
            );
        }
        Voice::Nginx | Voice::Agent => {}
    }
}

fn of_java(random: &mut Random, depth: u64, out: &mut String) {
    let causes = [
        "java.net.SocketTimeoutException: Read timed out",
        "java.lang.NullPointerException: order",
    ];
    let _ = write!(out, "\n{}", pick(random, &causes));
    frames(random, depth, out);
    out.push_str("\nCaused by: java.io.IOException: connection reset by peer");
    frames(random, 3, out);
    let _ = write!(out, "\n\t... {} common frames omitted", 20 + random.below(30));
}

fn of_python(random: &mut Random, out: &mut String) {
    out.push_str("\nTraceback (most recent call last):");
    for function in ["dispatch", "handle", "save"] {
        let _ = write!(
            out,
            "\n  File \"/app/{function}.py\", line {}, in {function}\n    return self.{function}(request)",
            10 + random.below(300)
        );
    }
    out.push_str("\nConnectionResetError: [Errno 104] Connection reset by peer");
}

fn of_go(random: &mut Random, out: &mut String) {
    for function in [
        "main.(*Server).handle",
        "main.(*Server).serve",
        "net/http.(*conn).serve",
    ] {
        let line = 20 + random.below(400);
        let argument = random.below(1 << 24);
        let _ = write!(
            out,
            "\n{function}(0xc000{argument:06x})\n\t/src/server.go:{line} +0x1f4"
        );
    }
}

fn of_node(random: &mut Random, depth: u64, out: &mut String) {
    let mut stack = String::from("Error: socket hang up");
    for number in 0..depth {
        let line = 10 + random.below(900);
        let _ = write!(stack, "\\n    at handler{number} (/app/dist/server.js:{line}:17)");
    }
    if out.ends_with('"') {
        let _ = write!(
            out,
            ",\"err\":{{\"type\":\"Error\",\"message\":\"socket hang up\",\"stack\":\"{stack}\"}}}}"
        );
    } else {
        out.push_str(&stack.replace("\\n", "\n"));
    }
}

fn frames(random: &mut Random, depth: u64, out: &mut String) {
    for _ in 0..depth {
        let _ = write!(out, "\n\tat {}:{})", pick(random, &CLASSES), 20 + random.below(400));
    }
}
