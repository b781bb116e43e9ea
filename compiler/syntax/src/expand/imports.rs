//! Replacing an `import` by what it names, with arguments and blocks put in.

use std::collections::BTreeMap;
use std::path::Path;

use zs_diagnostics::{Diagnostic, Span, codes};

use super::{Expander, Result, Stop};
use crate::arguments::fill;
use crate::glob::is_pattern;
use crate::import::{read, resolve};
use crate::lexer::lex_file;
use crate::limits::{IMPORT_DEPTH_MAX, TEXT_BYTES_MAX, TOKENS_MAX};
use crate::token::ImportSite;
use crate::{ImportId, Token};

/// What an import's block gives to `{block}` and `{blocks.name}`.
#[derive(Default)]
struct BlockArguments {
    all: Vec<Token>,
    by_name: BTreeMap<String, Vec<Token>>,
}

impl Expander<'_> {
    /// Replaces an import by what it names. `depth` is 0 outside blocks, where imported files may define snippets.
    pub(super) fn import(&mut self, depth: usize) -> Result<()> {
        let Some(keyword) = self.take() else {
            return Ok(());
        };
        let mut arguments = self.line_arguments();
        if arguments.is_empty() {
            let help = "name a snippet, a file, or a pattern such as `sites/*.caddy`";
            return self.fail_at(
                &keyword,
                codes::BAD_IMPORT,
                "`import` has no argument",
                help,
            );
        }
        let target = arguments.remove(0);
        self.check_closed(&target)?;
        let blocks = self.block_arguments()?;
        let id_of = |name: &str, expander: &mut Self| -> Result<ImportId> {
            expander.check_cycle(name, &keyword, &target)?;
            let span = keyword.span.to(target.span);
            Ok(expander.imports.add(ImportSite {
                span,
                parent: keyword.import,
                target: name.to_owned(),
            }))
        };
        let mut imported = Vec::new();
        if let Some(snippet) = self.snippets.get(&target.text) {
            let tokens = snippet.tokens.clone();
            let id = id_of(&format!("({})", target.text), self)?;
            self.fill_all(tokens, id, &arguments, &blocks, depth, &mut imported)?;
        } else {
            let paths = resolve(&target, self.sources, self.host).or_else(|diagnostic| {
                let diagnostic = self.imports.explain(target.import, diagnostic);
                self.fail(diagnostic)
            })?;
            if paths.is_empty() && is_pattern(&target.text) {
                let message = format!("no file matches `{}`", target.text);
                self.sink.report(Diagnostic::warning(
                    codes::EMPTY_IMPORT,
                    target.span,
                    message,
                ));
            }
            for path in paths {
                let id = id_of(&path.to_string_lossy(), self)?;
                let tokens = self.file_tokens(&path, &target)?;
                self.fill_all(tokens, id, &arguments, &blocks, depth, &mut imported)?;
            }
        }
        imported.reverse();
        self.pending.append(&mut imported);
        Ok(())
    }

    /// The words up to the end of the line or the `{`.
    fn line_arguments(&mut self) -> Vec<Token> {
        let mut arguments = Vec::new();
        while !self.at_line_start() && self.peek().is_some_and(|token| !token.opens()) {
            arguments.extend(self.take());
        }
        arguments
    }

    fn block_arguments(&mut self) -> Result<BlockArguments> {
        let Some(open) = self.peek().filter(|token| token.opens()).cloned() else {
            return Ok(BlockArguments::default());
        };
        if self.at_line_start() {
            return Ok(BlockArguments::default());
        }
        let all = self.block_tokens(&open)?;
        let mut by_name = BTreeMap::new();
        let mut at = 0;
        while let Some(name) = all.get(at) {
            if name.opens() {
                let help =
                    "put a name before the brace; the snippet gets the block as `{blocks.name}`";
                return self.fail_at(
                    name,
                    codes::BAD_IMPORT,
                    "a block in the block of an import has no name",
                    help,
                );
            }
            self.check_closed(name)?;
            let (tokens, next) = named_block(&all, at);
            by_name.insert(name.text.clone(), tokens);
            at = next;
        }
        Ok(BlockArguments { all, by_name })
    }

    /// Refuses to import what is being imported already.
    fn check_cycle(&mut self, name: &str, keyword: &Token, target: &Token) -> Result<()> {
        let around = self
            .imports
            .chain(keyword.import)
            .any(|site| site.target == name);
        if self.imports.chain(keyword.import).count() >= IMPORT_DEPTH_MAX {
            let message = format!("more than {IMPORT_DEPTH_MAX} imports lie within each other");
            return self.fail_at(
                target,
                codes::LIMIT_EXCEEDED,
                message,
                "import from fewer levels",
            );
        }
        if !around && name != self.sources.file(self.main).name {
            return Ok(());
        }
        let message = format!("`{}` is imported while it is being imported", target.text);
        self.fail_at(
            target,
            codes::BAD_IMPORT,
            message,
            "take one of the imports of the circle away",
        )
    }

    fn file_tokens(&mut self, path: &Path, target: &Token) -> Result<Vec<Token>> {
        let text = read(path, target, self.host).or_else(|diagnostic| {
            let diagnostic = self.imports.explain(target.import, diagnostic);
            self.fail(diagnostic)
        })?;
        if text.trim().is_empty() {
            let message = format!("the imported file `{}` is empty", path.display());
            self.sink.report(Diagnostic::warning(
                codes::EMPTY_IMPORT,
                target.span,
                message,
            ));
        }
        let file = self.sources.add(path.to_string_lossy(), text);
        let Some(lexed) = lex_file(self.sources, file, self.host, &mut self.open, self.sink) else {
            return Err(Stop);
        };
        self.unset.extend(lexed.unset);
        Ok(lexed.tokens)
    }

    /// Puts arguments and blocks into imported words, except inside snippets that an imported file defines.
    fn fill_all(
        &mut self,
        tokens: Vec<Token>,
        id: ImportId,
        arguments: &[Token],
        blocks: &BlockArguments,
        depth: usize,
        out: &mut Vec<Token>,
    ) -> Result<()> {
        let verbatim = if depth == 0 {
            snippet_bodies(&tokens)
        } else {
            vec![false; tokens.len()]
        };
        for (mut token, verbatim) in tokens.into_iter().zip(verbatim) {
            token.import = Some(id);
            let before = out.len();
            if verbatim {
                out.push(token);
            } else if token.text == "{block}" {
                out.extend_from_slice(&blocks.all);
            } else if let Some(name) = token
                .text
                .strip_prefix("{blocks.")
                .and_then(|text| text.strip_suffix('}'))
            {
                out.extend(blocks.by_name.get(name).into_iter().flatten().cloned());
            } else {
                out.extend(fill(token, arguments, &mut |diagnostic| {
                    self.sink.report(diagnostic)
                }));
            }
            self.tokens += out.len() - before;
            self.text_bytes += out[before..]
                .iter()
                .map(|token| token.text.len())
                .sum::<usize>();
            if self.tokens > TOKENS_MAX || self.text_bytes > TEXT_BYTES_MAX {
                let span = self
                    .imports
                    .chain(Some(id))
                    .next()
                    .map_or_else(Span::default, |site| site.span);
                let message = format!(
                    "imports make the configuration longer than {TOKENS_MAX} words or {TEXT_BYTES_MAX} bytes"
                );
                return self.fail(Diagnostic::error(codes::LIMIT_EXCEEDED, span, message));
            }
        }
        Ok(())
    }
}

