//! Made-up Caddyfiles of all sizes, within the language that is supported.

use super::numbers::Numbers;

/// A file. Most are valid; some are refused for what they combine, such as two sites with one address.
pub fn caddyfile(seed: u64) -> String {
    let mut writer = Writer {
        numbers: Numbers::new(seed),
        out: String::new(),
        depth: 0,
        matchers: Vec::new(),
        named: 0,
        has_vars: false,
    };
    if writer.numbers.percent(40) {
        writer.options();
    }
    for _ in 0..1 + writer.numbers.below(4) {
        writer.site();
    }
    writer.out
}

struct Writer {
    numbers: Numbers,
    out: String,
    depth: usize,
    /// Names that can be used at this place.
    matchers: Vec<String>,
    named: usize,
    /// Whether the block has a `vars` already. Caddy 2.11.9 keeps several in order; the newer one whose fixtures are
    /// followed turns them round.
    has_vars: bool,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.out.push_str(&"\t".repeat(self.depth));
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn block(&mut self, head: &str, body: impl FnOnce(&mut Self)) {
        self.line(&format!("{head} {{"));
        self.depth += 1;
        let visible = self.matchers.len();
        body(self);
        self.matchers.truncate(visible);
        self.depth -= 1;
        self.line("}");
    }

    fn lines_of(&mut self, head: &str, choices: &[&str]) {
        let count = self.numbers.below(4);
        let lines: Vec<&str> = (0..count).map(|_| *self.numbers.pick(choices)).collect();
        self.block(head, |writer| {
            lines.iter().for_each(|line| writer.line(line))
        });
    }

    fn options(&mut self) {
        let count = 1 + self.numbers.below(4);
        let mut options: Vec<&str> = (0..count).map(|_| *self.numbers.pick(OPTIONS)).collect();
        // An option may come once, so only the first of those with one name stays.
        let mut seen: Vec<&str> = Vec::new();
        options.retain(|option| {
            let name = option.split(' ').next().unwrap_or_default();
            let fresh = name == "order" || !seen.contains(&name);
            seen.push(name);
            fresh
        });
        self.out.push_str("{\n");
        options
            .iter()
            .for_each(|option| self.out.push_str(&format!("\t{option}\n")));
        self.out.push_str("}\n");
    }

    fn address(&mut self) -> String {
        let host = *self.numbers.pick(HOSTS);
        let port = *self.numbers.pick(&[80, 443, 8080, 8443, 9000]);
        match self.numbers.below(20) {
            0..7 => host.to_owned(),
            7..10 => format!(":{port}"),
            10..13 => format!("{host}:{port}"),
            13..15 => format!("http://{host}"),
            15 => format!("https://{host}"),
            16 => format!("http://{host}:8080"),
            17 => format!("https://{host}:9443"),
            18 => format!("{host}/path"),
            _ => "http://".to_owned(),
        }
    }

    fn site(&mut self) {
        let count = [1, 1, 1, 2, 3][self.numbers.below(5)];
        let addresses: Vec<String> = (0..count).map(|_| self.address()).collect();
        self.block(&addresses.join(", "), |writer| {
            writer.contents();
            if writer.numbers.percent(30) {
                let line = *writer.numbers.pick(SITE_LINES);
                writer.line(line);
            }
            for _ in 0..writer.numbers.below(3) {
                let head = format!(
                    "handle_errors {}",
                    writer.numbers.pick(&["", "404", "5xx", "404 410 5xx"])
                );
                writer.block(head.trim_end(), Self::contents);
            }
        });
    }

    fn contents(&mut self) {
        let outside = std::mem::replace(&mut self.has_vars, false);
        for _ in 0..self.numbers.below(3) {
            self.definition();
        }
        for _ in 0..self.numbers.below(6) {
            self.directive();
        }
        self.has_vars = outside;
    }

    /// Whether this is the first `vars` of a block.
    fn first_vars(&mut self) -> bool {
        !std::mem::replace(&mut self.has_vars, true)
    }

