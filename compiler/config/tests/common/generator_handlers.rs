//! Made-up sites with every directive that handles requests, its lines in any order and number, and every matcher.

use super::numbers::Numbers;

/// A file. Most are valid.
pub fn caddyfile(seed: u64) -> String {
    let mut writer = Writer {
        numbers: Numbers::new(seed),
        out: String::new(),
        depth: 0,
        matchers: Vec::new(),
        named: 0,
        routes: 0,
    };
    for _ in 0..writer.numbers.below(3) {
        let head = format!("&(r{})", writer.routes);
        writer.block(&head, |writer| writer.contents(2));
        writer.routes += 1;
    }
    for port in 0..1 + writer.numbers.below(2) {
        writer.block(&format!(":{}", 8000 + port), |writer| writer.contents(5));
    }
    writer.out
}

/// What may stand in a block.
enum Item {
    /// A line that may come once; a `%` stands for a matcher.
    Line(&'static str),
    /// A line that may come again.
    Again(&'static str),
    /// A line with a block.
    Block(&'static str, &'static [Item]),
    /// A line with a block of directives.
    Routes(&'static str),
}

impl Item {
    /// The word that the line begins with, if it may come once.
    fn once(&self) -> Option<&'static str> {
        match self {
            Item::Line(text) | Item::Block(text, _) => text.split(' ').next(),
            Item::Again(_) | Item::Routes(_) => None,
        }
    }
}

struct Writer {
    numbers: Numbers,
    out: String,
    depth: usize,
    /// Names that can be used at this place.
    matchers: Vec<String>,
    named: usize,
    routes: usize,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.out.push_str(&"\t".repeat(self.depth));
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn block(&mut self, head: &str, body: impl FnOnce(&mut Self)) {
        self.line(&format!("{} {{", head.trim_end()));
        self.depth += 1;
        let visible = self.matchers.len();
        body(self);
        self.matchers.truncate(visible);
        self.depth -= 1;
        self.line("}");
    }

    fn contents(&mut self, count: usize) {
        if self.numbers.percent(60) {
            let name = format!("@m{}", self.named);
            self.named += 1;
            if self.numbers.percent(40) {
                let line = self.one_line_matcher();
                self.line(&format!("{name} {line}"));
            } else {
                self.lines(&name, MATCHERS, 3);
            }
            self.matchers.push(name);
        }
        for _ in 0..=self.numbers.below(count) {
            let item = self.numbers.pick(DIRECTIVES);
            self.item(item);
        }
        if self.routes > 0 && self.numbers.percent(30) {
            let route = self.numbers.below(self.routes);
            self.line(&format!("invoke r{route}"));
        }
    }

    fn one_line_matcher(&mut self) -> &'static str {
        loop {
            if let Item::Line(line) | Item::Again(line) = self.numbers.pick(MATCHERS) {
                return line;
            }
        }
    }

    fn matcher(&mut self) -> String {
        match self.numbers.below(6) {
            0 if !self.matchers.is_empty() => {
                format!("{} ", self.numbers.pick(&self.matchers.clone()))
            }
            1 => "/a/* ".to_owned(),
            2 => "* ".to_owned(),
            _ => String::new(),
        }
    }

    fn with_matcher(&mut self, text: &str) -> String {
        let matcher = self.matcher();
        // What starts with a slash would itself be read as a matcher.
        let matcher = if text.contains("% /") && matcher.is_empty() {
            "* ".to_owned()
        } else {
            matcher
        };
        text.replacen("% ", &matcher, 1)
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Line(text) | Item::Again(text) => {
                let text = self.with_matcher(text);
                self.line(&text);
            }
            Item::Block(head, items) => {
                let head = self.with_matcher(head);
                self.lines(&head, items, 5);
            }
            Item::Routes(_) if self.depth > 3 => {}
            Item::Routes(head) => {
                let head = self.with_matcher(head);
                self.block(&head, |writer| writer.contents(2));
            }
        }
    }