/// The words of one named entry in an import's block: the rest of its line and what lies between its braces, if any.
/// Says too where the next entry starts.
fn named_block(all: &[Token], name: usize) -> (Vec<Token>, usize) {
    let mut tokens = Vec::new();
    let mut at = name + 1;
    while at < all.len() && !all[at].starts_line_after(&all[at - 1]) && !all[at].opens() {
        tokens.push(all[at].clone());
        at += 1;
    }
    if at < all.len() && all[at].opens() && !all[at].starts_line_after(&all[at - 1]) {
        let mut depth = 1;
        at += 1;
        while at < all.len() {
            depth += usize::from(all[at].opens());
            depth -= usize::from(all[at].closes());
            at += 1;
            if depth == 0 {
                break;
            }
            tokens.push(all[at - 1].clone());
        }
    }
    (tokens, at)
}

/// For each word whether it lies in the body of a snippet definition: `(name) {` at the start of a line, outside blocks.
fn snippet_bodies(tokens: &[Token]) -> Vec<bool> {
    let mut bodies = vec![false; tokens.len()];
    let mut depth = 0usize;
    let mut inside = false;
    for at in 0..tokens.len() {
        let token = &tokens[at];
        let line_start = |at: usize| at == 0 || tokens[at].starts_line_after(&tokens[at - 1]);
        if token.opens() {
            let name = at
                .checked_sub(1)
                .filter(|name| !line_start(at) && line_start(*name))
                .map(|name| &tokens[name].text);
            inside |= depth == 0
                && name.is_some_and(|name| {
                    name.len() >= 3 && name.starts_with('(') && name.ends_with(')')
                });
            depth += 1;
        } else if token.closes() {
            depth = depth.saturating_sub(1);
            inside &= depth > 0;
        }
        bodies[at] = inside;
    }
    bodies
}
