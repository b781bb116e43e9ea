//! How answers of the site may differ from Caddy's, and why.

use std::fmt::Write as _;

/// A rule, with the name that a run counts it by.
pub struct Rule {
    /// A word or two.
    pub name: &'static str,
    /// Why the answers differ.
    pub reason: &'static str,
    /// Makes Caddy's answer to a request ours where the rule holds.
    apply: fn(request: &str, ours: &str, caddys: &str) -> Option<String>,
}

/// All of them, in the order in which they are tried, one upon the other.
pub const RULES: &[Rule] = &[
    Rule {
        name: "version",
        reason: "answers carry the version of the server and say that the connection ends (RFC 9110, section 6.2)",
        apply: version,
    },
    Rule {
        name: "refusal",
        reason: "refused by both before the site is asked; ours says the first reason, and in the body",
        apply: refusal,
    },
    Rule {
        name: "chunks in HTTP/1.0",
        reason: "stricter: such framing is faulty (RFC 9112, section 6.1)",
        apply: chunks_in_http_1_0,
    },
    Rule {
        name: "two lengths",
        reason: "stricter: a message has one Content-Length, and none beside chunks (RFC 9112, section 6.3)",
        apply: two_lengths,
    },
    Rule {
        name: "NUL in a field",
        reason: "stricter: control characters from values do not go into fields (RFC 9110, section 5.5)",
        apply: nul_in_field,
    },
    Rule {
        name: "NUL to an upstream",
        reason: "such a character is a space in a field that the site makes; Go answers 502",
        apply: nul_to_upstream,
    },
    Rule {
        name: "encoded refusal",
        reason: "that a method is not allowed is said in plain; Caddy says `Content-Encoding` of the file with it",
        apply: encoded_refusal,
    },
    Rule {
        name: "named by Connection",
        reason: "stricter: fields of an upstream's connection are not passed on (RFC 9110, section 7.6.1); Go forgets them with `close`",
        apply: named_by_connection,
    },
    Rule {
        name: "escaped redirect",
        reason: "the path that file_server redirects to is cleaned and escaped; Caddy's may have dot segments or be no URI",
        apply: escaped_redirect,
    },
    Rule {
        name: "type not guessed",
        reason: "what an upstream says nothing of stays unsaid; Go looks at the body (RFC 9110, section 8.3)",
        apply: guessed_type,
    },
    Rule {
        name: "encoding of streams",
        reason: "a body of unknown length is encoded; Caddy does so if what it reads first is long enough",
        apply: streams,
    },
];

/// Whether two answers are the same, or the same by a rule.
pub fn judge(request: &str, ours: &str, caddys: &str) -> Result<Option<&'static str>, ()> {
    let mut caddys = caddys.to_owned();
    let mut last = None;
    for rule in RULES {
        if ours.trim_end() == caddys.trim_end() {
            return Ok(last);
        }
        if let Some(changed) = (rule.apply)(request, ours, &caddys) {
            caddys = changed;
            last = Some(rule.name);
        }
    }
    match ours.trim_end() == caddys.trim_end() {
        true => Ok(last),
        false => Err(()),
    }
}

fn status(answer: &str) -> &str {
    answer
        .split(' ')
        .nth(1)
        .map_or("", |status| &status[..status.len().min(3)])
}

fn version(_: &str, ours: &str, caddys: &str) -> Option<String> {
    let answer = caddys.strip_prefix("HTTP/1.0 ")?;
    let (head, _) = answer.split_once("\n\n").unwrap_or((answer, ""));
    let answer = format!("HTTP/1.1 {answer}");
    if head.contains("\nConnection: ") {
        return Some(answer);
    }
    // Go reads the first `Connection` of several only.
    let line = ours.lines().find(|line| line.starts_with("Connection: "))?;
    Some(with_field(&answer, line))
}

/// An answer with one more field, in the order of the alphabet.
fn with_field(answer: &str, field: &str) -> String {
    let (head, body) = match answer.split_once("\n\n") {
        Some((head, body)) => (head, format!("\n\n{body}")),
        None => (answer, String::new()),
    };
    let mut lines: Vec<&str> = head.trim_end_matches('\n').lines().collect();
    let lower = field.to_ascii_lowercase();
    let at = lines[1..]
        .iter()
        .position(|line| line.to_ascii_lowercase() > lower);
    lines.insert(at.map_or(lines.len(), |at| at + 1), field);
    lines.join("\n") + &body
}

fn refusal(_: &str, ours: &str, caddys: &str) -> Option<String> {
    let early = |answer: &str| !answer.contains("\nServer: ");
    let same = early(ours) && early(caddys) && status(caddys).starts_with('4');
    let ends = ours.contains("\nConnection: close") && caddys.contains("\nConnection: close");
    (same && ends && status(ours).starts_with('4')).then(|| ours.to_owned())
}

