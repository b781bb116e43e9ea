//! The list as a page. It needs no script: sorting, filtering and leafing are links and a form.

use std::io::Write;

use zs_proto::date::Civil;
use zs_proto::percent;

use super::folder::{Counts, Item};
use super::order::Wish;
use super::texts::{address, human_size, precise};

/// What is on a page.
pub(super) struct Page<'a> {
    /// The folder's path as it is written in addresses, without a slash at the end.
    pub path: &'a [u8],
    pub wish: &'a Wish,
    /// How much is in the folder.
    pub counts: Counts,
    /// How many files the filter lets through.
    pub total: usize,
    /// Those of them that are shown.
    pub items: &'a [Item],
}

const STYLE: &str = include_str!("style.css");

/// The SHA-256 digest of the style, which nothing but the style may have.
const STYLE_DIGEST: &str = "sk4W0qkR7qgQ7Y1aFpMkAYpAeP22MvjnIkptrDqYSac=";

/// What the page may load: nothing but its own style.
pub(super) fn policy() -> Vec<u8> {
    format!(
        "default-src 'none'; style-src 'sha256-{STYLE_DIGEST}'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'self'"
    )
    .into_bytes()
}

/// Columns: what is shown, the keys that sort by it, the first of which its link asks for, and its class.
const COLUMNS: [(&str, &[&str], &str); 3] = [
    ("Name", &["namedirfirst", "name"], ""),
    ("Size", &["size"], " class=\"number\""),
    ("Modified", &["time"], " class=\"number time\""),
];

