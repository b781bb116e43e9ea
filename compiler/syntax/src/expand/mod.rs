//! Snippets and imports: from the words of one file to the words of all, with the block structure made plain.
//!
//! An import is replaced by what it names as soon as it is met, so imported words are looked at like written ones. Words
//! wait on a stack, the next one on top. Whatever is wrong with braces, addresses and imports is said here, where the
//! neighbours of a word are known; the grammar then finds nothing to complain about.

mod imports;

use std::collections::BTreeMap;

use zs_diagnostics::{Code, Diagnostic, FileId, Sink, SourceMap, Span, codes};
use zs_open::OpenValues;

use crate::lexer::lex_file;
use crate::limits::BLOCK_DEPTH_MAX;
use crate::substitute::UnsetVariable;
use crate::terminal::Terminal;
use crate::{Host, Imports, Token};

/// The words of a file and of everything that it imports.
#[derive(Debug)]
pub(crate) struct Expanded {
    pub(crate) terminals: Vec<Terminal>,
    pub(crate) imports: Imports,
    pub(crate) open: OpenValues,
}

/// Expands a file. Errors go to the sink; none is returned then.
pub(crate) fn expand(
    sources: &mut SourceMap,
    file: FileId,
    host: &dyn Host,
    sink: &mut Sink,
) -> Option<Expanded> {
    let mut open = OpenValues::default();
    let Some(lexed) = lex_file(sources, file, host, &mut open, sink) else {
        zs_open::explain(&open, sources, sink);
        return None;
    };
    let mut pending = lexed.tokens;
    pending.reverse();
    let mut expander = Expander {
        sources,
        host,
        sink,
        snippets: BTreeMap::new(),
        imports: Imports::default(),
        unset: lexed.unset,
        open,
        main: file,
        pending,
        previous: None,
        terminals: Vec::new(),
        tokens: 0,
        text_bytes: 0,
    };
    match expander.file() {
        Ok(()) => Some(Expanded {
            terminals: expander.terminals,
            imports: expander.imports,
            open: expander.open,
        }),
        Err(Stop) => {
            // Nobody else has seen the values by then.
            zs_open::explain(&expander.open, expander.sources, expander.sink);
            None
        }
    }
}

/// An error was reported after which going on makes no sense.
struct Stop;

type Result<T> = std::result::Result<T, Stop>;

struct Snippet {
    tokens: Vec<Token>,
    name: Span,
}

struct Expander<'a> {
    sources: &'a mut SourceMap,
    host: &'a dyn Host,
    sink: &'a mut Sink,
    snippets: BTreeMap<String, Snippet>,
    imports: Imports,
    unset: Vec<UnsetVariable>,
    open: OpenValues,
    main: FileId,
    /// Words to come, the next one last.
    pending: Vec<Token>,
    /// The word taken last.
    previous: Option<Token>,
    terminals: Vec<Terminal>,
    /// Words imported so far.
    tokens: usize,
    text_bytes: usize,
}