    /// A block with at least one and at most so many of some lines.
    fn lines(&mut self, head: &str, items: &'static [Item], most: usize) {
        let picked: Vec<&Item> = (0..=self.numbers.below(most))
            .map(|_| self.numbers.pick(items))
            .collect();
        let mut seen = Vec::new();
        self.block(head, |writer| {
            for item in picked {
                let word = item.once();
                if word.is_some_and(|word| seen.contains(&word)) {
                    continue;
                }
                seen.extend(word);
                writer.item(item);
            }
        });
    }
}

const DIRECTIVES: &[Item] = &[
    Item::Line("root % /srv"),
    Item::Line("root /srv/www"),
    Item::Line("root % {env.ROOT}"),
    Item::Line("fs % disk"),
    Item::Line("log_skip % "),
    Item::Line("skip_log % "),
    Item::Line("log_name % a b"),
    Item::Line("log_append % key {host}"),
    Item::Line("log_append % <early value"),
    Item::Line("encode % "),
    Item::Line("encode % gzip"),
    Item::Line("encode % zstd gzip"),
    Item::Block("encode % ", ENCODE),
    Item::Block("encode % gzip", ENCODE),
    Item::Line("file_server % "),
    Item::Line("file_server % browse"),
    Item::Block("file_server % ", FILES),
    Item::Line("try_files {path} /index.html"),
    Item::Line("try_files {path} /a?b={query} /c /d?e"),
    Item::Line("try_files /only?query"),
    Item::Block(
        "try_files {path}.html {path}",
        &[Item::Line("policy smallest_size")],
    ),
    Item::Block(
        "basic_auth % ",
        &[Item::Again("bob $2a$14$hash"), Item::Again("eve x")],
    ),
    Item::Block("basicauth % argon2id realm", &[Item::Again("bob hash")]),
    Item::Line("basic_auth % "),
    Item::Block(
        "request_body % ",
        &[Item::Line("max_size 1.5MB"), Item::Line("set text")],
    ),
    Item::Block("timeouts % ", TIMEOUTS),
    Item::Block("templates % ", TEMPLATES),
    Item::Line("templates % "),
    Item::Line("metrics % "),
    Item::Block("metrics % ", &[Item::Line("disable_openmetrics")]),
    Item::Block("tracing % ", TRACING),
    Item::Block("map % {host} {a} {b}", MAP),
    Item::Block(
        "map % {path} {c}",
        &[Item::Again("~^/(.*)$ ${1}"), Item::Again("x 1")],
    ),
    Item::Line("push % /a.css"),
    Item::Block("push % ", PUSH),
    Item::Line("copy_response % "),
    Item::Line("copy_response % 404"),
    Item::Block("copy_response % ", &[Item::Line("status 201")]),
    Item::Block("copy_response_headers % ", COPIED),
    Item::Block("intercept % ", RESPONSES),
    Item::Block("reverse_proxy % a:1 b:2-4", PROXY),
    Item::Block("reverse_proxy % https://a https://b:444", PROXY),
    Item::Block("reverse_proxy % h2c://a", PROXY),
    Item::Block("reverse_proxy % unix//run/a.sock tcp/b:1", PROXY),
    Item::Block("reverse_proxy % {vars.a}:1 {vars.b}", PROXY),
    Item::Line("reverse_proxy % unix+h2c//run/a.sock"),
    Item::Line("reverse_proxy % fd/3 udp/a:1"),
    Item::Line("reverse_proxy % http://a:1-3"),
    Item::Line("php_fastcgi % a:9000 b:9000"),
    Item::Line("php_fastcgi % unix//run/php.sock"),
    Item::Block("php_fastcgi % a:9000", PHP),
    Item::Block("forward_auth % a:9000", AUTH),
    Item::Line("respond % 200"),
    Item::Line("rewrite % /x"),
    Item::Routes("handle % "),
    Item::Routes("route % "),
    Item::Routes("handle_path /p/*"),
];