    fn definition(&mut self) {
        let name = format!("@m{}", self.named);
        self.named += 1;
        let lines: Vec<&str> = (0..1 + self.numbers.below(3))
            .map(|_| *self.numbers.pick(MATCHERS))
            .collect();
        if self.numbers.percent(50) {
            self.line(&format!("{name} {}", lines[0]));
        } else {
            let mut seen: Vec<&str> = Vec::new();
            self.block(&name, |writer| {
                for line in lines {
                    let kind = line.split(' ').next().unwrap_or_default();
                    let repeatable = matches!(kind, "path" | "method" | "header" | "not");
                    if repeatable || !seen.contains(&kind) {
                        writer.line(line);
                    }
                    seen.push(kind);
                }
            });
        }
        self.matchers.push(name);
    }

    fn matcher(&mut self) -> String {
        match self.numbers.below(10) {
            0..4 => String::new(),
            4..7 => format!("{} ", self.numbers.pick(PATHS)),
            7 => "* ".to_owned(),
            _ if self.matchers.is_empty() => String::new(),
            _ => format!("{} ", self.numbers.pick(&self.matchers.clone())),
        }
    }

    fn directive(&mut self) {
        let matcher = self.matcher();
        let kinds = if self.depth > 3 { 10 } else { 13 };
        match self.numbers.below(kinds) {
            0..6 => {
                let template = *self.numbers.pick(DIRECTIVES);
                if template.starts_with("vars") && !self.first_vars() {
                    return;
                }
                // What starts with a slash would itself be read as a matcher.
                let matcher = if template.contains("% /") && matcher.is_empty() {
                    "* ".to_owned()
                } else {
                    matcher
                };
                self.line(&template.replacen("% ", &matcher, 1));
            }
            6 => self.lines_of(&format!("header {}", matcher.trim_end()), HEADER_LINES),
            7 => self.proxy(&matcher),
            8 if !self.first_vars() => {}
            8 => self.lines_of(
                &format!("vars {}", matcher.trim_end()),
                &["a b", "c {path}", "d 12", "e \"1\""],
            ),
            9 => self.lines_of(
                &format!("uri {matcher}query"),
                &["-a", "+b {host}", "c>d", "e f", "g h i"],
            ),
            10 => self.block(&format!("handle {}", matcher.trim_end()), Self::contents),
            11 => self.block(&format!("route {}", matcher.trim_end()), Self::contents),
            _ => {
                let path = *self.numbers.pick(&["/a", "/a/*", "/a*", "/b/c/*"]);
                self.block(&format!("handle_path {path}"), Self::contents);
            }
        }
    }

    fn proxy(&mut self, matcher: &str) {
        let upstream = *self.numbers.pick(UPSTREAMS);
        let lines: Vec<&str> = (0..self.numbers.below(3))
            .map(|_| *self.numbers.pick(PROXY_LINES))
            .collect();
        let transport = self.numbers.percent(40);
        let timeouts = self.numbers.below(TRANSPORT_LINES.len());
        self.block(&format!("reverse_proxy {matcher}{upstream}"), |writer| {
            lines.iter().for_each(|line| writer.line(line));
            if transport {
                writer.block("transport http", |writer| {
                    TRANSPORT_LINES[timeouts..]
                        .iter()
                        .for_each(|line| writer.line(line));
                });
            }
        });
    }
}

const HOSTS: &[&str] = &[
    "example.com",
    "www.example.com",
    "a.b.example.com",
    "*.example.com",
    "localhost",
    "foo.localhost",
    "10.0.0.1",
    "[::1]",
    "test.internal",
    "*.*.example.org",
    "EXAMPLE.net",
];

const PATHS: &[&str] = &[
    "/a",
    "/a/*",
    "/a*",
    "/b/c",
    "/b/c/*",
    "/x/*/y",
    "/",
    "/*",
    "/long/path/here",
];

