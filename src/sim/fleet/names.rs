//! The names of a company's teams and apps, and what each kind of app is made of.

use crate::sim::load::Language;

/// A team: its namespace, what its apps are called, and the languages they are written in most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Team {
    pub(crate) name: &'static str,
    pub(crate) nouns: &'static [&'static str],
    pub(crate) languages: &'static [Language],
}

/// One container of an app: name, image, and what it asks for in thousandths of a core and MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// Empty: the app's own image.
    pub(crate) image: &'static str,
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
}

const fn part(name: &'static str, image: &'static str, cpu: i64, memory: i64) -> Part {
    Part {
        name,
        image,
        cpu,
        memory,
    }
}

const LOG_AGENT: Part = part("log-agent", "registry.corp/infra/log-agent:2.8.1", 50, 96);

impl Language {
    pub(crate) const fn parts(self) -> &'static [Part] {
        const JAVA: &[Part] = &[part("app", "", 1000, 2048), LOG_AGENT];
        const TOMCAT: &[Part] = &[part("tomcat", "", 1000, 3072), LOG_AGENT];
        const PHP: &[Part] = &[
            part("nginx", "registry.corp/infra/nginx:1.27.3", 200, 128),
            part("php-fpm", "", 800, 768),
        ];
        const NODE: &[Part] = &[part("app", "", 500, 640)];
        const PYTHON: &[Part] = &[part("app", "", 800, 1024), LOG_AGENT];
        const GO: &[Part] = &[part("app", "", 500, 512)];
        match self {
            Self::Java => JAVA,
            Self::Tomcat => TOMCAT,
            Self::Php => PHP,
            Self::Node => NODE,
            Self::Python => PYTHON,
            Self::Go => GO,
        }
    }
}

use Language::{Go, Java, Node, Php, Python, Tomcat};

pub(crate) const TEAMS: [Team; 14] = [
    Team {
        name: "feed",
        nouns: &[
            "timeline", "rank", "recall", "publish", "comment", "like", "hot", "topic", "follow", "counter",
        ],
        languages: &[Java, Php, Java, Go],
    },
    Team {
        name: "gift",
        nouns: &[
            "live-gift",
            "catalog",
            "combo",
            "wallet",
            "rank-list",
            "effect",
            "bag",
            "lottery",
        ],
        languages: &[Java, Java, Node],
    },
    Team {
        name: "im",
        nouns: &[
            "push",
            "session",
            "message",
            "group",
            "presence",
            "gateway",
            "history",
            "sticker",
            "read-mark",
        ],
        languages: &[Go, Java, Go],
    },
    Team {
        name: "user",
        nouns: &[
            "profile", "passport", "relation", "avatar", "level", "badge", "settings", "visitor", "contacts",
        ],
        languages: &[Java, Php],
    },
    Team {
        name: "live",
        nouns: &[
            "danmaku", "room", "stream", "anchor", "schedule", "replay", "link-mic", "cover", "audience",
        ],
        languages: &[Go, Java, Node],
    },
    Team {
        name: "pay",
        nouns: &[
            "checkout",
            "ledger",
            "settle",
            "refund",
            "invoice",
            "channel",
            "coupon",
            "reconcile",
        ],
        languages: &[Java, Tomcat],
    },
    Team {
        name: "search",
        nouns: &[
            "query",
            "suggest",
            "index",
            "spell",
            "intent",
            "related",
            "trending",
            "image-search",
        ],
        languages: &[Java, Python, Go],
    },
    Team {
        name: "infra",
        nouns: &[
            "registry-cache",
            "config",
            "trace",
            "gateway",
            "cron",
            "dns-cache",
            "cert",
            "quota",
            "notify",
            "idgen",
        ],
        languages: &[Go, Go, Java],
    },
    Team {
        name: "ads",
        nouns: &[
            "bid",
            "creative",
            "budget",
            "report",
            "landing",
            "audience",
            "attribution",
            "frequency",
        ],
        languages: &[Java, Go, Python],
    },
    Team {
        name: "video",
        nouns: &[
            "transcode",
            "upload",
            "player",
            "thumbnail",
            "subtitle",
            "drm",
            "quality",
            "shorts",
        ],
        languages: &[Go, Python, Node],
    },
    Team {
        name: "game",
        nouns: &[
            "lobby",
            "match",
            "score",
            "season",
            "props",
            "replay",
            "chat",
            "anti-cheat",
        ],
        languages: &[Go, Node, Java],
    },
    Team {
        name: "data",
        nouns: &[
            "ingest",
            "features",
            "export",
            "dashboard",
            "metrics-api",
            "backfill",
            "catalog",
            "lineage",
        ],
        languages: &[Python, Java, Python],
    },
    Team {
        name: "risk",
        nouns: &["score", "rules", "captcha", "device", "graph", "review", "blocklist"],
        languages: &[Java, Python, Tomcat],
    },
    Team {
        name: "growth",
        nouns: &[
            "invite",
            "checkin",
            "task",
            "landing",
            "red-packet",
            "banner",
            "coupon",
            "survey",
        ],
        languages: &[Php, Node, Php],
    },
];

const SUFFIXES: [&str; 9] = [
    "",
    "-api",
    "-worker",
    "-web",
    "-admin",
    "-sync",
    "-consumer",
    "-stat",
    "-v2",
];

/// The team and name of the app of a number; numbers beyond what the words give carry a number themselves.
pub(crate) fn app(number: usize) -> (&'static Team, String, Language) {
    let team = TEAMS.get(number % TEAMS.len()).unwrap_or(&TEAMS[0]);
    let index = number / TEAMS.len();
    let noun = team.nouns.get(index % team.nouns.len()).copied().unwrap_or("app");
    let round = index / team.nouns.len();
    let language = team
        .languages
        .get(index % team.languages.len())
        .copied()
        .unwrap_or(Java);
    let name = match SUFFIXES.get(round) {
        Some(suffix) => format!("{noun}{suffix}"),
        None => format!("{noun}-{round}"),
    };
    (team, name, language)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_apps_have_the_same_name() {
        let names: HashSet<(&str, String)> = (0..5000).map(|n| (app(n).0.name, app(n).1)).collect();
        assert_eq!(names.len(), 5000);
    }
}