const ENCODE: &[Item] = &[
    Item::Again("gzip"),
    Item::Again("gzip 3"),
    Item::Again("zstd better"),
    Item::Block(
        "zstd",
        &[Item::Line("level best"), Item::Line("disable_checksum")],
    ),
    Item::Line("minimum_length 10"),
    Item::Line("match status 2xx 404"),
    Item::Block("match", CONDITIONS),
];

const CONDITIONS: &[Item] = &[
    Item::Again("status 2xx 301"),
    Item::Again("header Content-Type text/*"),
    Item::Again("header !X-No"),
];

const FILES: &[Item] = &[
    Item::Line("root /srv"),
    Item::Line("fs disk"),
    Item::Again("hide .git *.bak"),
    Item::Again("hide /srv/secret"),
    Item::Again("hide -"),
    Item::Line("index a.html b.html"),
    Item::Line("browse"),
    Item::Line("browse page.html"),
    Item::Block("browse", BROWSE),
    Item::Line("precompressed"),
    Item::Line("precompressed gzip br"),
    Item::Line("status 404"),
    Item::Line("status {vars.code}"),
    Item::Line("disable_canonical_uris"),
    Item::Line("pass_thru"),
    Item::Line("etag_file_extensions .sha256 .b3sum"),
];

const BROWSE: &[Item] = &[
    Item::Line("reveal_symlinks"),
    Item::Line("sort size desc"),
    Item::Line("file_limit 100"),
];

const TIMEOUTS: &[Item] = &[
    Item::Line("read_timeout 10s"),
    Item::Line("write_timeout 1m 1000"),
    Item::Line("max_write_chunk 4KiB"),
];

const TEMPLATES: &[Item] = &[
    Item::Line("mime text/html text/plain"),
    Item::Line("between << >>"),
    Item::Line("root /srv"),
];

const TRACING: &[Item] = &[
    Item::Line("span name"),
    Item::Block(
        "span_attributes",
        &[Item::Again("a {host}"), Item::Again("b c")],
    ),
];

const MAP: &[Item] = &[
    Item::Line("default x y"),
    Item::Line("default x"),
    Item::Again("example.com 1 \"2\""),
    Item::Again("~(.*)\\.com ${1} -"),
    Item::Again("a true"),
    Item::Again("b 1.5 text"),
    Item::Again("c"),
];

const PUSH: &[Item] = &[
    Item::Again("/b.js"),
    Item::Again("GET /c.js"),
    Item::Again("HEAD /d.js"),
    Item::Block(
        "headers",
        &[
            Item::Again("X-A b"),
            Item::Again("-X-C"),
            Item::Again("+X-D e"),
        ],
    ),
];

const COPIED: &[Item] = &[Item::Again("include A B"), Item::Again("exclude C")];

const RESPONSES: &[Item] = &[
    Item::Line("@ok status 2xx"),
    Item::Again("replace_status 203"),
    Item::Routes("handle_response"),
];