impl Page<'_> {
    /// The page's text.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(4096 + 256 * self.items.len());
        out.extend_from_slice(
            b"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
              <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        );
        let whole = decoded(self.path);
        text(&mut out, &whole);
        out.extend_from_slice(b"</title>\n<style>");
        out.extend_from_slice(STYLE.as_bytes());
        out.extend_from_slice(b"</style>\n</head>\n<body>\n<header>\n");
        self.crumbs(&mut out);
        self.heading(&mut out, &whole);
        out.extend_from_slice(b"</header>\n<main>\n");
        self.form(&mut out);
        self.table(&mut out);
        self.leaves(&mut out);
        out.extend_from_slice(b"</main>\n</body>\n</html>\n");
        out
    }

    /// The folders around this one.
    fn crumbs(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<nav aria-label=\"Folders\">\n<ol>\n");
        let path = self.path.strip_suffix(b"/").unwrap_or(self.path);
        let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        for (number, part) in parts.iter().enumerate() {
            let above = parts.len() - number - 1;
            let (link, current) = match above {
                0 => ("./".to_owned(), " aria-current=\"page\""),
                _ => ("../".repeat(above), ""),
            };
            let _written = write!(out, "<li><a href=\"{link}\"{current}>");
            match number {
                0 => out.extend_from_slice(b"Home"),
                _ => isolated(out, &decoded(part)),
            }
            out.extend_from_slice(b"</a></li>\n");
        }
        out.extend_from_slice(b"</ol>\n</nav>\n");
    }

    fn heading(&self, out: &mut Vec<u8>, whole: &[u8]) {
        let name = zs_proto::path::base(whole);
        out.extend_from_slice(b"<h1>");
        isolated(out, name);
        let Counts {
            folders,
            files,
            bytes,
        } = self.counts;
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let _written = write!(
            out,
            "</h1>\n<p class=\"dim\">{folders} folder{}, {files} file{}, {} in total</p>\n",
            plural(folders),
            plural(files),
            human_size(bytes)
        );
    }

    fn form(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b"<form method=\"get\" role=\"search\">\n<label for=\"filter\">Names with</label>\n\
              <input id=\"filter\" name=\"filter\" type=\"search\" autocomplete=\"off\" value=\"",
        );
        text(out, &self.wish.filter);
        out.extend_from_slice(b"\">\n");
        let limit = self.wish.limit.to_string();
        let hidden = [
            ("sort", &self.wish.sort[..]),
            ("order", &self.wish.order),
            ("limit", limit.as_bytes()),
        ];
        let shown = if self.wish.limit > 0 { 3 } else { 2 };
        for (name, value) in &hidden[..shown] {
            let _written = write!(out, "<input type=\"hidden\" name=\"{name}\" value=\"");
            text(out, value);
            out.extend_from_slice(b"\">\n");
        }
        out.extend_from_slice(b"<button>Filter</button>\n");
        if !self.wish.filter.is_empty() {
            out.extend_from_slice(b"<a href=\"./");
            self.query(out, &self.wish.sort, &self.wish.order, 0, false);
            out.extend_from_slice(b"\">Show all</a>\n");
        }
        out.extend_from_slice(b"</form>\n");
    }

    fn table(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<table>\n<caption>Folders and files</caption>\n<thead>\n<tr>\n");
        for (title, keys, class) in COLUMNS {
            let is_by_this = keys.iter().any(|key| key.as_bytes() == self.wish.sort);
            let is_descending = self.wish.order == b"desc";
            let (sorted, mark) = match (is_by_this, is_descending) {
                (false, _) => ("", ""),
                (true, false) => (" aria-sort=\"ascending\"", " \u{2191}"),
                (true, true) => (" aria-sort=\"descending\"", " \u{2193}"),
            };
            let order: &[u8] = if is_by_this && !is_descending {
                b"desc"
            } else {
                b"asc"
            };
            let key = if is_by_this {
                &self.wish.sort
            } else {
                keys[0].as_bytes()
            };
            let _written = write!(out, "<th scope=\"col\"{class}{sorted}><a href=\"./");
            self.query(out, key, order, self.wish.offset, true);
            let mark = match mark {
                "" => String::new(),
                mark => format!("<span aria-hidden=\"true\">{mark}</span>"),
            };
            let _written = writeln!(out, "\">{title}{mark}</a></th>");
        }
        out.extend_from_slice(b"</tr>\n</thead>\n<tbody>\n");
        if self.path.len() > 1 {
            out.extend_from_slice(
                b"<tr><th scope=\"row\" class=\"folder\"><a href=\"../\">../</a></th>\
                  <td class=\"number\"></td><td class=\"number time\"></td></tr>\n",
            );
        }
        for item in self.items {
            row(out, item);
        }
        out.extend_from_slice(b"</tbody>\n</table>\n");
        if self.items.is_empty() {
            out.extend_from_slice(b"<p class=\"dim\">Nothing to show.</p>\n");
        }
    }

    /// Links to the files before and behind the ones that are shown.
    fn leaves(&self, out: &mut Vec<u8>) {
        let Wish { offset, limit, .. } = *self.wish;
        let end = offset.saturating_add(self.items.len());
        let before = offset > 0;
        let behind = end < self.total;
        if !(before || behind) {
            return;
        }
        out.extend_from_slice(b"<nav aria-label=\"Pages\">\n<p>\n");
        let step = if limit > 0 { limit } else { offset };
        let places = [
            (
                before,
                offset.min(self.total).saturating_sub(step),
                "Previous",
            ),
            (behind, end, "Next"),
        ];
        for (_, at, name) in places.into_iter().filter(|(is, ..)| *is) {
            out.extend_from_slice(b"<a href=\"./");
            self.query(out, &self.wish.sort, &self.wish.order, at, true);
            let _written = writeln!(out, "\">{name}</a>");
        }
        out.extend_from_slice(b"</p>\n</nav>\n");
    }

    /// The query that asks for a list, within a link.
    fn query(&self, out: &mut Vec<u8>, sort: &[u8], order: &[u8], offset: usize, filtered: bool) {
        let mut query = b"?sort=".to_vec();
        percent::encode_query(sort, &mut query);
        query.extend_from_slice(b"&order=");
        percent::encode_query(order, &mut query);
        if self.wish.limit > 0 {
            query.extend_from_slice(format!("&limit={}", self.wish.limit).as_bytes());
        }
        if offset > 0 {
            query.extend_from_slice(format!("&offset={offset}").as_bytes());
        }
        if filtered && !self.wish.filter.is_empty() {
            query.extend_from_slice(b"&filter=");
            percent::encode_query(&self.wish.filter, &mut query);
        }
        text(out, &query);
    }
}