fn chunks_in_http_1_0(request: &str, ours: &str, _: &str) -> Option<String> {
    let such = request.contains(" HTTP/1.0\n") && request.contains("\nTransfer-Encoding: ");
    (such && status(ours) == "400").then(|| ours.to_owned())
}

fn two_lengths(request: &str, ours: &str, _: &str) -> Option<String> {
    let (head, _) = request.split_once("\n\n")?;
    let fields = ["\nContent-Length: ", "\nTransfer-Encoding: "];
    let count: usize = fields.iter().map(|name| head.matches(name).count()).sum();
    (count > 1 && status(ours) == "400").then(|| ours.to_owned())
}

fn nul_in_field(_: &str, _: &str, caddys: &str) -> Option<String> {
    let (head, body) = caddys.split_once("\n\n").unwrap_or((caddys, ""));
    let lines = head.lines().map(|line| match line.split_once(": ") {
        Some((name, value)) => format!("{name}: {}", value.replace('\0', " ").trim()),
        None => line.to_owned(),
    });
    let head = head.contains('\0').then(|| lines.collect::<Vec<_>>())?;
    Some(format!("{}\n\n{body}", head.join("\n")))
}

fn nul_to_upstream(request: &str, ours: &str, caddys: &str) -> Option<String> {
    let made = request.contains("/changed/") && request.contains("%00");
    (made && status(caddys) == "502").then(|| ours.to_owned())
}

fn encoded_refusal(_: &str, ours: &str, caddys: &str) -> Option<String> {
    let both = status(ours) == "405" && status(caddys) == "405";
    let field = caddys.contains("\nContent-Encoding: ");
    (both && field && !ours.contains("\nContent-Encoding: ")).then(|| ours.to_owned())
}

fn named_by_connection(_: &str, _: &str, caddys: &str) -> Option<String> {
    let field = "\nX-Hop: 1";
    caddys
        .contains(field)
        .then(|| caddys.replacen(field, "", 1))
}

fn escaped_redirect(_: &str, ours: &str, caddys: &str) -> Option<String> {
    let location = |answer: &str| {
        let line = answer.lines().find(|line| line.starts_with("Location: "));
        line.map(str::to_owned)
    };
    let (path, query) = split(&location(caddys)?);
    let escaped = escaped(&path) + &escaped_letters(&query);
    let redirect = status(ours) == "308" && status(caddys) == "308";
    let same = location(ours)? == escaped || path.contains("/../");
    (redirect && same).then(|| ours.to_owned())
}

/// A line with its path, and its query with the question mark.
fn split(line: &str) -> (String, String) {
    let at = line.find('?').unwrap_or(line.len());
    (line[..at].to_owned(), line[at..].to_owned())
}

/// A path as a URI has it. Caddy has escaped its letters beyond ASCII.
fn escaped(path: &str) -> String {
    let mut out = String::new();
    for (number, part) in path.split("%c3%a9").enumerate() {
        if number > 0 {
            out += "%C3%A9";
        }
        // What stands before the path ends with a space.
        for letter in part.chars() {
            match letter {
                ' ' if out != "Location:" => out += "%20",
                letter if r#"%"<>\^`{|}?*'()![]#"#.contains(letter) => {
                    let _ = write!(out, "%{:02X}", u32::from(letter));
                }
                letter => out.push(letter),
            }
        }
    }
    out
}

/// A query with the escapes of letters beyond ASCII in capitals.
fn escaped_letters(query: &str) -> String {
    query
        .replace("%c3%a9", "%C3%A9")
        .replace("%c3%bc", "%C3%BC")
}

fn streams(_: &str, ours: &str, caddys: &str) -> Option<String> {
    let (head, body) = caddys.split_once("\n\n").unwrap_or((caddys, ""));
    let (ours, _) = ours.split_once("\n\n").unwrap_or((ours, ""));
    let unknown = !ours.contains("\nContent-Length: ") && !head.contains("\nContent-Length: ");
    let mut made = head.replace("\nTransfer-Encoding: chunked", "");
    for field in ["Vary: Accept-Encoding", "Transfer-Encoding: chunked"] {
        if ours.contains(&format!("\n{field}")) {
            made = with_field(&made, field);
        }
    }
    if let Some(line) = ours
        .lines()
        .find(|line| line.starts_with("Content-Encoding: "))
    {
        made = with_field(&made, line);
    }
    unknown.then(|| match body {
        "" => made,
        body => format!("{made}\n\n{body}"),
    })
}

fn guessed_type(_: &str, ours: &str, caddys: &str) -> Option<String> {
    let (head, _) = ours.split_once("\n\n").unwrap_or((ours, ""));
    let field = "\nContent-Type: text/plain; charset=utf-8";
    let none = !head.contains("\nContent-Type: ");
    (none && caddys.contains(field)).then(|| caddys.replacen(field, "", 1))
}