const PROXY: &[Item] = &[
    Item::Again("header_up X-A {host}"),
    Item::Again("header_up -X-B"),
    Item::Again("header_down +X-C d"),
    Item::Line("lb_policy random"),
    Item::Line("lb_policy random_choose 3"),
    Item::Line("lb_policy round_robin"),
    Item::Line("lb_policy weighted_round_robin 1 0 3"),
    Item::Line("lb_policy least_conn"),
    Item::Line("lb_policy first"),
    Item::Line("lb_policy ip_hash"),
    Item::Line("lb_policy client_ip_hash"),
    Item::Line("lb_policy uri_hash"),
    Item::Line("lb_policy query k"),
    Item::Line("lb_policy cookie"),
    Item::Line("lb_policy cookie name secret"),
    Item::Block(
        "lb_policy header X-Up",
        &[Item::Line("fallback round_robin")],
    ),
    Item::Block(
        "lb_policy query k",
        &[Item::Block(
            "fallback cookie x",
            &[Item::Line("max_age 1h")],
        )],
    ),
    Item::Line("lb_retries 3"),
    Item::Line("lb_try_duration 5s"),
    Item::Line("lb_try_interval 100ms"),
    Item::Again("lb_retry_match method POST"),
    Item::Block(
        "lb_retry_match",
        &[Item::Line("path /a"), Item::Line("method PUT")],
    ),
    Item::Line("health_uri /up?x=y"),
    Item::Line("health_path /up"),
    Item::Line("health_port 81"),
    Item::Line("health_interval 10s"),
    Item::Line("health_timeout 1s"),
    Item::Line("health_status 2xx"),
    Item::Line("health_status 204"),
    Item::Line("health_body ok"),
    Item::Line("health_method HEAD"),
    Item::Line("health_request_body text"),
    Item::Line("health_follow_redirects"),
    Item::Line("health_passes 2"),
    Item::Line("health_fails 3"),
    Item::Block(
        "health_headers",
        &[
            Item::Again("Host a"),
            Item::Again("x-b c d"),
            Item::Again("x-e"),
        ],
    ),
    Item::Line("max_fails 2"),
    Item::Line("fail_duration 30s"),
    Item::Line("unhealthy_request_count 10"),
    Item::Again("unhealthy_status 5xx 429"),
    Item::Line("unhealthy_latency 2s"),
    Item::Line("flush_interval -1"),
    Item::Line("flush_interval 1s"),
    Item::Line("request_buffers 4KiB"),
    Item::Line("response_buffers unlimited"),
    Item::Line("stream_timeout 24h"),
    Item::Line("stream_buffer_size 1k"),
    Item::Line("stream_close_delay 5m"),
    Item::Line("trusted_proxies private_ranges 1.2.3.4"),
    Item::Line("method GET"),
    Item::Line("rewrite /x?{query}"),
    Item::Line("verbose_logs"),
    Item::Line("@ok status 2xx"),
    Item::Again("replace_status 203"),
    Item::Routes("handle_response"),
    Item::Block("dynamic a name 80", ADDRESSES),
    Item::Block("dynamic srv _x._tcp.name", SERVICES),
    Item::Block(
        "dynamic multi",
        &[
            Item::Block("a one 1", ADDRESSES),
            Item::Block("srv two", SERVICES),
        ],
    ),
    Item::Block("transport http", HTTP),
    Item::Block("transport fastcgi", FASTCGI),
];

const ADDRESSES: &[Item] = &[
    Item::Line("refresh 10s"),
    Item::Line("resolvers 1.1.1.1 8.8.8.8"),
    Item::Line("dial_timeout 1s"),
    Item::Line("dial_fallback_delay 2s"),
    Item::Line("versions ipv4"),
    Item::Line("versions ipv6 ipv4"),
];

const SERVICES: &[Item] = &[
    Item::Line("service x"),
    Item::Line("proto tcp"),
    Item::Line("refresh 10s"),
    Item::Line("resolvers 1.1.1.1"),
    Item::Line("dial_timeout 1s"),
    Item::Line("grace_period 1m"),
];

const HTTP: &[Item] = &[
    Item::Line("read_buffer 4KiB"),
    Item::Line("write_buffer 8k"),
    Item::Line("max_response_header 1MB"),
    Item::Line("proxy_protocol v2"),
    Item::Line("forward_proxy_url http://proxy"),
    Item::Line("network_proxy none"),
    Item::Line("network_proxy url http://proxy"),
    Item::Line("dial_timeout 1s"),
    Item::Line("dial_fallback_delay 1s"),
    Item::Line("response_header_timeout 1s"),
    Item::Line("expect_continue_timeout 1s"),
    Item::Line("read_timeout 1s"),
    Item::Line("write_timeout 1s"),
    Item::Line("resolvers 1.1.1.1"),
    Item::Line("tls"),
    Item::Line("tls_client_auth /c.pem /k.pem"),
    Item::Line("tls_client_auth name"),
    Item::Line("tls_insecure_skip_verify"),
    Item::Line("tls_timeout 5s"),
    Item::Line("tls_server_name {host}"),
    Item::Line("tls_renegotiation freely"),
    Item::Line("tls_except_ports 80 81"),
    Item::Line("tls_curves x25519 p256"),
    Item::Line("tls_trusted_ca_certs /a.pem"),
    Item::Line("tls_trust_pool file /a.pem /b.pem"),
    Item::Line("tls_trust_pool pki_root local"),
    Item::Line("tls_trust_pool http https://a/roots.pem"),
    Item::Block(
        "tls_trust_pool combined",
        &[
            Item::Again("source system"),
            Item::Again("source file /c.pem"),
        ],
    ),
    Item::Block(
        "tls_trust_pool storage key",
        &[
            Item::Line("keys more"),
            Item::Line("storage file_system /d"),
        ],
    ),
    Item::Line("keepalive off"),
    Item::Line("keepalive 1m"),
    Item::Line("keepalive_interval 10s"),
    Item::Line("keepalive_idle_conns 10"),
    Item::Line("keepalive_idle_conns_per_host 5"),
    Item::Line("max_conns_per_host 7"),
    Item::Line("versions 1.1 2"),
    Item::Line("compression off"),
    Item::Line("compression"),
    Item::Line("local_address 127.0.0.2"),
];