impl Expander<'_> {
    fn fail<T>(&mut self, diagnostic: Diagnostic) -> Result<T> {
        self.sink.report(diagnostic);
        Err(Stop)
    }

    /// Reports an error about a word, with the imports that brought it here.
    fn fail_at<T>(
        &mut self,
        token: &Token,
        code: Code,
        message: impl Into<String>,
        help: &str,
    ) -> Result<T> {
        let diagnostic = Diagnostic::error(code, token.span, message).help(help);
        let diagnostic = self.imports.explain(token.import, diagnostic);
        self.fail(diagnostic)
    }

    /// Refuses a variable that is left open in a word that says how the file is put together.
    fn check_closed(&mut self, token: &Token) -> Result<()> {
        if !zs_open::is_open(&token.text) {
            return Ok(());
        }
        let help = "write the name";
        self.fail_at(
            token,
            codes::BAD_IMPORT,
            format!("`{}` is the name of what is imported", token.text),
            help,
        )
    }

    fn peek(&self) -> Option<&Token> {
        self.pending.last()
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.pending.pop()?;
        self.previous = Some(token.clone());
        Some(token)
    }

    /// Whether the next word starts a line; the end of the text does too.
    fn at_line_start(&self) -> bool {
        match (&self.previous, self.peek()) {
            (Some(previous), Some(next)) => next.starts_line_after(previous),
            _ => true,
        }
    }

    fn file(&mut self) -> Result<()> {
        while self.peek().is_some() {
            self.block()?;
        }
        Ok(())
    }

    /// One site, snippet or options block.
    fn block(&mut self) -> Result<()> {
        let keys = self.addresses()?;
        let opens = self.peek().is_some_and(Token::opens);
        if let [key] = keys.as_slice()
            && let Some(name) = key
                .text
                .strip_prefix('(')
                .and_then(|text| text.strip_suffix(')'))
        {
            let name = name.to_owned();
            self.check_closed(key)?;
            return self.snippet(&name, key.clone());
        }
        if keys.is_empty() && !opens {
            return Ok(());
        }
        self.terminals.extend(keys.into_iter().map(Terminal::Word));
        if opens && let Some(open) = self.take() {
            self.check_unset_address(&open)?;
            self.terminals.push(Terminal::Open(open.clone()));
            self.contents(Some(&open))
        } else {
            self.terminals.push(Terminal::Braceless);
            self.contents(None)
        }
    }

    /// A top-level `{` right behind a variable that left nothing is a site whose address is missing, which would otherwise
    /// be taken for global options.
    fn check_unset_address(&mut self, open: &Token) -> Result<()> {
        if self
            .terminals
            .last()
            .is_some_and(|terminal| matches!(terminal, Terminal::Word(_)))
        {
            return Ok(());
        }
        let text = &self.sources.file(open.span.file).text;
        let before = |unset: &&UnsetVariable| {
            unset.span.file == open.span.file
                && unset.span.end <= open.span.start
                && text
                    .get(unset.span.end as usize..open.span.start as usize)
                    .is_some_and(|gap| {
                        gap.chars()
                            .all(|character| character.is_whitespace() && character != '\n')
                    })
        };
        let Some(unset) = self.unset.iter().find(before) else {
            return Ok(());
        };
        let message = format!(
            "the environment variable `{}` is not set, so this site has no address",
            unset.name
        );
        let help = format!(
            "set it for the build, or give a default: `{{${}:localhost}}`",
            unset.name
        );
        let diagnostic =
            Diagnostic::error(codes::EMPTY_ENVIRONMENT, unset.span, message).help(help);
        self.fail(diagnostic)
    }

    /// The addresses of a block, without commas. Stops before the `{`, at a line's end, or at the end of the text.
    fn addresses(&mut self) -> Result<Vec<Token>> {
        let mut keys = Vec::new();
        let mut comma: Option<Token> = None;
        while let Some(token) = self.peek().cloned() {
            if token.is_bare("import") && self.at_line_start() {
                self.import(0)?;
                continue;
            }
            if token.opens() {
                if let Some(comma) = comma {
                    return self.fail_at(
                        &comma,
                        codes::BAD_ADDRESS,
                        "an address is missing after the comma",
                        "remove the comma",
                    );
                }
                break;
            }
            self.check_address(&token)?;
            self.take();
            let address = token.text.strip_suffix(',');
            comma = address
                .map(|_| token.clone())
                .or(comma.filter(|_| token.text.is_empty()));
            let text = address.unwrap_or(&token.text).to_owned();
            if text.contains(',') {
                let help = "put a space after each comma";
                return self.fail_at(
                    &token,
                    codes::BAD_ADDRESS,
                    format!("`{text}` is not one address"),
                    help,
                );
            }
            if !text.is_empty() {
                keys.push(Token { text, ..token });
            }
            if comma.is_none() && self.at_line_start() {
                break;
            }
        }
        match comma {
            Some(comma) if self.peek().is_none() => self.fail_at(
                &comma,
                codes::BAD_ADDRESS,
                "an address is missing after the comma",
                "remove the comma",
            ),
            _ => Ok(keys),
        }
    }

    fn check_address(&mut self, token: &Token) -> Result<()> {
        let text = &token.text;
        if text.starts_with('@') {
            let help = "define matchers inside the site block that uses them";
            return self.fail_at(
                token,
                codes::OUTSIDE_SITE,
                format!("matcher `{text}` stands outside a site block"),
                help,
            );
        }
        if token.closes() {
            let help = "remove it, or look for a block that closes too early";
            return self.fail_at(token, codes::BAD_BRACES, "this `}` closes nothing", help);
        }
        if text.ends_with('{') && !token.is_quoted() {
            let help = "put a space before the brace";
            return self.fail_at(
                token,
                codes::BAD_BRACES,
                format!("the address `{text}` ends in a brace"),
                help,
            );
        }
        Ok(())
    }

    /// Keeps the words of a snippet for later. Nothing in it is looked at before it is imported.
    fn snippet(&mut self, name: &str, key: Token) -> Result<()> {
        if let Some(earlier) = self.snippets.get(name) {
            let diagnostic = Diagnostic::error(
                codes::BAD_SNIPPET,
                key.span,
                format!("snippet `({name})` is defined twice"),
            );
            let diagnostic = diagnostic
                .secondary(earlier.name, "defined here first")
                .help("give one of them another name");
            return self.fail(diagnostic);
        }
        let open = match self.peek() {
            Some(open) if open.opens() => open.clone(),
            _ => {
                let help = format!("write `({name}) {{`, the lines of the snippet, and `}}`");
                return self.fail_at(
                    &key,
                    codes::BAD_SNIPPET,
                    format!("snippet `({name})` has no block"),
                    &help,
                );
            }
        };
        let tokens = self.block_tokens(&open)?;
        self.snippets.insert(
            name.to_owned(),
            Snippet {
                tokens,
                name: key.span,
            },
        );
        Ok(())
    }

    /// Takes a whole block and returns the words between its braces.
    fn block_tokens(&mut self, open: &Token) -> Result<Vec<Token>> {
        self.take();
        let mut tokens = Vec::new();
        let mut depth = 1;
        while let Some(token) = self.take() {
            depth += usize::from(token.opens());
            depth -= usize::from(token.closes());
            if depth == 0 {
                return Ok(tokens);
            }
            tokens.push(token);
        }
        self.unclosed(open)
    }

    fn unclosed<T>(&mut self, open: &Token) -> Result<T> {
        let diagnostic =
            Diagnostic::error(codes::BAD_BRACES, open.span, "this block is not closed");
        let diagnostic = diagnostic
            .label("opened here")
            .help("add a `}` on a line of its own");
        let diagnostic = self.imports.explain(open.import, diagnostic);
        self.fail(diagnostic)
    }

    /// The lines of a site, up to its closing brace or, without braces, to the end of the text.
    fn contents(&mut self, open: Option<&Token>) -> Result<()> {
        while let Some(token) = self.peek().cloned() {
            if token.closes() {
                let Some(_) = open else {
                    return self.check_address(&token);
                };
                self.take();
                self.terminals.push(Terminal::Close(token));
                return Ok(());
            }
            if token.is_bare("import") {
                self.import(1)?;
                continue;
            }
            self.directive()?;
        }
        match open {
            Some(open) => self.unclosed(open),
            None => Ok(()),
        }
    }

    /// One line of a site with the block that it opens.
    fn directive(&mut self) -> Result<()> {
        let mut opened: Vec<Token> = Vec::new();
        let mut words = 0;
        while let Some(token) = self.peek().cloned() {
            // The first word is where the line starts, whatever came before it.
            let starts_line = words > 0 && self.at_line_start();
            if starts_line && self.line_is_open() {
                self.terminals.push(Terminal::End);
            }
            if opened.is_empty() && words > 0 && (starts_line || self.line_is_closed()) {
                if !starts_line {
                    return self.misplaced_after_close(&token);
                }
                return Ok(());
            }
            if starts_line && token.is_bare("import") {
                self.import(1)?;
                // What was imported starts lines of its own, and so does what follows.
                continue;
            }
            self.take();
            words += 1;
            self.place(token, starts_line || words == 1, &mut opened)?;
        }
        if self.line_is_open() {
            self.terminals.push(Terminal::End);
        }
        match opened.last().cloned() {
            Some(open) => self.unclosed(&open),
            None => Ok(()),
        }
    }

    /// Hands a word of a directive to the grammar, when it may stand where it stands.
    fn place(&mut self, token: Token, starts_line: bool, opened: &mut Vec<Token>) -> Result<()> {
        if token.opens() {
            self.check_open(&token, starts_line, opened.len())?;
            opened.push(token.clone());
            self.terminals.push(Terminal::Open(token));
        } else if token.closes() {
            if self.line_is_open() || opened.pop().is_none() {
                let message = "`}` stands behind other words on its line";
                return self.fail_at(
                    &token,
                    codes::BAD_BRACES,
                    message,
                    "put it on a line of its own",
                );
            }
            self.terminals.push(Terminal::Close(token));
        } else if token.is_bare("{}") && self.at_line_start() {
            let help = "leave out an empty block, or put the braces on lines of their own";
            return self.fail_at(&token, codes::BAD_BRACES, "`{}` is not a block", help);
        } else if !starts_line && self.line_is_closed() {
            return self.misplaced_after_close(&token);
        } else {
            if starts_line && self.at_line_start() {
                self.check_glued_brace(&token)?;
            }
            self.terminals.push(Terminal::Word(token));
        }
        Ok(())
    }

    /// Whether a segment's line has words and no end yet.
    fn line_is_open(&self) -> bool {
        matches!(self.terminals.last(), Some(Terminal::Word(_)))
    }

    fn line_is_closed(&self) -> bool {
        matches!(self.terminals.last(), Some(Terminal::Close(_)))
    }

    fn misplaced_after_close<T>(&mut self, token: &Token) -> Result<T> {
        let message = format!("`{}` stands behind a `}}` on its line", token.text);
        self.fail_at(
            token,
            codes::BAD_BRACES,
            message,
            "start a new line after `}`",
        )
    }

    /// A line of one word that ends in a brace: the space before it is missing. No directive has such a name.
    fn check_glued_brace(&mut self, token: &Token) -> Result<()> {
        if token.is_quoted() || !token.text.ends_with('{') {
            return Ok(());
        }
        let message = format!("`{}` ends in a brace", token.text);
        self.fail_at(
            token,
            codes::BAD_BRACES,
            message,
            "put a space before the brace",
        )
    }

    fn check_open(&mut self, token: &Token, starts_line: bool, depth: usize) -> Result<()> {
        if depth >= BLOCK_DEPTH_MAX {
            let message = format!("more than {BLOCK_DEPTH_MAX} blocks lie within each other");
            return self.fail_at(
                token,
                codes::LIMIT_EXCEEDED,
                message,
                "use snippets, or fewer levels",
            );
        }
        if starts_line {
            let help = "put it at the end of the line before, after a space";
            return self.fail_at(token, codes::BAD_BRACES, "`{` starts a line", help);
        }
        if !self.at_line_start()
            && let Some(next) = self.peek().cloned()
        {
            let help = "start a new line after `{`, or quote the brace if it is meant as text";
            let message = format!("`{}` stands behind a `{{` on its line", next.text);
            return self.fail_at(&next, codes::BAD_BRACES, message, help);
        }
        Ok(())
    }
}
