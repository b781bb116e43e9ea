//! Made-up Caddyfiles about everything besides routes: global options, listeners, certificates, logs. Where several lines
//! could contradict each other they often do, so that mistakes are compared too.

use super::numbers::Numbers;

/// The file of a seed.
pub fn caddyfile(seed: u64) -> String {
    let mut writer = Writer {
        numbers: Numbers::new(seed),
        out: String::new(),
        depth: 0,
    };
    if writer.numbers.percent(70) {
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
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.out.push_str(&"\t".repeat(self.depth));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn block(&mut self, head: &str, body: impl FnOnce(&mut Self)) {
        self.line(format!("{head} {{").trim_start());
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line("}");
    }

    /// Some of the lines, each at most once.
    fn some(&mut self, count: usize, choices: &[&str]) {
        let mut left: Vec<&str> = choices.to_vec();
        for _ in 0..self.numbers.below(count + 1).min(left.len()) {
            let index = self.numbers.below(left.len());
            let line = left.remove(index);
            self.text(line);
        }
    }

    /// A line, or a block written with `;` between its lines.
    fn text(&mut self, line: &str) {
        match line.split_once(" { ") {
            Some((head, body)) => {
                let body = body.trim_end_matches(" }");
                self.block(head, |writer| {
                    body.split("; ").for_each(|line| writer.line(line))
                });
            }
            None => self.line(line),
        }
    }

    fn options(&mut self) {
        self.block("", |writer| {
            writer.some(3, OPTIONS);
            if writer.numbers.percent(20) {
                writer.global_log("log");
            }
            if writer.numbers.percent(20) {
                writer.global_log("log other");
            }
            if writer.numbers.percent(20) {
                writer.servers("servers");
            }
            if writer.numbers.percent(15) {
                writer.servers("servers :443");
            }
        });
    }

    fn servers(&mut self, head: &str) {
        let named = head.contains(':') && self.numbers.percent(30);
        self.block(head, |writer| {
            if named {
                writer.line("name main");
            }
            writer.some(4, SERVERS);
        });
    }

    fn global_log(&mut self, head: &str) {
        self.block(head, |writer| {
            writer.log_lines();
            writer.some(
                2,
                &[
                    "include a b",
                    "exclude http.log.access",
                    "include http.handlers",
                ],
            );
        });
    }

    fn log_lines(&mut self) {
        if self.numbers.percent(60) {
            let output = *self.numbers.pick(OUTPUTS);
            self.text(output);
        }
        if self.numbers.percent(40) {
            let format = *self.numbers.pick(FORMATS);
            self.text(format);
        }
        self.some(
            1,
            &[
                "level ERROR",
                "level debug",
                "sampling { interval 1s; first 2; thereafter 3 }",
            ],
        );
    }

    fn site(&mut self) {
        let count = [1, 1, 1, 2, 3][self.numbers.below(5)];
        let addresses: Vec<String> = (0..count).map(|_| self.address()).collect();
        self.block(&addresses.join(", "), |writer| {
            for _ in 0..writer.numbers.below(3) {
                let head = *writer
                    .numbers
                    .pick(&["log", "log", "log named", "log default"]);
                if writer.numbers.percent(20) {
                    writer.line(head);
                } else if writer.numbers.percent(30) {
                    writer.block(head, |writer| {
                        writer.log_lines();
                        writer.some(2, &["hostnames a.example.com", "no_hostname"]);
                    });
                }
            }
            writer.some(1, BINDS);
            if writer.numbers.percent(50) {
                writer.tls();
            }
            writer.line("respond ok");
        });
    }

    fn tls(&mut self) {
        let head = *self.numbers.pick(TLS_HEADS);
        if self.numbers.percent(60) {
            self.block(head, |writer| writer.some(3, TLS));
        } else {
            self.line(head);
        }
    }

    fn address(&mut self) -> String {
        let host = *self.numbers.pick(HOSTS);
        match self.numbers.below(20) {
            0..11 => host.to_owned(),
            11 => ":443".to_owned(),
            12 => ":8443".to_owned(),
            13 => "https://".to_owned(),
            14 => format!("{host}:8443"),
            15 => format!("{host}:9443"),
            16 | 17 => format!("http://{host}"),
            18 => ":80".to_owned(),
            _ => format!("https://{host}:8443"),
        }
    }
}

const HOSTS: &[&str] = &[
    "example.com",
    "www.example.com",
    "a.example.com",
    "*.example.com",
    "*.a.example.com",
    "b.a.example.com",
    "localhost",
    "foo.localhost",
    "10.0.0.1",
    "[::1]",
    "other.org",
    "*.*.other.org",
    "x.ts.net",
];

const OPTIONS: &[&str] = &[
    "debug",
    "http_port 8080",
    "https_port 8443",
    "auto_https off",
    "auto_https disable_certs",
    "email a@b.c",
    "local_certs",
    "skip_install_trust",
    "default_sni example.com",
    "fallback_sni localhost",
    "key_type p256",
    "acme_ca https://ca/dir",
    "acme_ca_root /r.pem",
    "default_bind 127.0.0.1",
    "default_bind 127.0.0.1 ::1 { protocols h1 h2 }",
    "admin localhost:2020 { origins a b; enforce_origin }",
    "metrics",
    "metrics { per_host; otlp }",
    "persist_config off",
    "acme_eab { key_id a; mac_key b }",
    "cert_issuer acme",
    "cert_issuer acme https://ca/dir { email a@b.c }",
    "cert_issuer internal { ca other }",
    "cert_issuer zerossl KEY",
    "cert_lifetime 30d",
    "preferred_chains smallest",
    "preferred_chains { any_common_name a b }",
    "preferred_chains { root_common_name a; any_common_name b }",
    "on_demand_tls { ask http://localhost:9/ask }",
    "on_demand_tls { permission http http://localhost:9/ask }",
    "on_demand_tls { interval 1s }",
    "ocsp_interval 1h",
    "ocsp_stapling off",
    "renew_interval 1h",
    "renewal_window_ratio 0.25",
    "storage_check off",
    "storage_clean_interval off",
    "storage_clean_interval 2d",
    "tls_resolvers 1.1.1.1 9.9.9.9",
    "ech ech.example.com",
    "tls_automate_names x.example.com localhost example.com",
    "pki { ca }",
    "pki { ca other }",
    "events",
    "acme_dns",
];

const SERVERS: &[&str] = &[
    "listener_wrappers { http_redirect; tls }",
    "timeouts { read_body 10s; read_header 5s; write 1m; idle 2m }",
    "keepalive_interval 15s",
    "keepalive_idle 1m",
    "keepalive_count 3",
    "max_header_size 16KB",
    "enable_full_duplex",
    "log_credentials",
    "protocols h1 h2",
    "protocols h2c h3",
    "strict_sni_host",
    "strict_sni_host insecure_off",
    "trusted_proxies static 10.0.0.0/8 private_ranges",
    "trusted_proxies_strict",
    "trusted_proxies_unix",
    "client_ip_headers X-A X-B",
    "metrics { per_host }",
    "metrics",
    "trace",
    "0rtt off",
];

const OUTPUTS: &[&str] = &[
    "output stdout",
    "output stderr",
    "output discard",
    "output file /a.log",
    "output file /b.log { roll_size 10mb; roll_keep 3; roll_keep_for 36h }",
    "output file /c.log { mode 640; dir_mode from_file; roll_disabled }",
    "output file /d.log { roll_uncompressed; roll_local_time; roll_interval 1h; roll_minutes 1,2 3; roll_at 12:00 }",
    "output net tcp/localhost:99 { dial_timeout 3s; soft_start }",
    "output nowhere",
];

const FORMATS: &[&str] = &[
    "format json",
    "format console { time_local; time_format wall; message_key \"\" }",
    "format filter { wrap json; request>uri query",
    "format filter { a delete; b regexp x y; b regexp z w; c ip_mask 16 32; d rename e; f replace g; h hash }",
    "format filter { a delete; a hash }",
    "format append { wrap console; a 1; b \"2\"; c true; d x }",
    "format journald { wrap json }",
    "format xml",
];

const BINDS: &[&str] = &[
    "bind 127.0.0.1",
    "bind ::1 127.0.0.1",
    "bind unix//run/s.sock|0660",
    "bind tcp4/0.0.0.0",
    "bind udp/127.0.0.1",
    "bind fd/3",
    "bind fdgram/4",
    "bind 127.0.0.1 { protocols h1 }",
    "bind 127.0.0.1 { protocols h1 h2 }",
    "bind fd/3 { protocols h2 h1 }",
];

const TLS_HEADS: &[&str] = &[
    "tls",
    "tls internal",
    "tls a@b.c",
    "tls force_automate",
    "tls /c0.pem /k0.pem",
    "tls /c1.pem /k1.pem",
];

const TLS: &[&str] = &[
    "protocols tls1.2 tls1.3",
    "protocols tls1.3",
    "ciphers TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "curves x25519 secp256r1",
    "alpn h2 http/1.1",
    "alpn http/1.1",
    "load /certs /more",
    "key_type p384",
    "key_type rsa2048",
    "on_demand",
    "reuse_private_keys",
    "insecure_secrets_log /keys.log",
    "renewal_window_ratio 0.5",
    "get_certificate tailscale",
    "get_certificate http http://localhost:9/get",
    "ca https://ca.internal/dir",
    "ca_root /root.pem",
    "eab id key",
    "issuer internal",
    "issuer internal { ca other; lifetime 2h; sign_with_root }",
    "issuer acme",
    "issuer acme https://ca.internal/dir { email x@y.z; timeout 5m; alt_http_port 8080; disable_tlsalpn_challenge }",
    "issuer acme { dns; resolvers 1.1.1.1; propagation_timeout -1; propagation_delay 3s; dns_ttl 1m }",
    "issuer acme { profile short; lifetime 1d; trusted_roots /a /b; eab i k; distributed false; test_dir https://t }",
    "issuer zerossl KEY { alt_http_port 81; resolvers 9.9.9.9 }",
    "resolvers 1.1.1.1",
    "client_auth { mode require }",
    "client_auth { mode require_and_verify; trust_pool file /ca.pem }",
    "client_auth { trust_pool system; verifier leaf file /a /b }",
    "client_auth { trusted_leaf_cert AAAA; trusted_ca_cert BBBB }",
    "dns",
];