const FASTCGI: &[Item] = &[
    Item::Line("root /srv"),
    Item::Line("split .php .php5"),
    Item::Again("env A b"),
    Item::Again("env C {host}"),
    Item::Line("resolve_root_symlink"),
    Item::Line("dial_timeout 1s"),
    Item::Line("read_timeout 1s"),
    Item::Line("write_timeout 1s"),
    Item::Line("capture_stderr"),
];

const PHP: &[Item] = &[
    Item::Line("root /srv"),
    Item::Line("split .php .php5"),
    Item::Again("env A b"),
    Item::Line("index app.php"),
    Item::Line("index off"),
    Item::Line("try_files {path} {path}/index.php /x.html"),
    Item::Line("try_files {path} app.php"),
    Item::Line("resolve_root_symlink"),
    Item::Line("dial_timeout 1s"),
    Item::Line("capture_stderr"),
    Item::Line("lb_policy first"),
    Item::Line("lb_retries 2"),
    Item::Again("header_up X-A b"),
    Item::Line("@ok status 2xx"),
    Item::Routes("handle_response"),
];

const AUTH: &[Item] = &[
    Item::Line("uri /check?x={host}"),
    Item::Line("uri /check"),
    Item::Again("copy_headers Remote-User x-b>X-C"),
    Item::Block("copy_headers A", &[Item::Again("d>E"), Item::Again("f")]),
    Item::Again("header_up X-A b"),
    Item::Line("method POST"),
    Item::Block("transport http", HTTP),
    Item::Routes("handle_response"),
];

const MATCHERS: &[Item] = &[
    Item::Again("client_ip 1.2.3.4/8 private_ranges"),
    Item::Line("expression {path} == \"/a\" && `b` in ['b']"),
    Item::Line("expression `path('/a')`"),
    Item::Again("file /a {path}"),
    Item::Line("file"),
    Item::Block("file", FILE),
    Item::Again("header_regexp X-A ^b"),
    Item::Again("vars {path} /a /b"),
    Item::Again("vars name x"),
    Item::Again("vars_regexp {path} ^/a"),
    Item::Again("vars_regexp nm name b$"),
    Item::Line("header_regexp nm X-C d+"),
    Item::Line("tls"),
    Item::Line("tls early_data"),
    Item::Line("url_pattern /books/:id"),
    Item::Block(
        "url_pattern /a",
        &[Item::Line("base_url https://x"), Item::Line("ignore_case")],
    ),
    Item::Again("not path /a"),
    Item::Again("not file /b"),
    Item::Again("not `{path} == '/c'`"),
    Item::Again("path /p /q*"),
    Item::Again("header X-A b"),
    Item::Again("method GET"),
];

const FILE: &[Item] = &[
    Item::Line("root /srv"),
    Item::Again("try_files {path} /x"),
    Item::Line("try_policy most_recently_modified"),
    Item::Line("split_path .php"),
];