fn row(out: &mut Vec<u8>, item: &Item) {
    let class = if item.is_folder {
        " class=\"folder\""
    } else {
        ""
    };
    let _written = write!(out, "<tr><th scope=\"row\"{class}><a href=\"");
    text(out, &address(item));
    out.extend_from_slice(b"\">");
    isolated(out, &item.name);
    out.extend_from_slice(b"</a>");
    if item.is_link {
        out.extend_from_slice(b" <span class=\"dim\">link");
        if let Some(target) = &item.target {
            out.extend_from_slice(b" to ");
            isolated(out, target);
        }
        out.extend_from_slice(b"</span>");
    }
    out.extend_from_slice(b"</th><td class=\"number\">");
    if !item.is_folder {
        out.extend_from_slice(human_size(item.size).as_bytes());
    }
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        ..
    } = Civil::from_unix(item.changed.0);
    let _written = writeln!(
        out,
        "</td><td class=\"number time\"><time datetime=\"{}\">{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC\
         </time></td></tr>",
        precise(item.changed)
    );
}

/// A path as it is, not as it is written in addresses.
fn decoded(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    if !percent::decode_path(path, &mut plain) {
        plain.extend_from_slice(path);
    }
    plain
}

/// A name whose direction of writing does not reach beyond it.
fn isolated(out: &mut Vec<u8>, name: &[u8]) {
    out.extend_from_slice(b"<bdi>");
    text(out, name);
    out.extend_from_slice(b"</bdi>");
}

/// A text in which nothing means anything to HTML, also between quotation marks.
fn text(out: &mut Vec<u8>, text: &[u8]) {
    for letter in String::from_utf8_lossy(text).chars() {
        match letter {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&#34;"),
            '\'' => out.extend_from_slice(b"&#39;"),
            // What no text may hold (HTML §13.2.3.5).
            '\0'..'\t' | '\u{b}' | '\u{e}'..' ' | '\u{7f}' => {
                out.extend_from_slice("\u{fffd}".as_bytes());
            }
            letter => {
                let mut bytes = [0; 4];
                out.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_the_one_that_the_policy_names() {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(STYLE.as_bytes());
        let named =
            zs_proto::base64::decode(STYLE_DIGEST.as_bytes(), zs_proto::base64::Padding::Full);
        assert_eq!(named.unwrap(), digest.as_slice());
    }

    #[test]
    fn what_clients_and_files_say_is_text() {
        let item = Item {
            name: b"\"><script>.txt".to_vec(),
            lower: String::new(),
            size: 5,
            changed: (0, 0),
            mode: 0,
            is_folder: false,
            is_link: true,
            target: Some(b"</a><script>".to_vec()),
        };
        let hostile = || b"\"><script>".to_vec();
        let wish = Wish {
            sort: hostile(),
            order: hostile(),
            filter: hostile(),
            limit: 1,
            offset: 1,
            ..Wish::default()
        };
        let page = Page {
            path: b"/%3Cscript%3E/\"><script>",
            wish: &wish,
            counts: Counts::default(),
            total: 3,
            items: &[item],
        };
        let text = String::from_utf8(page.write()).unwrap();
        assert!(!text.contains("<script"), "{text}");
        let link = "./?sort=%22%3E%3Cscript%3E&amp;order=%22%3E%3Cscript%3E&amp;limit=1";
        assert!(text.contains(&format!(
            "{link}&amp;offset=2&amp;filter=%22%3E%3Cscript%3E\">Next"
        )));
        assert!(text.contains("href=\"./%22%3E%3Cscript%3E.txt\""));
    }

    #[test]
    fn names_mean_nothing() {
        let mut out = Vec::new();
        text(&mut out, b"<a href='x'>&\"\x00\xff");
        let shown = "&lt;a href=&#39;x&#39;&gt;&amp;&#34;\u{fffd}\u{fffd}";
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }
}