const OPTIONS: &[&str] = &[
    "http_port 8080",
    "https_port 8443",
    "auto_https off",
    "auto_https disable_redirects",
    "debug",
    "admin off",
    "email a@b.c",
    "order respond first",
    "order header after uri",
    "order redir before vars",
    "local_certs",
    "skip_install_trust",
    "default_bind 127.0.0.1",
    "grace_period 10s",
    "shutdown_delay 5s",
    "default_sni example.com",
    "fallback_sni localhost",
    "storage file_system /data",
    "persist_config off",
    "acme_ca https://ca/dir",
    "acme_ca_root /r.pem",
    "key_type p256",
];

const SITE_LINES: &[&str] = &[
    "tls internal",
    "tls /c0.pem /k.pem",
    "tls /c1.pem /k.pem",
    "tls me@x.com",
    "tls force_automate",
    "bind 127.0.0.1",
    "bind ::1 127.0.0.1",
    "bind unix//run/s.sock|0660",
    "bind tcp4/0.0.0.0",
];

const MATCHERS: &[&str] = &[
    "path /a /b/*",
    "path *.php",
    "host example.com *.example.com",
    "method GET",
    "method POST PUT",
    "header X-Foo bar",
    "header x-foo bar*",
    "header !x-bar",
    "query a=b a=c d=*",
    "query \"\"",
    "protocol https",
    "protocol http/2+",
    "remote_ip 10.0.0.0/8",
    "remote_ip private_ranges",
    "path_regexp ^/a",
    "path_regexp nm \\.php$",
    "not path /q",
    "not header X-A *",
    "not not method GET",
];

/// A `%` stands for the matcher.
const DIRECTIVES: &[&str] = &[
    "respond % 200",
    "respond % \"hi {host}\" 201",
    "respond % text",
    "error % 404",
    "error % \"msg\" 503",
    "error % {vars.a} {vars.code}",
    "abort % ",
    "redir % https://x{uri}",
    "redir % /y permanent",
    "redir % /w 307",
    "redir % /h html",
    "redir % /q<>&'\\\" html",
    "header % X-A v",
    "header % +x-b v",
    "header % -server",
    "header % ?etag v",
    "header % >Cache-Control no",
    "header % X-R foo bar",
    "header % -X-*",
    "header % x-empty",
    "request_header % X-A v",
    "request_header % -X-A",
    "request_header % X-A: v",
    "request_header % X-R a b",
    "rewrite % /r{uri}",
    "rewrite % ?a=b",
    "uri % strip_prefix /a",
    "uri % strip_suffix .html",
    "uri % replace a b 2",
    "uri % path_regexp /+ /",
    "uri % query -foo",
    "method % POST",
    "vars % a 1.5",
    "vars % a true",
    "vars % a {host}",
];

const HEADER_LINES: &[&str] = &[
    "X-A v",
    "X-A: w",
    "+x-b v",
    "+x-b v2",
    "-server",
    "?x-y z",
    "?etag v",
    ">Cache-Control no",
    "X-R foo bar",
    "X-R a b",
    "defer",
];

const UPSTREAMS: &[&str] = &[
    "localhost:9000",
    "127.0.0.1:80",
    "https://up.example.com",
    "unix//run/x.sock",
    "{vars.up}:80",
    "[::1]:9000",
    "backend",
    ":9000",
    "{vars.up}",
];

const PROXY_LINES: &[&str] = &[
    "header_up X-A {host}",
    "header_up -X-B",
    "header_up +X-C d",
    "header_up X-R a b",
    "header_down -Server",
    "header_down X-D e",
];

const TRANSPORT_LINES: &[&str] = &[
    "tls_server_name other",
    "tls_insecure_skip_verify",
    "tls",
    "dial_timeout 3s",
    "read_timeout 1m30s",
    "write_timeout 2d",
    "response_header_timeout 500ms",
];
