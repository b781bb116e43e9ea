//! Commands around the main job: what they print, and how they exit.

mod common;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output, Stdio};

use argon2::{Argon2, PasswordVerifier};
use common::{Folder, ZEROSERVE, zeroserve};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the command with something on its standard input.
fn with_input(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(ZEROSERVE)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

#[test]
fn fmt_says_whether_there_was_something_to_do() {
    let folder = Folder::new("fmt");
    let file = folder.write("Caddyfile", ":80 {\n  respond a\n}\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("permissions");
    let link = folder.path("link");
    symlink(&file, &link).expect("a link");
    let name = link.to_string_lossy();
    let tidy = ":80 {\n\trespond a\n}\n";
    let printed = zeroserve(&["fmt", &name]);
    assert_eq!(text(&printed.stdout), tidy);
    assert_eq!(printed.status.code(), Some(1));
    let different = zeroserve(&["fmt", "--diff", &name]);
    assert_eq!(
        text(&different.stdout),
        "  :80 {\n-   respond a\n+ \trespond a\n  }\n"
    );
    assert_eq!(different.status.code(), Some(1));
    let written = zeroserve(&["fmt", "--overwrite", "--config", &name]);
    assert_eq!(written.status.code(), Some(0));
    assert_eq!(fs::read_to_string(&file).expect("the file"), tidy);
    let mode = fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
    assert_eq!(zeroserve(&["fmt", &name]).status.code(), Some(0));
    assert_eq!(
        text(&with_input(&["fmt", "-"], ":80\n\n\n").stdout),
        ":80\n"
    );
    let broken = with_input(&["fmt", "-"], ":80 {\n\trespond \"a\n");
    assert_eq!(broken.status.code(), Some(1));
    assert_eq!(text(&broken.stdout), "");
    assert!(text(&broken.stderr).contains("error[ZS0001]"));
    assert_eq!(zeroserve(&["fmt", "/nothing"]).status.code(), Some(3));
}

#[test]
fn messages_have_the_format_that_was_asked_for() {
    let folder = Folder::new("messages");
    let file = folder.write("Caddyfile", ":80 {\n\trespnd a\n}\n");
    let name = file.to_string_lossy();
    let messages = |format: &str| {
        let output = zeroserve(&["validate", &name, "--message-format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}");
        text(&output.stderr)
    };
    assert!(messages("text").contains("help: did you mean `respond`?"));
    assert_eq!(
        messages("short"),
        format!("{name}:2:2: error[ZS0101]: unknown directive `respnd`\n")
    );
    assert_eq!(
        messages("github"),
        format!(
            "::error file={name},line=2,col=2,endLine=2,endColumn=8,title=ZS0101::\
             unknown directive `respnd`%0Ahelp: did you mean `respond`?\n"
        )
    );
    let json = messages("json");
    assert!(
        json.starts_with("{\"code\":\"ZS0101\",\"severity\":\"error\","),
        "{json}"
    );
    assert_eq!(json.lines().count(), 1);
}

#[test]
fn adapt_can_check_too() {
    let folder = Folder::new("adapt");
    // Understood, and nothing that can be built.
    let file = folder.write("Caddyfile", ":80 {\n\ttracing\n}\n");
    let name = file.to_string_lossy();
    assert_eq!(zeroserve(&["adapt", &name]).status.code(), Some(0));
    let checked = zeroserve(&["adapt", &name, "--validate"]);
    assert_eq!(checked.status.code(), Some(1));
    assert_eq!(text(&checked.stdout), "");
    assert!(text(&checked.stderr).contains("directive `tracing` is not supported yet"));
}

#[test]
fn passwords_are_hashed_as_caddy_reads_them() {
    let bcrypt = zeroserve(&["hash-password", "-p", "secret", "--bcrypt-cost", "4"]);
    let hash = text(&bcrypt.stdout);
    assert!(hash.starts_with("$2a$04$"), "{hash}");
    assert_eq!(bcrypt::verify("secret", hash.trim()).ok(), Some(true));
    let arguments = ["hash-password", "-a", "argon2id", "--argon2id-memory", "64"];
    let hash = text(&with_input(&arguments, "secret\n").stdout);
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    let verified = Argon2::default().verify_password(b"secret", hash.trim());
    assert!(verified.is_ok());
    assert!(!with_input(&["hash-password"], "\n").status.success());
    let long = "x".repeat(73);
    assert!(!zeroserve(&["hash-password", "-p", &long]).status.success());
}

#[test]
fn what_is_known_is_told() {
    let story = zeroserve(&["explain", "zs0101"]);
    assert!(text(&story.stdout).starts_with("ZS0101: a word is no directive\n"));
    assert_eq!(zeroserve(&["explain", "ZS9999"]).status.code(), Some(3));
    assert!(text(&zeroserve(&["explain"]).stdout).contains("\nZS0205  "));
    let modules = text(&zeroserve(&["list-modules"]).stdout);
    assert!(modules.contains("directive\trespond\tworks\n"), "{modules}");
    assert!(text(&zeroserve(&["version"]).stdout).starts_with("zeroserve "));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = zeroserve(&["completion", shell]);
        assert!(text(&script.stdout).contains("hash-password"), "{shell}");
    }
    let folder = Folder::new("manpage");
    let pages = folder.path("pages");
    let written = zeroserve(&["manpage", "-o", &pages.to_string_lossy()]);
    assert!(written.status.success());
    let page = fs::read_to_string(pages.join("zeroserve-build.8")).expect("a page");
    assert!(page.contains(".TH zeroserve-build 8"), "{page}");
}

#[test]
fn variables_that_are_not_set_are_named() {
    let folder = Folder::new("unset");
    let check = |command: &str, caddyfile: &str| {
        let file = folder.write("Caddyfile", caddyfile);
        let name = file.to_string_lossy();
        let arguments = [command, &*name, "--message-format", "short"];
        let output = zeroserve(&arguments);
        let place = format!("{name}:");
        let lines = text(&output.stderr).replace(&place, "");
        (output.status.code(), lines)
    };
    for empty in [
        ":80 {\n\treverse_proxy {$ZS_TEST_UNSET}\n}\n",
        ":80 {\n\treverse_proxy http://{$ZS_TEST_UNSET}\n}\n",
        ":80 {\n\trespond \"{$ZS_TEST_UNSET}{$ZS_TEST_NEITHER}\"\n}\n",
        ":80 {\n\t# {$ZS_TEST_COMMENT}\n\timport {$ZS_TEST_UNSET}\n}\n",
        ":80, {$ZS_TEST_UNSET}:8080 {\n}\n",
        "http://a.test:{$ZS_TEST_PORT:80}, :{$ZS_TEST_UNSET} {\n}\n",
    ] {
        let (code, lines) = check("validate", empty);
        assert_eq!(code, Some(1), "{empty}");
        let first = lines.lines().next().unwrap_or_default();
        assert!(
            first.contains("error[ZS0009]: `{$ZS_TEST_UNSET}` is not set"),
            "{empty}{lines}"
        );
        assert!(!lines.contains("COMMENT"), "{lines}");
    }
    let part = ":80 {\n\trespond \"a{$ZS_TEST_UNSET}\"\n}\n";
    let (code, lines) = check("validate", part);
    assert_eq!(code, Some(0));
    assert_eq!(
        lines,
        "2:12: warning[ZS0206]: `{$ZS_TEST_UNSET}` is not set, so that nothing is put in here\n"
    );
    // As Caddy's adapter, which puts nothing in.
    let nothing = ":80 {\n\trespond \"{$ZS_TEST_UNSET}\" 200\n}\n";
    assert_eq!(check("adapt", nothing), (Some(0), String::new()));
}

#[test]
fn lints_can_be_switched_off() {
    let folder = Folder::new("lints");
    let file = folder.write("Caddyfile", ":80 {\n\trespond /api* \"a\"\n}\n");
    let name = file.to_string_lossy();
    let warned = zeroserve(&["validate", &name]);
    assert!(text(&warned.stderr).contains("warning[ZS0305]"));
    let quiet = zeroserve(&["validate", &name, "--allow", "zs0305"]);
    assert_eq!(text(&quiet.stderr), "");
    assert!(quiet.status.success());
    // Only lints can.
    let refused = zeroserve(&["validate", &name, "--allow", "ZS0101"]);
    assert_eq!(refused.status.code(), Some(2));
    // What is printed as it was is not judged.
    assert_eq!(text(&zeroserve(&["adapt", &name]).stderr), "");
}

#[test]
fn graphs_show_what_runs_in_order() {
    let folder = Folder::new("graph");
    let caddyfile = "http://a.test {\n\trespond \"last <&>\"\n\theader X-A 1\n\t@api path /api/*\n\
                     \thandle @api {\n\t\tabort\n\t}\n\thandle_errors {\n\t\trespond \"e\"\n\t}\n}\n";
    let file = folder.write("Caddyfile", caddyfile);
    let picture = folder.path("routes.svg");
    let (name, output) = (file.to_string_lossy(), picture.to_string_lossy());
    let drawn = zeroserve(&["graph", &name, "-o", &output]);
    assert!(drawn.status.success(), "{}", text(&drawn.stderr));
    let svg = fs::read_to_string(&picture).expect("the picture");
    let mut at = 0;
    for part in [
        "<svg xmlns=\"http://www.w3.org/2000/svg\"",
        "srv0  HTTP on :80</text>",
        "host a.test",
        "headers  response (set=(X-A=1))",
        "path /api/*",
        "static_response  abort true",
        "static_response  body last &lt;&amp;&gt;",
        "class=\"error\"",
        "body e</text>",
        "</svg>",
    ] {
        let found = svg[at..].find(part);
        at += found.unwrap_or_else(|| panic!("{part} is missing or out of order in\n{svg}"));
    }
    assert!(svg.contains(&format!("{name}:6:3</title>")), "{svg}");
}

#[test]
fn json_is_built_as_the_caddyfile_is() {
    let folder = Folder::new("json");
    let caddyfile = ":8080 {\n\t@id path_regexp id ^/users/([0-9]+)$\n\trespond @id \"user {re.id.1}\"\n\
                     \trespond \"other\"\n}\n";
    let file = folder.write("Caddyfile", caddyfile);
    let name = file.to_string_lossy();
    let json = text(&zeroserve(&["adapt", &name]).stdout);
    let config = folder.write("config.json", &json);
    let config = config.to_string_lossy();
    assert_eq!(text(&zeroserve(&["adapt", &config]).stdout), json);
    let code = |name: &str| text(&zeroserve(&["build", "--emit=bpf", name]).stdout);
    // Lines are those of another file.
    let instructions = |listing: String| -> Vec<String> {
        let lines = listing.lines().map(str::trim);
        let kept = lines.filter(|line| !line.starts_with(".loc "));
        kept.map(str::to_owned).collect()
    };
    assert!(code(&name).contains("exit"));
    assert_eq!(instructions(code(&config)), instructions(code(&name)));
    let broken = folder.write("broken", "{\"apps\": {\"http\": {\"serves\": {}}}}");
    let broken = broken.to_string_lossy();
    let arguments = [
        "validate",
        &*broken,
        "--adapter=json",
        "--message-format=short",
    ];
    let refused = zeroserve(&arguments);
    assert_eq!(refused.status.code(), Some(1));
    let message = text(&refused.stderr);
    assert!(message.starts_with(&format!("{broken}:1:")), "{message}");
    assert!(message.contains("serves"), "{message}");
    assert_eq!(
        zeroserve(&["build", "--emit=tree", &config]).status.code(),
        Some(3)
    );
}

#[test]
fn placeholders_that_are_misspelt_are_named() {
    let folder = Folder::new("placeholders");
    let body = ":80 {\n\trespond \"{patth} {path} {elephant} {margin:0}\"\n}\n";
    let file = folder.write("Caddyfile", body);
    let name = file.to_string_lossy();
    let warned = zeroserve(&["validate", &name]);
    let messages = text(&warned.stderr);
    assert_eq!(messages.matches("warning[ZS0308]").count(), 1, "{messages}");
    assert!(messages.contains("did you mean `{path}`?"), "{messages}");
    let quiet = zeroserve(&["validate", &name, "--allow", "ZS0308"]);
    assert_eq!(text(&quiet.stderr), "");
}
